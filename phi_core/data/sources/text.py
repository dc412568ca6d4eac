"""Plain text as rows {"text": …}: one example a line, or one a paragraph, which blank lines set apart.

Of several lines the ends become LF, and the end of an example's last line is no content; all else stays as it is.
A row's number is the line on which it begins, or the one that is no text.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import BinaryIO, Literal

from phi_core.data.records import RecordFault
from phi_core.data.sources.lines import LINE_LIMIT, limited_lines, text_of
from phi_core.data.sources.part import Part, Row


def unit_of(opening: bytes) -> Literal["line", "paragraph"]:
    """What one example is, by how a file begins: a paragraph if there are several and any has more than one line."""
    blank = [not line.strip() for line in opening.split(b"\n")]
    lengths = [len(list(lines)) for is_blank, lines in groupby(blank) if not is_blank]
    return "paragraph" if len(lengths) > 1 and max(lengths) > 1 else "line"


def text_lines(file: BinaryIO, _part: Part) -> Iterator[Row]:
    """A row for each line that is not blank."""
    for number, line in enumerate(limited_lines(file), start=1):
        text = text_of(line)
        if isinstance(text, RecordFault):
            yield number, text
        elif text.strip():
            yield number, {"text": text}


def text_paragraphs(file: BinaryIO, _part: Part) -> Iterator[Row]:
    """A row for each run of lines that are not blank."""
    paragraph = _Paragraph()
    for number, line in enumerate(limited_lines(file), start=1):
        text = text_of(line)
        if isinstance(text, RecordFault) or text.strip():
            paragraph.add(number, text)
        elif paragraph.is_open:
            yield paragraph.row()
            paragraph = _Paragraph()
    if paragraph.is_open:
        yield paragraph.row()


class _Paragraph:
    """Lines as they come; none is kept after a fault."""

    def __init__(self) -> None:
        self._number = 0
        self._lines: list[str] = []
        self._length = 0
        self._fault: RecordFault | None = None

    @property
    def is_open(self) -> bool:
        return self._number > 0

    def add(self, number: int, text: str | RecordFault) -> None:
        if self._fault is not None:
            return
        if isinstance(text, RecordFault):
            self._refuse(number, text)
            return
        self._number = self._number or number
        self._lines.append(text)
        self._length += len(text) + 1
        if self._length > LINE_LIMIT:
            self._refuse(self._number, RecordFault(f"the paragraph is longer than {LINE_LIMIT >> 20} MiB"))

    def row(self) -> Row:
        return self._number, self._fault or {"text": "\n".join(self._lines)}

    def _refuse(self, number: int, fault: RecordFault) -> None:
        self._number, self._fault, self._lines = number, fault, []
