"""Conditions on one field of a row, as people type them: `score >= 0.5`, `city = "New York"`, `answer exists`.

Nothing that is typed is ever run. A field is missing if the row has none, or null, or empty text, or NaN; such a row
meets only `missing` and `!=`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from json import dumps
from typing import Any

from phi_core.data.field_number import Number, is_missing, number_in
from phi_core.data.records import RecordFault, kind_of, shown
from phi_core.errors import DataError

Row = Mapping[str, Any]

PATTERN_LIMIT = 200
TEXT_LIMIT = 10_000
"""Characters that `matches` looks at; a longer text is a fault, for a pattern may take its square in time."""

_FORMS = (
    "FIELD = VALUE (or != < <= > >=), FIELD contains TEXT, FIELD matches PATTERN, FIELD exists, FIELD missing"
)
_COMPARED = re.compile(r"\s*(.+?)(?:\s*(<=|>=|!=|==?|<|>)|\s+(contains|matches)\s)\s*(.*?)\s*", re.DOTALL)
_SIGNS = re.compile(r"[<>=!]*[<>=]|!(?=\s)")
_MEANT = {"=>": ">=", "=<": "<=", "<>": "!=", "><": "!=", "=!": "!=", "!==": "!=", "===": "="}
_PRESENT = re.compile(r"\s*(.+?)\s+(exists|missing)\s*", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """`accepts` tells whether a row stays; RecordFault if its value cannot be compared."""

    text: str
    field: str
    accepts: Callable[[Row], bool]
    may_be_unknown: bool = False
    """It makes sense for a field that no row has."""


def condition(text: str) -> Condition:
    """A condition as typed. DataError if it is none."""
    if compared := _COMPARED.fullmatch(text):
        field, sign, word, value = compared.groups()
        if word:
            return Condition(text, field, _on_text(word, field, _unquoted(value), text))
        if more := _SIGNS.match(value):
            raise _no_operator(text, sign + more[0])
        return Condition(text, field, _comparison(sign.replace("==", "="), field, value))
    if present := _PRESENT.fullmatch(text):
        field, word = present.groups()
        wanted = word == "missing"
        return Condition(text, field, lambda row: is_missing(row.get(field)) == wanted, may_be_unknown=True)
    raise DataError(f"filter {shown(text)} is no condition", remedy=f"Write {_FORMS}")


def _no_operator(text: str, signs: str) -> DataError:
    meant = f"Did you mean {_MEANT[signs]}?" if signs in _MEANT else f"Write {_FORMS}"
    what = f"filter {shown(text)}: {shown(signs)} is no operator"
    return DataError(what, remedy=f"{meant} A value that begins with such a sign stands in quotes")


def _comparison(sign: str, field: str, typed: str) -> Callable[[Row], bool]:
    value: str | Number = _unquoted(typed)
    if value == typed and (number := number_in(typed)) is not None:
        value = number
    if sign in ("=", "!="):
        return lambda row: _is_equal(row.get(field), value) == (sign == "=")
    return partial(_is_ordered, _ORDERS[sign], field, value)


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _is_equal(found: Any, value: str | Number) -> bool:
    """As numbers where both are, else as text."""
    if is_missing(found):
        return value == "" and found == ""
    if not isinstance(value, str):
        return _number(found) == value
    return _text(found) == value


def _is_ordered(order: Callable[[Any, Any], bool], field: str, value: str | Number, row: Row) -> bool:
    found = row.get(field)
    if is_missing(found):
        return False
    ours = (found if isinstance(found, str) else None) if isinstance(value, str) else _number(found)
    if ours is None:
        wanted = "text" if isinstance(value, str) else "a number"
        raise RecordFault(f"must be {wanted} to be compared, got {_described(found)}", field)
    return order(ours, value)


def _on_text(word: str, field: str, value: str, condition_text: str) -> Callable[[Row], bool]:
    if word == "contains":
        return lambda row: not is_missing(row.get(field)) and value in _text(row[field])
    pattern = _pattern(value, condition_text)

    def matches(row: Row) -> bool:
        text = "" if is_missing(row.get(field)) else _text(row[field])
        if len(text) > TEXT_LIMIT:
            what = f"longer than {TEXT_LIMIT:,} characters, which is the limit of matches"
            raise RecordFault(what, field, remedy="Use contains")
        return bool(text) and pattern.search(text) is not None

    return matches


def _pattern(value: str, condition_text: str) -> re.Pattern[str]:
    name = f"filter {shown(condition_text)}"
    if len(value) > PATTERN_LIMIT:
        raise DataError(f"{name} has a pattern of {len(value)} characters; at most {PATTERN_LIMIT}")
    if _repeats_a_repeat(value):
        what = f"{name} repeats a group that itself repeats, which can take for ever"
        raise DataError(what, remedy="Write (a+)+ as a+")
    try:
        return re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise DataError(f"{name} has no valid pattern: {shown(str(error))}") from None


def _repeats_a_repeat(pattern: str) -> bool:
    """Whether a group with an open-ended repeat in it is repeated open-endedly."""
    simple = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "x", pattern, flags=re.DOTALL)
    open_ended = r"(?:[*+]|\{\d*,\})"
    inside = [False]
    for token in re.finditer(rf"\(|\){open_ended}|\)|{open_ended}", simple):
        if token[0] == "(":
            inside.append(False)
        elif not token[0].startswith(")"):
            inside[-1] = True
        elif len(inside) > 1:
            repeats = inside.pop()
            if repeats and len(token[0]) > 1:
                return True
            inside[-1] = inside[-1] or repeats or len(token[0]) > 1
    return False


def _unquoted(value: str) -> str:
    """The text between quotes, if a value stands in them."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _number(found: Any) -> Number | None:
    return number_in(found) if isinstance(found, str) else found if type(found) in (int, float) else None


def _text(found: Any) -> str:
    """Text as it is, and other values as JSON writes them."""
    return found if isinstance(found, str) else dumps(found, ensure_ascii=False, default=str)


def _described(found: Any) -> str:
    return f"text {shown(repr(found), 60)}" if isinstance(found, str) else kind_of(found)
