"""Columns: many events of one kind as arrays of numbers, a tenth of the memory that they take as dictionaries.

Rows are only ever added, so that a reader of the first n rows may go on while more are added by another thread. What
is no number is kept beside the arrays: every event comes back as it was written. Knows no file and no order of kinds.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import compress, groupby, repeat
from typing import Any

from phi_core.runs.events import Event, named_number
from phi_core.runs.series import Series

Record = Mapping[str, Any]
"""An event as it was read: `kind`, `step`, `time` and its fields."""

ABSENT, FLOAT, WHOLE, NAMED, LONG, OTHER = range(6)
"""What a value was: not there, 0.5, 3, "nan", a whole number beyond a float's digits, no number."""
_IS_NUMBER = bytes(int(ABSENT < mark < OTHER) for mark in range(256))
_HEAD = ("kind", "step", "time")
_MOST = 2**53


class Columns:
    """`places` says which event of all of its run each row is: growing, perhaps with gaps."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.places, self.steps, self.times = array("q"), array("q"), array("d")
        self._fields: dict[str, _Field] = {}

    def __len__(self) -> int:
        return len(self.places)

    def add(self, records: Iterable[Record], places: Iterable[int]) -> None:
        """More rows; their `step` and `time` are numbers already. The places come last: then the rows count."""
        row = len(self)
        for names, alike in groupby(records, key=tuple):
            batch = list(alike)
            for name in names:
                if name not in _HEAD:
                    self._field(name).extend(row, [record[name] for record in batch])
            self.steps.fromlist([record["step"] for record in batch])
            self.times.fromlist([record["time"] for record in batch])
            row += len(batch)
        self.places.extend(places)

    def event(self, row: int) -> Event:
        data = {name: field.value(row) for name, field in self._fields.items() if field.has(row)}
        return Event(self.kind, self.steps[row], self.times[row], data)

    def events(self, count: int) -> Iterator[Event]:
        """The first `count` rows."""
        return map(self.event, range(count))

    def series(self, name: str, count: int) -> Series:
        """(step, value) of those of the first `count` rows that have this number."""
        field = self._fields.get(name)
        if field is None:
            return Series()
        marks = field.marks[:count].translate(_IS_NUMBER)
        steps, values = self.steps[: len(marks)], field.values[: len(marks)]
        if marks.count(1) == len(marks):
            return Series(steps, values)
        return Series(array("q", compress(steps, marks)), array("d", compress(values, marks)))

    def moments(self, count: int) -> Series:
        """(step, seconds since the epoch) of the first `count` rows."""
        return Series(self.steps[:count], self.times[:count])

    def until(self, step: int) -> "Columns":
        """Without the rows of later steps: itself, or a copy."""
        if not self.steps or max(self.steps) <= step:
            return self
        rows, other = bytes(at <= step for at in self.steps), Columns(self.kind)
        other.places = array("q", compress(self.places, rows))
        other.steps = array("q", compress(self.steps, rows))
        other.times = array("d", compress(self.times, rows))
        other._fields = {name: field.kept(rows) for name, field in self._fields.items()}
        return other

    def _field(self, name: str) -> "_Field":
        return self._fields.setdefault(name, _Field())


class _Field:
    """One number of every row. Shorter than the rows where the last ones have none."""

    def __init__(self) -> None:
        self.values, self.marks = array("d"), bytearray()
        self._others: dict[int, Any] = {}

    def has(self, row: int) -> bool:
        return row < len(self.marks) and self.marks[row] != ABSENT

    def value(self, row: int) -> Any:
        match self.marks[row]:
            case 1:
                return self.values[row]
            case 2:
                return int(self.values[row])
            case 3:
                return str(self.values[row])
        return self._others[row]

    def extend(self, start: int, values: list[Any]) -> None:
        """Values of rows from `start` on; rows that were left out before have none."""
        self._pad(start)
        types = set(map(type, values))
        if types == {float} or (types == {int} and max(values) <= _MOST and min(values) >= -_MOST):
            self.values.fromlist(values)
            self.marks.extend(repeat(FLOAT if types == {float} else WHOLE, len(values)))
            return
        for row, value in enumerate(values, start):
            mark, number = _told(value)
            if mark in (LONG, OTHER):
                self._others[row] = value
            self.values.append(number)
            self.marks.append(mark)

    def kept(self, rows: bytes) -> "_Field":
        other, held = _Field(), rows[: len(self.marks)]
        other.values = array("d", compress(self.values, held))
        other.marks = bytearray(compress(self.marks, held))
        if self._others:
            new = {row: place for place, row in enumerate(compress(range(len(held)), held))}
            other._others = {new[row]: value for row, value in self._others.items() if row in new}
        return other

    def _pad(self, rows: int) -> None:
        missing = rows - len(self.marks)
        self.values.extend(repeat(0.0, missing))
        self.marks.extend(repeat(ABSENT, missing))


def _told(value: Any) -> tuple[int, float]:
    """How a value is kept, and the number that it stands for."""
    if type(value) is float:
        return FLOAT, value
    if type(value) is int and abs(value) <= _MOST:
        return WHOLE, float(value)
    if type(value) is str and (number := named_number(value)) is not None:
        return NAMED, number
    try:
        return (LONG, float(value)) if type(value) is int else (OTHER, 0.0)
    except OverflowError:
        return OTHER, 0.0
