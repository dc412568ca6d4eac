"""One JSON array of objects, read item by item through a window on its text. A row's number is the line on which
its item begins.

After an item that is not JSON nothing more can be told apart: there is one fault, and the reading ends.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from phi_core.data.records import RecordFault, shown
from phi_core.data.sources.json_value import LENIENT, STRICT, object_or_fault, refused
from phi_core.data.sources.part import Part, Row

ITEM_LIMIT = 64 << 20
"""Characters of the longest item that is read."""

_LONGEST_WORD = 16
"""An error so close to the end of the window may be one of a value cut by it, such as -Infinity or an escape."""
_SPACE = re.compile(r"[ \t\r\n]*")
_AND_THEN = "The rest of the file cannot be read"


def json_array(file: BinaryIO, _part: Part, *, chunk_bytes: int = 1 << 18) -> Iterator[Row]:
    """A row for each item of the array. At least `chunk_bytes` are taken at a time."""
    window = _Window(file, chunk_bytes)
    try:
        yield from _items(window)
    except _Broken as broken:
        yield broken.line, broken.fault


class _Broken(Exception):
    """The array ends here, whatever follows."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.fault = RecordFault(reason, remedy=_AND_THEN)


def _items(window: "_Window") -> Iterator[Row]:
    window.require("[", "[")
    is_next = window.next_character() != "]"
    while is_next:
        yield window.line, window.value()
        is_next = window.next_character() == ","
        if is_next:
            window.pass_over(1)
            if window.next_character() == "]":
                raise window.broken("a comma without an item after it")
    window.require("]", "a comma or ]")
    if window.next_character():
        raise window.broken("more text after the end of the array")


class _Window:
    """A piece of the text and the place in it where the reading stands. It grows only as far as one item needs."""

    def __init__(self, file: BinaryIO, chunk_bytes: int) -> None:
        self.line = 1
        self._file = file
        self._chunk_bytes = chunk_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._at_end = False
        self._num_bytes = 0
        self._before_line = 0
        """Characters of the line in which the window begins that stand before the window."""
        self._cut_by = ""
        """Why the text ends before the file does."""

    def next_character(self) -> str:
        """The next character that is no white space, "" at the end. The reading then stands there."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._advance(space.end() if space else self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if self._at_end:
                return ""
            self._grow()

    def require(self, character: str, expected: str) -> None:
        found = self.next_character()
        if found != character:
            what = f"{expected} expected, found {shown(found)}" if found else "the array is not closed"
            raise self.broken(what)
        self.pass_over(1)

    def pass_over(self, num_characters: int) -> None:
        """Go on within a line."""
        self._at += num_characters

    def value(self) -> dict[str, Any] | RecordFault:
        """The value that begins here, or its fault if it is no object; _Broken if its end cannot be told."""
        while True:
            try:
                value, end = STRICT.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                self._grow_for(error)
                continue
            except ValueError as error:
                if (lenient_end := self._lenient_end()) is None:
                    continue
                self._advance(lenient_end)
                return refused(error)
            except RecursionError as error:
                raise _Broken(self.line, refused(error).reason) from None
            if end == len(self._text) and not self._at_end:
                self._grow()  # a number may go on
                continue
            self._advance(end)
            return object_or_fault(value)

    def broken(self, what: str, position: int | None = None) -> _Broken:
        """Nothing more can be read: `what` is wrong at `position` in the window, or where the reading stands."""
        at = self._at if position is None else position
        if self._cut_by and at == len(self._text):
            return self._cut()
        begins = self._text.rfind("\n", 0, at) + 1
        column = at - begins + 1 + (0 if begins else self._before_line)
        return _Broken(self._line_at(at), f"not JSON at column {column}: {what}")

    def _cut(self) -> _Broken:
        return _Broken(self._line_at(len(self._text)), self._cut_by)

    def _line_at(self, position: int) -> int:
        return self.line + self._text.count("\n", self._at, position)

    def _lenient_end(self) -> int | None:
        """Where a value ends that is refused for what it says; None if the window had to grow first."""
        try:
            return LENIENT.raw_decode(self._text, self._at)[1]
        except json.JSONDecodeError as error:
            self._grow_for(error)
            return None
        except RecursionError as error:
            raise _Broken(self.line, refused(error).reason) from None

    def _grow_for(self, error: json.JSONDecodeError) -> None:
        """More text for a value that the window may cut; _Broken if more would not help."""
        is_cut = error.msg.startswith("Unterminated string") or not self._is_definite(error.pos)
        if is_cut and self._cut_by:
            raise self._cut()
        if self._at_end or not is_cut:
            raise self.broken(error.msg, error.pos)
        if len(self._text) - self._at > ITEM_LIMIT:
            raise _Broken(self.line, f"the item is longer than {ITEM_LIMIT >> 20} MiB")
        self._grow()

    def _is_definite(self, position: int) -> bool:
        return position < len(self._text) - _LONGEST_WORD

    def _grow(self) -> None:
        """Drop what has been read, and take as much again as is held, so that long items cost no more than short."""
        begins = self._text.rfind("\n", 0, self._at) + 1
        self._before_line = self._at - begins + (0 if begins else self._before_line)
        rest = self._text[self._at :]
        self._text, self._at = "", 0
        self._text = rest + self._decoded(max(self._chunk_bytes, len(rest)))

    def _decoded(self, num_bytes: int) -> str:
        chunk = self._file.read(num_bytes)
        self._at_end = not chunk
        try:
            text = self._decoder.decode(chunk, final=self._at_end)
        except UnicodeDecodeError as error:
            # The decoder may have held back the first bytes of a character: `object` begins with them.
            text = error.object[: error.start].decode("utf-8-sig" if not self._num_bytes else "utf-8")
            position = self._num_bytes + len(chunk) - len(error.object) + error.start + 1
            found = error.object[error.start]
            self._cut_by = f"not UTF-8 at byte {position} of the file: 0x{found:02x}"
            self._at_end = True
        self._num_bytes += len(chunk)
        return text

    def _advance(self, position: int) -> None:
        self.line += self._text.count("\n", self._at, position)
        self._at = position
