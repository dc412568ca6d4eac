"""Lines of bytes, none of them longer than memory allows, and the faults that a line of text can have."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from phi_core.data.records import RecordFault

LINE_LIMIT = 64 << 20
"""Bytes of the longest line that is read; a longer one is a fault."""

_PASSED_OVER_AT_ONCE = 1 << 20


def limited_lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines with their ends. Of a line beyond LINE_LIMIT only the first LINE_LIMIT + 1 bytes, without its end."""
    while line := file.readline(LINE_LIMIT + 1):
        yield line
        if len(line) > LINE_LIMIT and not line.endswith(b"\n"):
            _pass_over_the_rest(file)


def text_of(line: bytes) -> str | RecordFault:
    """A line as text without its end. A byte order mark is no content; a NUL byte stands in no text."""
    if len(line) > LINE_LIMIT:
        return too_long()
    content = content_of(line)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return not_unicode(error)
    if "\0" in text:
        return RecordFault(f"a NUL byte at byte {content.index(0) + 1} of the line, so this is no text")
    return text


def content_of(line: bytes) -> bytes:
    """A line without its end (LF or CR LF) and without a byte order mark."""
    return line.removeprefix(codecs.BOM_UTF8).removesuffix(b"\n").removesuffix(b"\r")


def not_unicode(error: UnicodeDecodeError) -> RecordFault:
    found = error.object[error.start]
    return RecordFault(
        f"not UTF-8 at byte {error.start + 1} of the line: 0x{found:02x}", remedy="Save it as UTF-8"
    )


def too_long() -> RecordFault:
    return RecordFault(f"the line is longer than {LINE_LIMIT >> 20} MiB")


def _pass_over_the_rest(file: BinaryIO) -> None:
    while (rest := file.readline(_PASSED_OVER_AT_ONCE)) and not rest.endswith(b"\n"):
        pass
