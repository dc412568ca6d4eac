"""The registry of kinds: how the rows of each are read. A further kind is a further entry.

Readers of text take a stream of bytes, so that each of them also reads .gz; the others find their files themselves.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

from phi_core.data.sources.byte_stream import opened
from phi_core.data.sources.delimited import comma_separated, tab_separated
from phi_core.data.sources.hub import hub
from phi_core.data.sources.json_array import json_array
from phi_core.data.sources.json_lines import json_lines
from phi_core.data.sources.parquet import parquet
from phi_core.data.sources.part import OnBytes, Part, Row
from phi_core.data.sources.saved import saved
from phi_core.data.sources.text import text_lines, text_paragraphs

Reader = Callable[[Part, OnBytes | None], Iterator[Row]]


def read_rows(part: Part, *, on_bytes: OnBytes | None = None) -> Iterator[Row]:
    """The rows of a part in order, each with its number. DataError if the part as a whole is not right."""
    return READERS[part.kind](part, on_bytes)


def _streamed(read: Callable[[BinaryIO, Part], Iterator[Row]]) -> Reader:
    def rows(part: Part, on_bytes: OnBytes | None) -> Iterator[Row]:
        with opened(part.location, on_bytes=on_bytes) as stream:
            yield from read(stream, part)

    return rows


READERS: Mapping[str, Reader] = {
    "json_lines": _streamed(json_lines),
    "json_array": _streamed(json_array),
    "csv": _streamed(comma_separated),
    "tsv": _streamed(tab_separated),
    "text_lines": _streamed(text_lines),
    "text_paragraphs": _streamed(text_paragraphs),
    "parquet": parquet,
    "saved": saved,
    "hub": hub,
}
