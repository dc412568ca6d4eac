"""Files of records: a path in, numbered JSON objects out, one line in memory at a time.

A row is a line number (from 1) with the object that stands there, or with the fault that keeps it from being one.
A further kind of file is a further entry of `READERS`. Knows nothing about what the keys mean.
"""

import codecs
import hashlib
import json
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from phi_core.data.records import RecordFault, kind_of, shown
from phi_core.errors import DataError

Row = tuple[int, dict[str, Any] | RecordFault]
Reader = Callable[[BinaryIO], Iterator[Row]]

_OPENING_BYTES = 4096
_SPREAD_LIST = re.compile(rb"\[\s*\n")
_SPREAD_OBJECT = re.compile(rb'\{\s*\n\s*"')
_EXPECTED = "Name a .jsonl file with one JSON object a line"


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """The file for reading. DataError if it is missing, of no known kind, or cannot be read to its end."""
    try:
        _require_file(path)
        with path.open("rb") as file:
            _require_one_object_a_line(path, file)
            yield file
    except FileNotFoundError:
        raise DataError(f"dataset {shown(str(path), 300)} does not exist", remedy=_instead_of(path)) from None
    except OSError as error:
        raise DataError(f"dataset {shown(str(path), 300)} cannot be read: {error.strerror}") from None


def reader_for(path: Path) -> Reader:
    """The reader of a file, by its suffix. DataError if there is none."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        suffix = f"the suffix {shown(path.suffix)}" if path.suffix else "no suffix"
        known = ", ".join(READERS)
        raise DataError(f"dataset {shown(str(path), 300)} has {suffix}; known are {known}", remedy=_EXPECTED)
    return reader


def json_lines(file: BinaryIO) -> Iterator[Row]:
    """The rows of a JSON-lines file. Blank lines count but give no row; a byte order mark is no content."""
    for number, line in enumerate(file, start=1):
        content = line.removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n")
        if content.strip():
            yield number, _object_or_fault(content)


def fingerprint(file: BufferedReader) -> str:
    """SHA-256 of all bytes of an open file."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


READERS: Mapping[str, Reader] = {".jsonl": json_lines, ".ndjson": json_lines, ".json": json_lines}


def _object_or_fault(content: bytes) -> dict[str, Any] | RecordFault:
    try:
        value = _DECODER.decode(content.decode())
    except UnicodeDecodeError as error:
        return RecordFault(f"not UTF-8 at byte {error.start + 1} of the line: 0x{content[error.start]:02x}")
    except json.JSONDecodeError as error:
        return RecordFault(f"not JSON at column {error.colno}: {error.msg}")
    except (ValueError, RecursionError) as error:
        return RecordFault(f"not JSON that can be read: {error}")
    return value if isinstance(value, dict) else RecordFault(f"must be a JSON object, got {kind_of(value)}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _require_file(path: Path) -> None:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        names = _record_files(path)
        remedy = f"Name a file in it, such as {shown(names[0])}" if names else _EXPECTED
        raise DataError(f"dataset {shown(str(path), 300)} is a folder", remedy=remedy)
    reader_for(path)
    if not stat.S_ISREG(mode):
        raise DataError(f"dataset {shown(str(path), 300)} is no regular file", remedy=_EXPECTED)


def _require_one_object_a_line(path: Path, file: BufferedReader) -> None:
    opening = file.read(_OPENING_BYTES)
    file.seek(0)
    name = shown(path.name)
    if opening.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"dataset {name} is UTF-16", remedy="Save it as UTF-8")
    text = opening.removeprefix(codecs.BOM_UTF8).lstrip()
    is_list = bool(_SPREAD_LIST.match(text)) or (path.suffix.lower() == ".json" and text.startswith(b"["))
    if is_list or _SPREAD_OBJECT.match(text):
        remedy = f"`jq -c '{'.[]' if is_list else '.'}' {name} > NEW.jsonl` rewrites it"
        raise DataError(f"dataset {name} is one JSON document, not one object a line", remedy=remedy)


def _instead_of(path: Path) -> str:
    """What to name instead of a file that is not there."""
    if not path.parent.is_dir():
        return f"There is no folder {shown(str(path.parent), 300)}"
    close = get_close_matches(path.name, _record_files(path.parent), n=1)
    return f"Did you mean {shown(str(path.with_name(close[0])), 300)}?" if close else _EXPECTED


def _record_files(folder: Path) -> list[str]:
    """Names of files that can be read as records; none if the folder does not let us look."""
    try:
        return sorted(
            item.name for item in folder.iterdir() if item.suffix.lower() in READERS and item.is_file()
        )
    except OSError:
        return []
