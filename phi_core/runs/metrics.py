"""Metrics of runs as a table: one row a step of a run, the columns united over all of them. As CSV or JSON.

A step's validation stands in its own row. Of several sources each has a column, such as `tokens_by_source.data`.
Sentences and lists (out-of-memory messages, decisions) are no metrics and are left out.
"""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from phi_core.files import json_text
from phi_core.runs.events import Event
from phi_core.runs.reader import Run

FIRST = ("run", "step", "time")
KINDS = ("step", "evaluation")
Row = Mapping[str, Any]


def rows(runs: Iterable[Run]) -> tuple[Row, ...]:
    """The rows of every run in order of its steps. `time` is that of the step's event, in seconds since the epoch."""
    return tuple(row for run in runs for row in _rows(run))


def columns(table: Sequence[Row]) -> tuple[str, ...]:
    """Every name of any row once: run, step and time, then the rest as they first appear."""
    return tuple(dict.fromkeys([*FIRST, *(name for row in table for name in row)]))


def csv_text(table: Sequence[Row]) -> str:
    """RFC 4180 with a header. What a row does not have is empty; not finite numbers are nan, inf and -inf."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    names = columns(table)
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in table)
    return file.getvalue()


def json_rows(table: Sequence[Row]) -> str:
    """A list of objects with the same keys; null where a row has no number, or one that is not finite."""
    names = columns(table)
    return json_text([{name: row.get(name) for name in names} for row in table]) + "\n"


def _rows(run: Run) -> list[Row]:
    found: dict[int, dict[str, Any]] = {}
    for kind in KINDS:
        for event in run.of_kind(kind):
            row = found.setdefault(event.step, {"run": run.id, "step": event.step, "time": event.time})
            row.update(_numbers(event))
    return [found[step] for step in sorted(found)]


def _numbers(event: Event) -> Iterator[tuple[str, float]]:
    """Every number of an event by its name; those of an object by both names with a dot."""
    for name, value in event.data.items():
        parts = value if isinstance(value, Mapping) else {}
        inner = Event(event.kind, event.step, event.time, parts)
        pairs = [(name, event), *((part, inner) for part in parts)]
        for part, holder in pairs:
            number = holder.number(part)
            if number is not None:
                yield name if holder is event else f"{name}.{part}", number


def _cell(value: Any) -> Any:
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return int(value)
    return "" if value is None else value
