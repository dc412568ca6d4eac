"""Rows as the text of a file: JSON lines, or CSV with a header. A form is chosen by the file's suffix.

Null and fields that a row lacks become empty cells of a CSV file; true and false become these words.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from phi_core.data.records import RecordFault, kind_of, shown
from phi_core.data.sources.part import Part
from phi_core.errors import DataError

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")
_AS_TYPED = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_ESCAPED = json.JSONEncoder(allow_nan=False)
_SIMPLE = frozenset({str, int, bool, type(None)})


class RowText(Protocol):
    def header(self) -> str: ...

    def line(self, row: Mapping[str, Any]) -> str:
        """The row with its line end. RecordFault if a value cannot stand in such a file."""

    def check(self, row: Mapping[str, Any]) -> None:
        """RecordFault if a value of the row, in whatever column, cannot stand in such a file."""


def row_text(path: Path, columns: Sequence[str]) -> RowText:
    """The form of a file to write, by its suffix. `columns` are those of a CSV file."""
    suffix = require_known_suffix(path)
    return JsonLines() if suffix in _JSON_LINES else Cells(columns, _DELIMITERS[suffix])


def require_known_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in (*_JSON_LINES, *_DELIMITERS):
        found = f"the suffix {shown(suffix)}" if suffix else "no suffix"
        known = ", ".join((*_JSON_LINES, *_DELIMITERS))
        raise DataError(
            f"{shown(str(path), 300)} has {found}; known are {known}", remedy="Name a .jsonl or .csv file"
        )
    return suffix


def json_line(row: Mapping[str, Any], part: Part, number: int) -> str:
    """A row of a file as a JSON line. DataError if JSON cannot hold it."""
    try:
        return JsonLines().line(row)
    except RecordFault as found:
        fault = RecordFault(found.reason, shown(found.field))
        place = f"{part.name} {part.place} {number}"
        raise DataError(f"{part.name} holds what JSON lines cannot", [fault.at(place)]) from None


class JsonLines:
    def header(self) -> str:
        return ""

    def line(self, row: Mapping[str, Any]) -> str:
        try:
            text = _AS_TYPED.encode(row)
            text.encode()
        except UnicodeEncodeError:  # half a surrogate pair has no bytes, but an escape
            text = _ESCAPED.encode(row)
        except (TypeError, ValueError, RecursionError):
            self.check(row)
            raise RecordFault("a row that JSON cannot hold") from None
        return text + "\n"

    def check(self, row: Mapping[str, Any]) -> None:
        for name, value in row.items():
            if type(value) not in _SIMPLE:
                try:
                    _ESCAPED.encode(value)
                except (TypeError, ValueError, RecursionError):
                    raise RecordFault(f"{kind_of(value)}, which JSON cannot hold", name) from None


class Cells:
    """CSV: the same columns in every row."""

    def __init__(self, columns: Sequence[str], delimiter: str) -> None:
        self._columns = tuple(columns)
        self._buffer = io.StringIO(newline="")
        self._writer = csv.writer(self._buffer, delimiter=delimiter, lineterminator="\n")

    def header(self) -> str:
        return self._joined(self._columns)

    def line(self, row: Mapping[str, Any]) -> str:
        return self._joined([_cell(row.get(name), name) for name in self._columns])

    def check(self, row: Mapping[str, Any]) -> None:
        for name, value in row.items():
            _cell(value, name)

    def _joined(self, cells: Sequence[str]) -> str:
        self._writer.writerow(cells)
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return text


def _cell(value: Any, name: str) -> str:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise RecordFault("half of a character, which a CSV file cannot hold", name) from None
        return value
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise RecordFault(f"{kind_of(value)}, which a CSV cell cannot hold", name, remedy="Write a .jsonl file")
