"""A training record: the messages of one conversation, and where they were read.

Plain data, and what makes two records the same. Knows nothing about files, keys or tokens.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite, isnan
from typing import Any

from phi_core.chat.messages import Message
from phi_core.errors import Problem
from phi_core.plain_text import one_line

_KINDS = {
    dict: "an object",
    list: "a list",
    tuple: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    Decimal: "a number",
    type(None): "null",
    bytes: "bytes",
    date: "a date",
    datetime: "a date",
    time: "a time of day",
    timedelta: "a length of time",
}


@dataclass(frozen=True)
class Reading:
    """How rows become records. `columns` holds (field, column) pairs: the row's `column` is read as `field`.

    Records with the same value in the column `group_by` are kept on one side of a split; validation data that is given
    need not have it (`group_is_optional`).
    """

    record_format: str = "auto"
    columns: tuple[tuple[str, str], ...] = ()
    group_by: str | None = None
    group_is_optional: bool = False


@dataclass(frozen=True)
class Record:
    """One conversation. A plain-text record is one assistant message that no prompt format touches (`is_text`).

    `source` is where it was read (a file's path, or the id of a hub dataset), `line` its line or row there, from 1.
    `group` is the value of the column `Reading.group_by`.
    """

    messages: tuple[Message, ...]
    source: str
    line: int
    format: str = ""
    is_text: bool = False
    group: str | None = None


@dataclass(frozen=True)
class Fault:
    """A row that is no record, where it stands, and why."""

    problem: Problem
    source: str
    line: int


class RecordFault(ValueError):
    """Why a row of a file is no record. `field` is "" if the row as a whole is at fault."""

    def __init__(self, reason: str, field: str = "", *, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.remedy = remedy

    def at(self, place: str) -> Problem:
        """The fault as a problem of `place`, such as "pirate.jsonl line 7"."""
        where = f"{place}, field {self.field}" if self.field else place
        return Problem(where, self.reason, self.remedy)


def content_hash(record: Record) -> str:
    """SHA-256 of roles and contents: equal for records that say the same, wherever they stand."""
    turns = [[message.role, message.content] for message in record.messages]
    return hashlib.sha256(json.dumps(turns).encode()).hexdigest()


def kind_of(value: Any) -> str:
    """What JSON or Parquet calls a value, for messages: "a list", "null", "a date"."""
    if isinstance(value, float) and not isfinite(value):
        return "NaN" if isnan(value) else "a number too large"
    return _KINDS.get(type(value)) or f"a value of type {type(value).__name__}"


def shown(text: str, width: int = 100) -> str:
    """Names found in data or folders, on one line and safe to print: no control characters, no lone surrogates."""
    return one_line(text.encode("utf-8", "backslashreplace").decode(), width)
