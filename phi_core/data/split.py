"""The split into training, validation and test: positions in, positions out; seeded, and nothing stands on two sides.

Positions with the same key (content hash) or the same group are one unit and move together. Every source gives its
share. The draw rests on `Random.random`, the one sequence that Python keeps between its versions. Knows nothing about
files or tokens.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from math import isqrt
from random import Random
from typing import Literal

from phi_core.data.units import Positions, units
from phi_core.errors import DataError

Share = float | int | Literal["golden"]

_TRAIN, _VALIDATION, _TEST = range(3)
_SIDES = {_TRAIN: "training", _VALIDATION: "validation", _TEST: "test"}
_HEAPS = 64
_REMEDY = "Set validation_fraction to 0, or name a validation_path"


@dataclass(frozen=True)
class Split:
    """Each side ascending; together all positions."""

    train: Positions
    validation: Positions
    test: Positions


def split(
    keys: Sequence[bytes],
    *,
    sources: Sequence[int],
    groups: Sequence[bytes] | None = None,
    validation: Share,
    test: float | int = 0,
    seed: int,
) -> Split:
    """Positions of `keys` on three sides. DataError if they cannot stand on the sides that are asked for.

    `validation` and `test` are a share of all (a float; rounded, at least one, never all) or a number (an int); 0 is
    none. Test is drawn first. "golden" leaves ⌊n/φ⌋ of what is not test for training. A unit of several sources
    counts for that of its first position. If no order of the units drawn fits exactly, a side is smaller than asked
    for; if even the smallest unit does not fit, it is taken.
    """
    wanted = _numbers(len(keys), validation, test)
    draw = _Draw(units(keys, groups), sources, seed)
    if draw.num_free < 1 + len(wanted) > 1:
        raise _too_few(len(keys), draw.num_free, wanted)
    for others, (side, number) in zip(range(len(wanted), 0, -1), wanted.items(), strict=True):
        draw.hold_out(side, number, units_left=others)
    return draw.split()


def golden_train(count: int) -> int:
    """⌊count / φ⌋, exactly."""
    return (isqrt(5 * count * count) - count) // 2


class _Draw:
    """Units in a seeded order, and the side of each. They lie in heaps by their draw, so that no more is sorted than
    is needed."""

    def __init__(self, unit_of: Positions, sources: Sequence[int], seed: int) -> None:
        self._unit_of = unit_of
        self._sources = sources
        self._sizes = array("I", bytes(4 * len(unit_of)))
        for unit in unit_of:
            self._sizes[unit] += 1
        self._sides = bytearray(len(unit_of))
        self._draws = array("d", bytes(8 * len(unit_of)))
        self._heaps = [array("I") for _ in range(_HEAPS)]
        random = Random(seed).random
        for unit, size in enumerate(self._sizes):
            if size:
                drawn = self._draws[unit] = random()
                self._heaps[int(drawn * _HEAPS)].append(unit)
        self.num_free = sum(map(len, self._heaps))
        """Units of no side yet: they will train."""

    def hold_out(self, side: int, wanted: int, *, units_left: int) -> None:
        """Up to `wanted` positions to `side`, of each source its share; at least one unit, at least so many left."""
        rooms = _portions(wanted, self._free_positions())
        self._fill(side, rooms, self._sources, units_left)
        self._fill(side, [sum(rooms)], bytes(len(self._sides)), units_left)
        if side not in self._sides:
            self._give(min(self._free(), key=self._sizes.__getitem__), side)

    def split(self) -> Split:
        sides = bytearray(map(self._sides.__getitem__, self._unit_of))
        return Split(*(_positions_on(sides, side) for side in (_TRAIN, _VALIDATION, _TEST)))

    def _fill(self, side: int, rooms: list[int], places: Sequence[int], units_left: int) -> None:
        """Units in their order, each if it fits into the room that is left at its place."""
        left = sum(rooms)
        for unit in self._free() if left else ():
            size, place = self._sizes[unit], places[unit]
            if size <= rooms[place] and self.num_free > units_left:
                rooms[place] -= size
                left -= size
                self._give(unit, side)
                if not left:
                    break

    def _give(self, unit: int, side: int) -> None:
        self._sides[unit] = side
        self.num_free -= 1

    def _free(self) -> Iterator[int]:
        """Units of no side yet, as drawn."""
        for heap in self._heaps:
            for unit in sorted(heap, key=self._draws.__getitem__):
                if self._sides[unit] == _TRAIN:
                    yield unit

    def _free_positions(self) -> list[int]:
        """How many each source has."""
        counts = [0] * (max(self._sources, default=0) + 1)
        for unit, size in enumerate(self._sizes):
            if size and self._sides[unit] == _TRAIN:
                counts[self._sources[unit]] += size
        return counts


def _positions_on(sides: bytearray, side: int) -> Positions:
    is_there = sides.translate(bytes(number == side for number in range(256)))
    return array("I", compress(range(len(sides)), is_there))


def _portions(wanted: int, counts: Sequence[int]) -> list[int]:
    """`wanted` in proportion to `counts` by largest remainder; nothing is used up as long as others have some."""
    total = max(1, sum(counts))
    portions = [wanted * count // total for count in counts]
    by_rest = sorted(range(len(counts)), key=lambda place: -(wanted * counts[place] % total))
    while missing := min(wanted, total) - sum(portions):
        roomy = [place for place in by_rest if portions[place] + 1 < counts[place]]
        for place in (roomy or [place for place in by_rest if portions[place] < counts[place]])[:missing]:
            portions[place] += 1
    return portions


def _numbers(count: int, validation: Share, test: float | int) -> dict[int, int]:
    """How many positions each side has that is held out, in the order of the draw."""
    _require_sense(count, validation, test)
    num_sides = 1 + bool(validation) + bool(test)
    for_test = _number(test, count, at_most=count - num_sides + 1) if test else 0
    rest = count - for_test
    if validation == "golden":
        for_validation = max(1, rest - golden_train(rest))
    else:
        for_validation = _number(validation, count, at_most=rest - 1) if validation else 0
    return {side: number for side, number in ((_TEST, for_test), (_VALIDATION, for_validation)) if number}


def _number(share: float | int, count: int, *, at_most: int) -> int:
    return max(1, min(share if isinstance(share, int) else round(share * count), at_most))


def _require_sense(count: int, validation: Share, test: float | int) -> None:
    shares = [share for share in (validation, test) if not isinstance(share, str)]
    if any(not 0 <= share < float("inf") for share in shares):
        raise DataError(f"validation {validation} and test {test} must be shares or numbers from 0")
    numbers = [share if isinstance(share, int) else share * count for share in shares]
    if any(isinstance(share, float) and share >= 1 for share in shares) or (
        any(numbers) and sum(numbers) >= count > 1
    ):
        what = f"validation {validation} and test {test} leave nothing of {_counted(count)} to train on"
        raise DataError(what, remedy="Hold out less")


def _too_few(count: int, num_different: int, wanted: dict[int, int]) -> DataError:
    sides = (
        "a validation and a test split need"
        if len(wanted) == 2
        else f"a {_SIDES[next(iter(wanted))]} split needs"
    )
    found = _counted(count)
    if count > num_different:
        found += (
            " of the same content or group" if num_different == 1 else f", {num_different} of them different"
        )
    return DataError(f"{sides} at least {len(wanted) + 1} different records, got {found}", remedy=_REMEDY)


def _counted(count: int) -> str:
    return f"{count} record{'' if count == 1 else 's'}"
