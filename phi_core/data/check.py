"""What a dataset is like before a run: counts, lengths, and what looks suspicious.

A Dataset in, figures and warnings out. A warning never blocks; faults are the dataset's own. Lengths are
characters: this room knows nothing about tokens.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from phi_core.data.dataset import Dataset
from phi_core.data.records import Record, repeated, shown
from phi_core.errors import Problem
from phi_core.plain_text import plain

LONG_RECORD_CHARACTERS = 100_000


@dataclass(frozen=True)
class Spread:
    minimum: int
    median: float
    maximum: int


@dataclass(frozen=True)
class DataSummary:
    """`turns` and `characters` are per record, over all its messages; None if there is no record."""

    path: str
    fingerprint: str
    num_records: int
    num_faults: int
    num_duplicates: int
    num_with_control_characters: int
    formats: Mapping[str, int]
    turns: Spread | None
    characters: Spread | None
    faults: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def summary(dataset: Dataset) -> DataSummary:
    """The figures of a dataset, and a warning for each suspicious thing."""
    unsafe = [record for record in dataset.records if _has_control_characters(record)]
    return DataSummary(
        path=str(dataset.path),
        fingerprint=dataset.fingerprint,
        num_records=len(dataset.records),
        num_faults=dataset.num_faults,
        num_duplicates=dataset.num_duplicates,
        num_with_control_characters=len(unsafe),
        formats=dict(dataset.formats),
        turns=_spread([len(record.messages) for record in dataset.records]),
        characters=_spread([_num_characters(record) for record in dataset.records]),
        faults=dataset.faults,
        warnings=tuple(_warnings(dataset, unsafe)),
    )


def _warnings(dataset: Dataset, unsafe: Sequence[Record]) -> Iterator[Problem]:
    where = shown(dataset.path.name)
    long = [record for record in dataset.records if _num_characters(record) > LONG_RECORD_CHARACTERS]
    if len(dataset.formats) > 1:
        counts = ", ".join(f"{count} {name}" for name, count in dataset.formats.items())
        yield Problem(where, f"formats are mixed: {counts}")
    if duplicates := list(repeated(dataset.records)):
        what = f"same content as an earlier record: {_located(duplicates)}"
        yield Problem(where, what, "Training sees it more often than the others")
    if unsafe:
        what = f"control or escape characters: {_located(unsafe)}"
        yield Problem(where, what, "The model would learn to write them")
    if long:
        what = f"longer than {LONG_RECORD_CHARACTERS:,} characters: {_located(long)}"
        yield Problem(where, what, "Records beyond max_length lose their end")


def _located(records: Sequence[Record]) -> str:
    if len(records) == 1:
        return f"1 record, in line {records[0].line}"
    return f"{len(records)} records, the first in line {records[0].line}"


def _has_control_characters(record: Record) -> bool:
    return any(plain(message.content) != message.content for message in record.messages)


def _num_characters(record: Record) -> int:
    return sum(len(message.content) for message in record.messages)


def _spread(values: Sequence[int]) -> Spread | None:
    return Spread(min(values), median(values), max(values)) if values else None
