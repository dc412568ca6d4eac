"""JSON as its standard has it: no NaN, no key twice in an object. Shared by lines and arrays of objects."""

import json
from collections.abc import Callable
from json.scanner import make_scanner
from typing import Any, NoReturn, cast

from phi_core.data.records import RecordFault, kind_of, shown


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {shown(twice)} stands in one object twice")
    return found


STRICT = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_without_repeated_keys)
SCAN: Callable[[str, int], tuple[Any, int]] = make_scanner(cast(Any, STRICT))
"""SCAN(text, position) is a value and where it ends; StopIteration if none begins there."""
LENIENT = json.JSONDecoder(parse_constant=str, parse_int=str)
"""Finds the end of a value that STRICT refuses though its brackets and quotes are right."""


def refused(error: ValueError | RecursionError) -> RecordFault:
    """The fault of a value that no decoder or only the lenient one takes."""
    reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    return RecordFault(f"not JSON that can be read: {reason}")


def object_or_fault(value: Any) -> dict[str, Any] | RecordFault:
    return value if isinstance(value, dict) else RecordFault(f"must be a JSON object, got {kind_of(value)}")
