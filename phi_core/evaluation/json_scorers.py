"""Scorers of form: is an answer JSON, and does it keep a JSON schema?

The answer as it is, white space around it not counted, and one Markdown fence around the whole of it (``` or ```json)
not either: a sentence before or after makes it no JSON. NaN and Infinity are no JSON. Nothing is fetched: a `$ref` points
into its own schema. Knows nothing about questions or files.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*(?:json|JSON)?[ \t]*\n(.*)\n[ \t]*\1", re.DOTALL)
_MOST_DIGITS = 4000
"""A longer whole number is read as a float: Python refuses to read it as an int."""
_PROBES: tuple[Any, ...] = (None, True, 0, "", [], {})


def is_json(answer: str, reference: str) -> float:
    """1 if the answer is one JSON value of any kind, else 0; a code fence around it does not count. Has no reference."""
    return float(_parsed(answer) is not _NOTHING)


def json_schema(answer: str, reference: str) -> float:
    """1 if the answer is JSON that keeps the JSON schema `reference`, else 0; a code fence around it does not count.

    The draft is the one that `$schema` names, 2020-12 without it; `format` is not checked.
    """
    value = _parsed(answer)
    return float(value is not _NOTHING and _keeps(value, reference))


def schema_fault(reference: str) -> str:
    """Why a text is no JSON schema that can be used here, "" if it is one."""
    try:
        schema = json.loads(reference, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return f"reference is no JSON schema: {error}"
    if not isinstance(schema, dict | bool):
        return f"reference is no JSON schema: it must be a mapping, got {reference[:40]!r}"
    foreign = [target for target in _references(schema) if not target.startswith("#")]
    if foreign:
        return f"reference has the $ref {foreign[0]!r}: nothing is fetched, write the schema in place and refer to #/$defs/…"
    return _fault_in_use(schema, reference)


def _fault_in_use(schema: Any, reference: str) -> str:
    """Bad keywords, and references that lead nowhere or in a circle: those show only when something is checked."""
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing.exceptions import Unresolvable

    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
        validator = _validator(reference)
        for target in _references(schema):
            validator._resolver.lookup(target)  # type: ignore[attr-defined]
        for probe in _PROBES:
            validator.is_valid(probe)
    except SchemaError as error:
        return f"reference is no JSON schema: {error.message} at {error.json_path}"
    except Unresolvable as error:
        return f"reference has a $ref that leads nowhere: {error.ref}"
    except RecursionError:
        return "reference has a $ref that leads in a circle"
    return ""


class _Nothing:
    pass


_NOTHING = _Nothing()


def _parsed(answer: str) -> Any:
    """The value, `_NOTHING` if there is none."""
    text = answer.strip()
    fenced = _FENCE.fullmatch(text)
    try:
        return json.loads(fenced[2] if fenced else text, parse_constant=_refuse, parse_int=_whole_number)
    except (ValueError, RecursionError):
        return _NOTHING


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


def _keeps(value: Any, reference: str) -> bool:
    """A value nested too deep to be looked through does not keep it, and nothing keeps what is not here."""
    from referencing.exceptions import Unresolvable

    try:
        return bool(_validator(reference).is_valid(value))
    except (RecursionError, Unresolvable):
        return False


@lru_cache(maxsize=256)
def _validator(reference: str) -> "Validator":
    """With an empty registry: the library would fetch a remote `$ref` otherwise."""
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    schema = json.loads(reference)
    found = validator_for(schema, default=Draft202012Validator)
    registry: Any = Registry()
    return found(schema, registry=registry)


def _references(schema: Any) -> Iterator[str]:
    """Where the schema refers to, in all its parts."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key in ("$ref", "$dynamicRef") and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for part in schema:
            yield from _references(part)
