"""What kind of file a path is: told by its suffix, and for JSON and text by how its content begins.

A file that cannot be right as a whole is refused here, once, and not line by line.
"""

import codecs
import re
from collections.abc import Mapping
from pathlib import Path

from phi_core.config.words import TextUnit
from phi_core.data.records import shown
from phi_core.data.sources.byte_stream import PACKED_SUFFIX, is_packed, opened, require_file, unreadable
from phi_core.data.sources.part import Part
from phi_core.data.sources.text import unit_of
from phi_core.errors import DataError

SUFFIXES: Mapping[str, str] = {
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "text",
    ".text": "text",
    ".parquet": "parquet",
}
"""Kinds by suffix; "json" and "text" are made certain by the content. All but Parquet may also end in .gz."""
EXPECTED = f"Name a file that ends in {', '.join(SUFFIXES)}, or in one of them and {PACKED_SUFFIX}"

_OPENING_BYTES = 4096
_TEXT_OPENING_BYTES = 1 << 20
_ARRAY_OF_OBJECTS = re.compile(rb"\[\s*(\n|\{)")
_SPREAD_OBJECT = re.compile(rb'\{\s*\n\s*"')
_KEYS_OF_LISTS = rb"data|train|training|validation|test|records|rows|examples|items"
_SIMPLE_MEMBERS = rb'(?:\s*"[^"\\]{0,99}"\s*:\s*(?:"[^"\\]{0,999}"|[\w.+-]{1,99})\s*,){0,9}'
_LIST_UNDER_A_KEY = re.compile(rb"\{" + _SIMPLE_MEMBERS + rb'\s*"(' + _KEYS_OF_LISTS + rb')"\s*:\s*\[')
_MARKS_OF_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_MARKS_OF_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PARQUET = b"PAR1"
_SIGNATURES = {b"\x1f\x8b": "gzip", _PARQUET: "Parquet", b"PK\x03\x04": "a zip archive or a spreadsheet"}


def file_part(path: Path, *, text_unit: TextUnit) -> Part:
    """A file as a part. DataError if it is of no known kind, cannot be read, or cannot be right as a whole."""
    location = str(path)
    kind = _kind_by_suffix(path)
    with opened(location) as stream:
        opening = stream.read(_TEXT_OPENING_BYTES if kind == "text" else _OPENING_BYTES)
    if kind == "parquet":
        _require_parquet(location, opening)
        return Part(shown(path.name), location, kind, "row", _num_bytes(location))
    _require_text(path, kind, opening)
    certain = _certain_kind(path, kind, opening.removeprefix(codecs.BOM_UTF8), text_unit)
    return Part(shown(path.name), location, certain, "line", _num_bytes(location))


def kind_suffix(path: Path) -> str:
    """The suffix that tells the kind, without the one of gzip; "" if it tells none."""
    suffix = Path(path.stem).suffix.lower() if is_packed(str(path)) else path.suffix.lower()
    is_known = suffix in SUFFIXES and not (suffix == ".parquet" and is_packed(str(path)))
    return suffix if is_known else ""


def bare_name(path: Path) -> str:
    """The file's name without the suffixes that tell its kind."""
    suffix = kind_suffix(path)
    return Path(path.stem).stem if suffix and is_packed(str(path)) else path.stem if suffix else path.name


def _num_bytes(location: str) -> int:
    try:
        require_file(location)
        return Path(location).stat().st_size
    except OSError as error:
        raise unreadable(location, error) from None


def _kind_by_suffix(path: Path) -> str:
    if suffix := kind_suffix(path):
        return SUFFIXES[suffix]
    _num_bytes(str(path))
    found = "".join(path.suffixes[-2:]) if is_packed(str(path)) else path.suffix
    what = f"the suffix {shown(found)}" if found else "no suffix"
    raise DataError(
        f"dataset {shown(str(path), 300)} has {what}, which tells no kind of records", remedy=EXPECTED
    )


def _require_parquet(location: str, opening: bytes) -> None:
    if not opening.startswith(_PARQUET):
        what = f"dataset {shown(location, 300)} is no intact Parquet file: it does not begin like one"
        raise DataError(what, remedy="Write or download it anew")


def _require_text(path: Path, kind: str, opening: bytes) -> None:
    name = f"dataset {shown(path.name)}"
    for marks, encoding in ((_MARKS_OF_UTF_32, "UTF-32"), (_MARKS_OF_UTF_16, "UTF-16")):
        if opening.startswith(marks):
            raise DataError(f"{name} is {encoding}", remedy="Save it as UTF-8")
    for signature, found in _SIGNATURES.items():
        if opening.startswith(signature):
            raise DataError(
                f"{name} is no text but {found}", remedy="Give it the suffix of what it is, or unpack it"
            )
    if kind in ("csv", "tsv", "text") and b"\r" in opening and b"\n" not in opening:
        remedy = f"`tr '\\r' '\\n' < {name.removeprefix('dataset ')} > NEW` gives lines that end in LF"
        raise DataError(f"{name} has lines that end in lone carriage returns", remedy=remedy)


def _certain_kind(path: Path, kind: str, opening: bytes, text_unit: TextUnit) -> str:
    if kind == "text":
        return f"text_{unit_of(opening) if text_unit == 'auto' else text_unit}s"
    content = opening.lstrip()
    if kind == "json" and content.startswith(b"["):
        return "json_array"
    if kind in ("json", "json_lines"):
        _require_one_object_a_line(path, kind, content)
        return "json_lines"
    return kind


def _require_one_object_a_line(path: Path, kind: str, content: bytes) -> None:
    name = shown(path.name)
    if _ARRAY_OF_OBJECTS.match(content):
        remedy = f"Name it .json, or `jq -c '.[]' {name} > NEW.jsonl` rewrites it"
        raise DataError(f"dataset {name} is one JSON array, not one object a line", remedy=remedy)
    is_spread, listed = bool(_SPREAD_OBJECT.match(content)), _LIST_UNDER_A_KEY.match(content)
    if listed and (is_spread or kind == "json"):
        remedy = f"`jq -c '.{listed.group(1).decode()}[]' {name} > NEW.jsonl` takes them out"
        what = (
            f"dataset {name} is one JSON object with its records in a list under {listed.group(1).decode()}"
        )
        raise DataError(what, remedy=remedy)
    if is_spread:
        remedy = f"`jq -c '.' {name} > NEW.jsonl` rewrites it"
        raise DataError(f"dataset {name} is one JSON document, not one object a line", remedy=remedy)
