"""Numbers in the fields of rows: which values are numbers, which are missing, and which are neither."""

import math
import re
from typing import Any

from phi_core.data.records import RecordFault, kind_of, shown

Number = int | float

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_INTEGER = re.compile(r"\s*[+-]?\d{1,300}\s*", re.ASCII)
_NAN = re.compile(r"\s*[+-]?nan\s*", re.IGNORECASE)


def number_in(text: str) -> Number | None:
    """The number that a text writes out, None if it is none or beyond what a float holds."""
    if _INTEGER.fullmatch(text):
        return int(text)
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def is_missing(value: Any) -> bool:
    """Null, NaN, and text that is empty or says NaN."""
    if isinstance(value, str):
        return not value.strip() or _NAN.fullmatch(value) is not None
    return value is None or (isinstance(value, float) and math.isnan(value))


def number_of(value: Any, field: str, *, from_text: bool) -> Number | None:
    """The number in a field, None if it is missing. RecordFault if it is neither.

    Text that writes a number out counts as one with `from_text`, as in files that have nothing but text.
    """
    if is_missing(value):
        return None
    number = number_in(value) if from_text and isinstance(value, str) else value
    if type(number) not in (int, float):
        found = f"text {shown(repr(value), 60)}" if isinstance(value, str) else kind_of(value)
        raise RecordFault(f"must be a number, got {found}", field)
    return finite(number, field)


def finite(number: Any, field: str) -> Number:
    """The number itself. RecordFault if no float can hold it."""
    try:
        is_finite = math.isfinite(number)
    except OverflowError:
        is_finite = False
    if not is_finite:
        raise RecordFault("a number beyond what can be computed with", field)
    return number  # type: ignore[no-any-return]
