"""Transforms of a file of rows: rename, filter, deduplicate, scale, normalise, smooth, select; always in this order.

The file is read twice: first everything is checked, so that nothing is written if any row is at fault; then each row
is written as it comes. In memory are a few rows, and with `deduplicate` sixteen bytes of each row that stays.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from phi_core.data.fault_list import listed
from phi_core.data.field_number import Number, number_of
from phi_core.data.new_file import new_file, require_new
from phi_core.data.records import RecordFault, shown
from phi_core.data.row_filter import Condition
from phi_core.data.row_numbers import Fields, Numbered, Range, include_in, scaled, smoothed, window_weights
from phi_core.data.row_text import require_known_suffix, row_text
from phi_core.data.sources.kinds import read_rows
from phi_core.data.sources.part import Part
from phi_core.data.watch import OnProgress, Watch
from phi_core.errors import DataError, Problem

MOST_FIELDS = 10_000
FAULT_LIMIT = 20

_IN_ORDER = json.JSONEncoder(sort_keys=True, default=repr)
_ONLY_TEXT = ("csv", "tsv")
_ONE_HEADER = ("csv", "tsv", "parquet", "saved", "hub")


@dataclass(frozen=True)
class Transforms:
    """What is done to each row. `rename` holds (old, new) pairs; the other names are the new ones.

    `deduplicate` is None for not at all, () for whole rows, else the fields that must be equal.
    """

    rename: tuple[tuple[str, str], ...] = ()
    filters: tuple[Condition, ...] = ()
    deduplicate: tuple[str, ...] | None = None
    scale: tuple[str, ...] = ()
    factor: Number = 1
    divide: bool = False
    normalise: tuple[str, ...] = ()
    upper: float = 1.0
    smooth: tuple[str, ...] = ()
    window: int = 5
    select: tuple[str, ...] = ()

    def fields(self) -> Iterator[str]:
        """Every field that some row must have, by its new name."""
        yield from (each.field for each in self.filters if not each.may_be_unknown)
        yield from chain(self.deduplicate or (), self.scale, self.normalise, self.smooth, self.select)


@dataclass(frozen=True)
class Transformed:
    """What was done. `dropped` holds for each filter its text and the rows that it dropped; `num_scaled` and
    `num_smoothed` are values, not rows."""

    rows_in: int
    rows_out: int
    dropped: tuple[tuple[str, int], ...]
    num_duplicates: int
    num_scaled: int
    num_smoothed: int
    ranges: Mapping[str, Range]


def transform(
    part: Part,
    target: Path,
    transforms: Transforms,
    *,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Transformed:
    """Write the rows of `part`, transformed, to `target`, which may be the same file.

    DataError with the faults if a row is at fault; then nothing is written. `on_progress` is told of both readings, the
    second of which counts its own rows.
    """
    require_new(target, overwrite=overwrite)
    require_known_suffix(target)
    _require_sense(transforms)
    survey = _Pass(part, transforms, Watch(on_progress))
    columns = survey.check(target)
    work = _Pass(part, transforms, Watch(on_progress, bytes_before=part.num_bytes), survey.ranges)
    form, num_written = row_text(target, columns), 0
    with new_file(target) as file:
        file.write(form.header())
        for _, row in work.rows():
            file.write(form.line(row))
            num_written += 1
        work.require_no_faults()
    return Transformed(
        work.rows_in,
        num_written,
        tuple(work.dropped.items()),
        work.num_duplicates,
        work.num_scaled,
        work.num_smoothed,
        survey.ranges,
    )


@dataclass
class _Pass:
    """One reading of the file. Without `known_ranges` it finds the ranges, and numbers stay as they were."""

    part: Part
    transforms: Transforms
    watch: Watch
    known_ranges: Mapping[str, Range] | None = None
    rows_in: int = 0
    num_duplicates: int = 0
    num_scaled: int = 0
    num_smoothed: int = 0
    num_faults: int = 0
    faults: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dropped = {each.text: 0 for each in self.transforms.filters}
        self.ranges = {name: Range() for name in self.transforms.normalise}
        self._new_names = dict(self.transforms.rename)
        self._from_text = self.part.kind in _ONLY_TEXT
        self._fields: dict[str, None] = {}
        self._seen: set[bytes] = set()

    def check(self, target: Path) -> tuple[str, ...]:
        """Read everything, and give the columns that there will be. DataError if anything is wrong."""
        form = row_text(target, ())
        for number, row in self._changed():
            try:
                form.check(self._selected(row))
            except RecordFault as fault:
                self._note(number, fault)
        self.require_no_faults()
        if not self.rows_in:
            raise DataError(f"{self.part.name} has no rows")
        self._require_known()
        return self.transforms.select or tuple(map(self._new_name, self._fields))

    def rows(self) -> Iterator[Numbered]:
        """The rows to write."""
        rows, do = self._changed(), self.transforms
        if do.smooth:
            rows = smoothed(rows, do.smooth, window_weights(do.window), from_text=self._from_text)
        return ((number, self._selected(row)) for number, row in rows)

    def require_no_faults(self) -> None:
        if self.num_faults:
            rows = "row" if self.num_faults == 1 else "rows"
            what = f"{self.part.name} has {self.num_faults} faulty {rows}; nothing is written"
            raise DataError(what, listed(self.faults, self.num_faults))

    def _changed(self) -> Iterator[Numbered]:
        for number, row in self.watch.reading(lambda on_bytes: read_rows(self.part, on_bytes=on_bytes)):
            self.rows_in += 1
            try:
                if isinstance(row, RecordFault):
                    raise row
                self._look_at(row)
                changed = self._steps(row)
            except RecordFault as fault:
                self._note(number, fault)
            else:
                if changed is not None:
                    yield number, changed

    def _look_at(self, row: Fields) -> None:
        if row.keys() - self._fields.keys():
            is_first = not self._fields
            self._fields.update(dict.fromkeys(row))
            if len(self._fields) > MOST_FIELDS:
                raise DataError(
                    f"{self.part.name} has more than {MOST_FIELDS:,} different fields: this is no table"
                )
            if is_first and self.part.kind in _ONE_HEADER:
                self._require_known()

    def _steps(self, row: Fields) -> Fields | None:
        """What the row becomes, None if it is dropped."""
        row = self._renamed(row)
        for each in self.transforms.filters:
            if not each.accepts(row):
                self.dropped[each.text] += 1
                return None
        if self._is_repeated(row):
            self.num_duplicates += 1
            return None
        return self._numbers_changed(row)

    def _renamed(self, row: Fields) -> Fields:
        if not self._new_names:
            return row
        renamed = {self._new_name(name): value for name, value in row.items()}
        if len(renamed) != len(row):
            names = [self._new_name(name) for name in row]
            twice = next(name for name in names if names.count(name) > 1)
            raise RecordFault("renamed to a name that another field has", shown(twice))
        return renamed

    def _new_name(self, name: str) -> str:
        return self._new_names.get(name, name)

    def _is_repeated(self, row: Fields) -> bool:
        by = self.transforms.deduplicate
        if by is None:
            return False
        content = {name: row[name] for name in by if name in row} if by else row
        digest = hashlib.blake2b(_IN_ORDER.encode(content).encode(), digest_size=16).digest()
        is_repeated = digest in self._seen
        self._seen.add(digest)
        return is_repeated

    def _numbers_changed(self, row: Fields) -> Fields:
        do, from_text = self.transforms, self._from_text
        if do.scale:
            row = scaled(row, do.scale, self._times_factor, from_text=from_text)
        if self.known_ranges is None:
            include_in(self.ranges, row, from_text=from_text)
        else:
            for name, found in self.known_ranges.items():
                row = scaled(row, (name,), partial(found.placed, upper=do.upper), from_text=from_text)
        for name in do.smooth:
            self.num_smoothed += number_of(row.get(name), name, from_text=from_text) is not None
        return row

    def _times_factor(self, number: Number) -> Number:
        self.num_scaled += 1
        factor = self.transforms.factor
        return number / factor if self.transforms.divide else number * factor

    def _selected(self, row: Fields) -> Fields:
        select = self.transforms.select
        return {name: row[name] for name in select if name in row} if select else row

    def _require_known(self) -> None:
        after = dict.fromkeys(map(self._new_name, self._fields))
        for name in self._new_names:
            _require_field(name, self._fields, self.part)
        for name in self.transforms.fields():
            _require_field(name, after, self.part)

    def _note(self, number: int, fault: RecordFault) -> None:
        self.num_faults += 1
        if len(self.faults) < FAULT_LIMIT:
            safe = RecordFault(fault.reason, shown(fault.field), remedy=fault.remedy)
            self.faults.append(safe.at(f"{self.part.name} {self.part.place} {number}"))


def _require_field(name: str, known: Mapping[str, Any], part: Part) -> None:
    if name not in known:
        close = get_close_matches(name, known, n=1)
        remedy = f"Did you mean {shown(close[0])}?" if close else f"There are {shown(', '.join(known), 300)}"
        raise DataError(f"{part.name} has no field {shown(name)}", remedy=remedy)


def _require_sense(do: Transforms) -> None:
    for names in zip(*do.rename, strict=True) if do.rename else ():
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise DataError(f"{shown(twice[0])} stands in rename twice")
    if not _is_finite(do.factor) or not do.factor:
        raise DataError(f"factor {do.factor} must be a number other than 0")
    if not (_is_finite(do.upper) and do.upper > 0):
        raise DataError(f"upper {do.upper} must be a number above 0")
    window_weights(do.window)


def _is_finite(number: float) -> bool:
    return abs(number) < float("inf")
