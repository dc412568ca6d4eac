"""A dataset: every good record of a file, and every fault with its line and field.

`read_dataset` never stops at a fault; `require_records` decides whether what was read is enough to go on.
Holds the records, not the file's text. Knows nothing about tokens or models.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from phi_core.data.formats import detect
from phi_core.data.records import Record, RecordFault, repeated, shown
from phi_core.data.sources import Row, fingerprint, opened, reader_for
from phi_core.errors import DataError, Problem

OnBadRecord = Literal["error", "skip"]


@dataclass(frozen=True)
class Dataset:
    """`faults` are the first of `num_faults`; `formats` counts the records of each format; `fingerprint` is the
    SHA-256 of the file; `num_duplicates` counts the records whose content an earlier one has."""

    path: Path
    records: tuple[Record, ...]
    faults: tuple[Problem, ...]
    num_faults: int
    formats: Mapping[str, int]
    fingerprint: str
    num_duplicates: int


def read_dataset(path: Path, *, fault_limit: int = 20) -> Dataset:
    """All records of a file, and up to `fault_limit` faults. DataError if the file as a whole is not right."""
    with opened(real := Path(os.path.expanduser(path))) as file:
        found = _sorted_out(reader_for(real)(file), real, fault_limit=fault_limit)
        digest = fingerprint(file)
    return Dataset(
        path=real,
        records=tuple(found.records),
        faults=tuple(found.faults),
        num_faults=found.num_faults,
        formats=dict(found.formats),
        fingerprint=digest,
        num_duplicates=sum(1 for _ in repeated(found.records)),
    )


def require_records(dataset: Dataset, *, on_bad_record: OnBadRecord, minimum: int = 1) -> tuple[Record, ...]:
    """The good records. DataError with the faults if there are any and they matter, or if too few records are good."""
    name, count = shown(str(dataset.path), 300), len(dataset.records)
    if dataset.num_faults and on_bad_record == "error":
        what = f"dataset {name} has {_counted(dataset.num_faults, 'faulty record')} beside {count} good"
        raise DataError(what, _listed(dataset), remedy="Correct them, or set on_bad_record to skip")
    if count < minimum:
        faulty = f" and {dataset.num_faults} faulty" if dataset.num_faults else ""
        what = f"dataset {name} has {_counted(count, 'good record')}{faulty}; at least {minimum} needed"
        raise DataError(what, _listed(dataset))
    return dataset.records


@dataclass
class _Found:
    records: list[Record] = field(default_factory=list)
    faults: list[Problem] = field(default_factory=list)
    num_faults: int = 0
    formats: Counter[str] = field(default_factory=Counter)


def _sorted_out(rows: Iterable[Row], path: Path, *, fault_limit: int) -> _Found:
    found, source, name = _Found(), str(path), shown(path.name)
    for line, row in rows:
        try:
            record, format_name = _record(row, source, line=line)
        except RecordFault as fault:
            found.num_faults += 1
            if len(found.faults) < fault_limit:
                found.faults.append(fault.at(f"{name} line {line}"))
        else:
            found.records.append(record)
            found.formats[format_name] += 1
    return found


def _record(row: Mapping[str, object] | RecordFault, source: str, *, line: int) -> tuple[Record, str]:
    if isinstance(row, RecordFault):
        raise row
    known = detect(row)
    return Record(known.messages(row), source, line), known.name


def _listed(dataset: Dataset) -> tuple[Problem, ...]:
    num_more = dataset.num_faults - len(dataset.faults)
    return (*dataset.faults, Problem("", f"and {num_more} more")) if num_more else dataset.faults


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
