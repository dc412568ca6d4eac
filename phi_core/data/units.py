"""Units: which positions of a sequence belong together because their keys or their groups are equal.

A unit is named by its first position, so equal inputs have equal units in every process.
"""

from array import array
from collections.abc import Sequence
from typing import TypeAlias

Positions: TypeAlias = "array[int]"
"""Of type "I", from 0."""

_AT_ONCE = 500_000


def units(keys: Sequence[bytes], groups: Sequence[bytes] | None = None) -> Positions:
    """The unit of each position. Positions of one key are one unit, so are those of one group; b"" is no group."""
    above = array("I", range(len(keys)))
    _join_equals(above, keys)
    if groups is not None:
        _join_equals(above, groups)
    for position in range(len(above)):  # whatever stands above is smaller, and so already a unit's first
        above[position] = above[above[position]]
    return above


def _join_equals(above: Positions, values: Sequence[bytes]) -> None:
    """Part by part, so that the table of values seen stays small; `values` may make them on demand."""
    num_parts = 1 + len(values) // _AT_ONCE
    parts = [array("I") for _ in range(num_parts)]
    for position, value in enumerate(values):
        if value:
            parts[hash(value) % num_parts].append(position)
    for part in parts:
        first: dict[bytes, int] = {}
        for position in part:
            earlier = first.setdefault(values[position], position)
            if earlier != position:
                _join(above, earlier, position)


def _join(above: Positions, one: int, other: int) -> None:
    """The smaller first position becomes that of both: union–find, with paths halved on the way."""
    one, other = _first(above, one), _first(above, other)
    above[max(one, other)] = min(one, other)


def _first(above: Positions, position: int) -> int:
    while above[position] != position:
        above[position] = position = above[above[position]]
    return position
