"""A split as files: train.jsonl, validation.jsonl and test.jsonl in a folder that is itself a source.

The sources are read twice: first as records, of which hashes are kept; then their rows are copied as they are, one in
memory at a time. Some sixty bytes a record are held.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from phi_core.data.fault_list import faulty_dataset
from phi_core.data.keys import Keys, group_key, record_key
from phi_core.data.new_file import new_file, require_new
from phi_core.data.reading import read_records
from phi_core.data.records import Fault, Reading, Record, RecordFault, shown
from phi_core.data.row_text import json_line
from phi_core.data.sources.kinds import read_rows
from phi_core.data.sources.part import OnBytes, Part, Row, Source
from phi_core.data.split import Share, Split, split
from phi_core.data.watch import OnProgress, Watch
from phi_core.errors import DataError, Problem

SIDES = ("train", "validation", "test")
FAULT_LIMIT = 20

_READ_AS_SIDES = ("train", "val", "dev")


@dataclass(frozen=True)
class SplitWish:
    """How records are split; see `split.split`. `skips_faults` leaves faulty rows out instead of refusing them."""

    validation: Share
    test: float | int
    seed: int
    skips_faults: bool = False


@dataclass(frozen=True)
class WrittenSplit:
    """`counts` has the records of each source on each side. `removed` names files of an earlier split."""

    folder: Path
    counts: Mapping[str, tuple[int, int, int]]
    num_skipped: int
    removed: tuple[str, ...]

    def total(self, side: int) -> int:
        return sum(counts[side] for counts in self.counts.values())


def write_split(
    sources: Sequence[Source],
    folder: Path,
    reading: Reading,
    wish: SplitWish,
    *,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> WrittenSplit:
    """Split the records of all sources, each giving its share to each side. DataError if they or the folder are not
    right; then nothing is written. `on_progress` is told of both readings, the second of which counts its own records."""
    _require_room(sources, folder, overwrite=overwrite)
    found = _found(sources, reading, Watch(on_progress))
    _require_good(found, sources, wish)
    sides = split(
        Keys(found.hashes),
        sources=found.sources,
        groups=Keys(found.groups) if reading.group_by else None,
        validation=wish.validation,
        test=wish.test,
        seed=wish.seed,
    )
    num_bytes = sum(part.num_bytes for source in sources for part in source.parts)
    counts = _copy(sources, folder, found, sides, Watch(on_progress, bytes_before=num_bytes))
    left = [folder / f"{side}.jsonl" for side, taken in zip(SIDES, _taken(sides), strict=True) if not taken]
    removed = tuple(path.name for path in left if path.exists())
    for path in left:
        path.unlink(missing_ok=True)
    return WrittenSplit(folder, counts, found.num_faults, removed)


@dataclass
class _Found:
    """What is kept of every row: whether it is a record, and of records the hash, group, source and line."""

    is_good: bytearray = field(default_factory=bytearray)
    hashes: bytearray = field(default_factory=bytearray)
    groups: bytearray = field(default_factory=bytearray)
    sources: "array[int]" = field(default_factory=lambda: array("I"))
    lines: "array[int]" = field(default_factory=lambda: array("Q"))
    faults: list[Problem] = field(default_factory=list)
    num_faults: int = 0

    def add(self, item: Record | Fault, source: int, *, by_group: bool) -> None:
        self.is_good.append(isinstance(item, Record))
        if isinstance(item, Fault):
            self.num_faults += 1
            if len(self.faults) < FAULT_LIMIT:
                self.faults.append(item.problem)
            return
        self.hashes += record_key(item)
        self.sources.append(source)
        self.lines.append(item.line)
        if by_group:
            self.groups += group_key(item.group)


def _found(sources: Sequence[Source], reading: Reading, watch: Watch) -> _Found:
    found = _Found()
    for place, source in enumerate(sources):
        for item in watch.reading(partial(_records, source, reading)):
            found.add(item, place, by_group=reading.group_by is not None)
    return found


def _records(source: Source, reading: Reading, on_bytes: OnBytes | None) -> Iterator[Record | Fault]:
    return read_records(source.parts, reading, on_bytes=on_bytes)


def _copy(
    sources: Sequence[Source], folder: Path, found: _Found, sides: Split, watch: Watch
) -> Mapping[str, tuple[int, int, int]]:
    side_of = bytearray(len(found.lines))
    for side, positions in enumerate(_taken(sides)):
        for position in positions:
            side_of[position] = side
    counts = {source.label: [0] * len(SIDES) for source in sources}
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        files = _opened(folder, sides, stack)
        for position, (source, part, number, row) in enumerate(_good_rows(sources, found, watch)):
            side = side_of[position]
            files[side].write(json_line(row, part, number))
            counts[source.label][side] += 1
    return {label: (train, validation, test) for label, (train, validation, test) in counts.items()}


def _opened(folder: Path, sides: Split, stack: ExitStack) -> dict[int, TextIO]:
    """A new file for each side that has records."""
    return {
        number: stack.enter_context(new_file(folder / f"{side}.jsonl"))
        for number, (side, taken) in enumerate(zip(SIDES, _taken(sides), strict=True))
        if taken
    }


def _good_rows(
    sources: Sequence[Source], found: _Found, watch: Watch
) -> Iterator[tuple[Source, Part, int, dict[str, Any]]]:
    """The rows that were records, in the same order. DataError unless they stand where they stood."""
    rows = (
        (source, part, row)
        for source in sources
        for part in source.parts
        for row in watch.reading(partial(_rows, part))
    )
    flags, lines = iter(found.is_good), iter(found.lines)
    for source, part, (number, row) in rows:
        is_good = next(flags, None)
        if is_good is None or (is_good and (isinstance(row, RecordFault) or number != next(lines))):
            raise _changed(part)
        if is_good and not isinstance(row, RecordFault):
            yield source, part, number, row
    if next(flags, None) is not None:
        raise _changed(sources[-1].parts[-1])


def _rows(part: Part, on_bytes: OnBytes | None) -> Iterator[Row]:
    return read_rows(part, on_bytes=on_bytes)


def _taken(sides: Split) -> "tuple[array[int], array[int], array[int]]":
    return sides.train, sides.validation, sides.test


def _require_room(sources: Sequence[Source], folder: Path, *, overwrite: bool) -> None:
    for source in sources:
        if source.validation:
            what = f"source {source.label} has validation records of its own: {source.validation[0].name}"
            raise DataError(what, remedy="Name its files one by one")
    name = shown(str(folder), 300)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{name} is no folder", remedy="Name a folder with --output")
    ours = [f"{side}.jsonl" for side in SIDES]
    for file in ours:
        require_new(folder / file, overwrite=overwrite)
    others = [path.name for path in folder.glob("*") if path.name.lower().startswith(_READ_AS_SIDES)]
    if others := sorted(set(others) - set(ours)):
        what = f"{name} already holds {shown(', '.join(others))}, which would be read as part of the split"
        raise DataError(what, remedy="Name another folder")


def _require_good(found: _Found, sources: Sequence[Source], wish: SplitWish) -> None:
    num_good, num_faults = len(found.lines), found.num_faults
    labels = ", ".join(source.label for source in sources)
    if num_faults and not wish.skips_faults:
        raise faulty_dataset(labels, found.faults, num_faults, num_good=num_good)
    if not num_good:
        raise DataError(f"dataset {labels} has no good record", found.faults)


def _changed(part: Part) -> DataError:
    return DataError(f"{part.name} changed while it was read", remedy="Split it again")
