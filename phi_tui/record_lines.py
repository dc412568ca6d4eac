"""The raw record behind a place in the data: lines of a text file around it, or a row as its columns. Run in threads.

Nothing is interpreted: what stands in the file is shown as it stands there. Files are read up to the place, streaming.
"""

import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from phi_core.data.records import RecordFault, shown
from phi_core.data.sources.byte_stream import is_packed, opened
from phi_core.data.sources.find import read_rows
from phi_core.data.sources.lines import limited_lines
from phi_core.data.sources.part import Part
from phi_core.errors import DataError

LINES_BEFORE, LINES_AFTER = 3, 6
LONGEST = 200_000
"""Characters of a line that are held; more are for an editor."""
NEIGHBOUR = 300
"""Characters of the lines around it."""


@dataclass(frozen=True)
class RawLine:
    """`num_left_out` characters at its end are not held."""

    number: int
    text: str
    num_left_out: int = 0


@dataclass(frozen=True)
class RawRecord:
    """`lines` around line `line`, or one line a column. `not_editable` says why no editor can open it, "" if one can."""

    part: Part
    line: int
    lines: tuple[RawLine, ...]
    not_editable: str


def read_raw(part: Part, line: int) -> RawRecord:
    """DataError if the file cannot be read, or has no such line any more."""
    lines = _lines_around(part, line) if part.place == "line" else _columns(part, line)
    if not lines:
        raise DataError(f"{part.name} has no {part.place} {line:,} any more", remedy="ctrl+r checks it again")
    return RawRecord(part, line, lines, not_editable(part))


def not_editable(part: Part) -> str:
    """Why a text editor cannot open this, "" if it can."""
    if part.kind == "hub":
        return f"{part.name} lies on the hub"
    if part.kind in ("parquet", "saved"):
        return f"{part.name} is {'a Parquet file' if part.kind == 'parquet' else 'a saved dataset'}, no text"
    if is_packed(part.location):
        return f"{part.name} is packed: unpack it first"
    return "" if Path(part.location).is_file() else f"{part.name} is no file on this machine"


def _lines_around(part: Part, line: int) -> tuple[RawLine, ...]:
    first = max(1, line - LINES_BEFORE)
    with opened(part.location) as stream:
        window = islice(limited_lines(stream), first - 1, line + LINES_AFTER)
        return tuple(
            _raw(number, content, number == line) for number, content in enumerate(window, start=first)
        )


def _raw(number: int, content: bytes, is_wanted: bool) -> RawLine:
    text = content.removesuffix(b"\n").decode("utf-8", "replace")
    most = LONGEST if is_wanted else NEIGHBOUR
    return RawLine(number, text[:most], max(0, len(text) - most))


def _columns(part: Part, line: int) -> tuple[RawLine, ...]:
    """The row's columns, one a line, as JSON."""
    row = next((row for number, row in read_rows(part) if number == line), None)
    if row is None or isinstance(row, RecordFault):
        return () if row is None else (RawLine(1, shown(row.reason)),)
    texts = (f"{name}: {json.dumps(value, ensure_ascii=False, default=str)}" for name, value in row.items())
    return tuple(
        RawLine(number, text[:LONGEST], max(0, len(text) - LONGEST))
        for number, text in enumerate(texts, start=1)
    )
