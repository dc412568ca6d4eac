"""JSON lines: one object a line. Blank lines count but give no row; a byte order mark is no content."""

import json
from collections.abc import Iterator
from typing import BinaryIO

from phi_core.data.records import RecordFault
from phi_core.data.sources.json_value import SCAN, STRICT, object_or_fault, refused
from phi_core.data.sources.lines import LINE_LIMIT, content_of, limited_lines, not_unicode, too_long
from phi_core.data.sources.part import Part, Row

_LINE_ENDS = frozenset({"\n", "\r\n", ""})


def json_lines(file: BinaryIO, _part: Part) -> Iterator[Row]:
    """A row for each line with content. What is usual is read in one step; all else is looked at with care."""
    for number, line in enumerate(limited_lines(file), start=1):
        try:
            text = line.decode()
            value, end = SCAN(text, 0)
        except (ValueError, RecursionError, StopIteration):
            pass
        else:
            if type(value) is dict and text[end:] in _LINE_ENDS:
                yield number, value
                continue
        if line.strip(b" \t\r\n") and (content := content_of(line)).strip(b" \t\r\n"):
            yield number, _looked_at(content)


def _looked_at(content: bytes) -> dict[str, object] | RecordFault:
    if len(content) > LINE_LIMIT:
        return too_long()
    try:
        return object_or_fault(STRICT.decode(content.decode()))
    except UnicodeDecodeError as error:
        return not_unicode(error)
    except json.JSONDecodeError as error:
        return RecordFault(f"not JSON at column {error.colno}: {error.msg}")
    except (ValueError, RecursionError) as error:
        return refused(error)
