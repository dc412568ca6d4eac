"""The split of records into training and validation: seeded, and no record stands on both sides.

Records of the same content move together. The draw rests on `Random.random`, the one sequence that Python keeps
between its versions. Knows nothing about files or tokens.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from phi_core.data.records import Record, content_hash
from phi_core.errors import DataError

Group = list[int]
"""Positions of records with the same content."""


@dataclass(frozen=True)
class Split:
    """Both sides in the order of the records that were split."""

    train: tuple[Record, ...]
    validation: tuple[Record, ...]


def split(records: Sequence[Record], *, validation_fraction: float, seed: int) -> Split:
    """`validation_fraction` of the records, rounded, for validation: none for 0, else at least one, never all.

    Identical records may make it less exact. DataError if the records cannot stand on two sides.
    """
    if validation_fraction == 0:
        return Split(tuple(records), ())
    groups = _groups(records)
    if len(groups) < 2:
        raise _too_few(len(records))
    wanted = min(max(1, round(validation_fraction * len(records))), len(records) - 1)
    held_out = _held_out(_shuffled(groups, seed), wanted)
    train = tuple(record for position, record in enumerate(records) if position not in held_out)
    return Split(train, tuple(records[position] for position in sorted(held_out)))


def _groups(records: Sequence[Record]) -> list[Group]:
    groups: defaultdict[str, Group] = defaultdict(list)
    for position, record in enumerate(records):
        groups[content_hash(record)].append(position)
    return list(groups.values())


def _shuffled(groups: list[Group], seed: int) -> list[Group]:
    random = Random(seed)
    drawn = [random.random() for _ in groups]
    return [groups[index] for index in sorted(range(len(groups)), key=drawn.__getitem__)]


def _held_out(groups: list[Group], wanted: int) -> set[int]:
    """Groups in their order as long as they fit into `wanted` records; the smallest one if none fits."""
    held_out: set[int] = set()
    for group in groups:
        if len(held_out) + len(group) <= wanted:
            held_out.update(group)
    smallest = min(groups, key=len)
    return held_out or set(smallest)


def _too_few(count: int) -> DataError:
    found = f"{count} record{'' if count == 1 else 's'}" + (" of the same content" if count > 1 else "")
    return DataError(
        f"a validation split needs at least 2 different records, got {found}",
        remedy="Set validation_fraction to 0, or name a validation_path",
    )
