"""CSV and TSV: a header of column names, then one row of values each. A row's number is the line on which it begins.

The delimiter of a CSV file is the one of , ; tab | that parts the header into most names; a .tsv file has tabs. Names
lose the spaces around them, values lose nothing: a quoted value may hold line breaks. After a quote that is never
closed nothing more can be told apart: there is one fault, and the reading ends.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from phi_core.data.records import RecordFault, shown
from phi_core.data.sources.lines import LINE_LIMIT, limited_lines, text_of
from phi_core.data.sources.part import Part, Row
from phi_core.errors import DataError

FIELD_LIMIT = 16 << 20
"""Characters of the longest value that is read."""

DELIMITERS = ",;\t|"
_NEVER_CLOSED = "a quoted value that begins in this row is never closed"


def comma_separated(file: BinaryIO, part: Part) -> Iterator[Row]:
    """A row for each row of values below the header. DataError if the header is not right."""
    return _rows(_Table(file, DELIMITERS), part)


def tab_separated(file: BinaryIO, part: Part) -> Iterator[Row]:
    """A row for each row of values below the header. DataError if the header is not right."""
    return _rows(_Table(file, "\t"), part)


def _rows(table: "_Table", part: Part) -> Iterator[Row]:
    header = _header(table, part)
    width = len(header)
    while (row := table.row()) is not None:
        number, values = row
        if isinstance(values, RecordFault):
            yield number, values
        elif len(values) == width:
            yield number, dict(zip(header, values, strict=True))
        elif values:
            yield number, RecordFault(f"wrong number of values: {len(values)} where the header has {width}")


class _Table:
    """The rows of values of a file, each with the line on which it begins, or a fault instead."""

    def __init__(self, file: BinaryIO, delimiters: str) -> None:
        _allow_long_fields()
        self._num_lines = 0
        self._fault: tuple[int, RecordFault] | None = None
        """The first line of the next row that is no text."""
        self._at_end = False
        lines = self._texts(file)
        opening = next((text for text in lines if text.strip()), "")
        delimiter = max(delimiters, key=lambda mark: len(_parted(opening, mark)))
        self._num_lines = max(0, self._num_lines - 1)
        self._rows = csv.reader(self._with_opening(opening, lines), delimiter=delimiter, strict=True)

    def row(self) -> tuple[int, list[str] | RecordFault] | None:
        """None at the end. An empty list stands for a blank line."""
        if self._at_end:
            return None
        number = self._num_lines + 1
        try:
            values: list[str] | RecordFault = next(self._rows)
        except StopIteration:
            return None
        except csv.Error as error:
            values = self._broken(str(error))
        fault, self._fault = self._fault, None
        return fault or (number, values)

    def _broken(self, reason: str) -> RecordFault:
        if reason.startswith("unexpected end of data"):
            self._at_end = True
            return RecordFault(_NEVER_CLOSED, remedy="A quote within a quoted value is written twice")
        if reason.startswith("field larger than"):
            self._at_end = True
            what = f"a value longer than {FIELD_LIMIT >> 20} Mi characters, or {_NEVER_CLOSED}"
            return RecordFault(what, remedy="The rest of the file cannot be read")
        if reason.startswith("new-line character"):
            return RecordFault("a lone carriage return in a value without quotes")
        return RecordFault(f"values that cannot be told apart: {reason}")

    def _with_opening(self, opening: str, lines: Iterator[str]) -> Iterator[str]:
        if opening:
            self._num_lines += 1
            yield opening
        yield from lines

    def _texts(self, file: BinaryIO) -> Iterator[str]:
        """Lines as text with their ends; one that is no text is noted, and stands there blank of what is wrong."""
        for line in limited_lines(file):
            self._num_lines += 1
            text = text_of(line)
            if isinstance(text, RecordFault):
                self._fault = self._fault or (self._num_lines, text)
                text = "" if len(line) > LINE_LIMIT else line.decode(errors="replace").replace("\0", " ")
                yield text
            else:
                yield text + _end_of(line)


def _header(table: _Table, part: Part) -> list[str]:
    number, names = table.row() or (0, [])
    if isinstance(names, RecordFault):
        raise DataError(f"dataset {part.name} has no header that can be read", [names.at(f"line {number}")])
    return _distinct([name.strip() for name in names], part)


def _distinct(names: list[str], part: Part) -> list[str]:
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        what = f"dataset {part.name} has {count} columns of the name {shown(name) or '(empty)'}"
        raise DataError(what, remedy="Give each column a name of its own in the first line")
    return names


def _parted(text: str, delimiter: str) -> list[Any]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []


def _end_of(line: bytes) -> str:
    return "\r\n" if line.endswith(b"\r\n") else "\n" if line.endswith(b"\n") else ""


def _allow_long_fields() -> None:
    """The limit is one for the whole process: it is only ever raised."""
    if csv.field_size_limit() < FIELD_LIMIT:
        csv.field_size_limit(FIELD_LIMIT)
