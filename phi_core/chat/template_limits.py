"""Jinja's sandbox for templates that come with strangers' models and adapters: it ends, and needs little memory.

The sandbox keeps a template from the machine, but not from `{{ 'a' * 10**12 }}` or loops within loops. Here every
rendering may do a certain amount of *work*, which grows with the conversation: a unit for each character written and
each round of a loop, some for each call of a macro, one for every 64 characters of an intermediate text. What would be larger at
once than all of it is refused before it is made.
"""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

from jinja2 import nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

WORK = 4_000_000
WORK_PER_CHARACTER = 64
_SHARE = 64
_CALL = 8
_LARGEST_POWER = 64
_WIDTH = re.compile(r"\d{5}|\*")
"""A width in a format: one of five digits, or one that is an argument."""

_WIDE = frozenset(
    {
        *("center", "ljust", "rjust", "zfill", "expandtabs", "to_bytes"),
        *("indent", "wordwrap", "batch", "slice", "tojson"),
    }
)
"""Functions that fill up to a width which they are given."""


class _Left(threading.local):
    """The work that is left to the rendering of this thread."""

    work = WORK


_left = _Left()


@contextmanager
def work_limit(num_characters: int) -> Iterator[None]:
    """Within, a template may do as much work as a conversation of so many characters allows."""
    before, _left.work = _left.work, WORK + WORK_PER_CHARACTER * num_characters
    try:
        yield
    finally:
        _left.work = before


def _spend(work: int) -> None:
    _left.work = left = _left.work - work
    if left < 0:
        raise SecurityError("it has no end, or writes far more than the conversation holds")


def _require_room(size: int) -> None:
    if size > _left.work:
        raise SecurityError(f"it makes a text or list of {size:,} items")


class LimitedEnvironment(ImmutableSandboxedEnvironment):
    """Raises SecurityError where the work is used up."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, finalize=_written)
        self.globals.pop("lipsum")  # random text, as much as is asked for
        self.filters = {name: limited(name, filter) for name, filter in self.filters.items()}
        self.filters |= {"_round": _round, "_text": _text}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Every round of a loop and every call of a macro is counted."""
        tree = super()._parse(source, name, filename)
        for loop in list(tree.find_all(nodes.For)):
            _count(loop.body, 1)
        for macro in list(tree.find_all(nodes.Macro)):
            _count(macro.body, _CALL)
        for block in list(tree.find_all(nodes.CallBlock)):
            _count(block.body, _CALL)
        for joined in list(tree.find_all(nodes.Concat)):
            joined.nodes = [_filtered(part, "_text") for part in joined.nodes]
        return tree.set_environment(self)  # type: ignore[return-value]

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "+":
            if isinstance(left, str) and isinstance(right, str):  # what most templates do most: fast
                _spend(1 + (len(left) + len(right)) // _SHARE)
                return left + right
            _require_room(_size(left) + _size(right))
        elif operator == "*":
            _require_room(_size(left) * _times(right) + _size(right) * _times(left))
        elif operator == "**" and not (_times(left) <= 10**9 and _times(right) <= _LARGEST_POWER):
            raise SecurityError("it raises a number to a large power")
        elif operator == "%" and isinstance(left, str):
            _require_format(left, [right])
        return _counted(self.binop_table[operator](left, right))

    def call(self, context: Context, called: Any, /, *given: Any, **named: Any) -> Any:
        owner = getattr(called, "__self__", getattr(getattr(called, "__wrapped__", None), "__self__", None))
        if not isinstance(owner, str | bytes | list | tuple | int):
            return super().call(context, called, *given, **named)
        _require_small(getattr(called, "__name__", ""), (owner, *given), named)
        return _counted(super().call(context, called, *given, **named))


def _count(body: list[nodes.Node], work: int) -> None:
    """Each time that `body` is gone through costs `work`, and the text that stands in it."""
    text = sum(len(part.data) for child in body for part in _constants(child))
    body.insert(0, nodes.ExprStmt(_filtered(nodes.Const(work + text), "_round")))


def _filtered(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None)


def _constants(node: nodes.Node) -> list[nodes.TemplateData]:
    return [node] if isinstance(node, nodes.TemplateData) else list(node.find_all(nodes.TemplateData))


@pass_context
def _written(context: Context, value: Any) -> Any:
    """What stands in `{{ }}`."""
    _spend(len(value) + 1 if isinstance(value, str) else _weight(value))
    return value


@pass_context
def _round(context: Context, cost: int) -> str:
    _spend(cost)
    return ""


@pass_context
def _text(context: Context, value: Any) -> Any:
    """A part of `a ~ b`."""
    _spend(1 + _weight(value) // _SHARE)
    return value


def limited(name: str, filter: Any) -> Any:
    """The filter, refused where it would write too much. What it is passed by Jinja stays what it is."""

    @wraps(filter)
    def within_limits(*given: Any, **named: Any) -> Any:
        given = tuple(list(value) if isinstance(value, Iterator) else value for value in given)
        _require_small(name, given, named)
        return _counted(filter(*given, **named))

    return within_limits


def _require_small(name: str, given: Sequence[Any], named: Mapping[str, Any]) -> None:
    """SecurityError for a call whose result would have more characters than there is work left."""
    values = [*given, *named.values()]
    weight = sum(map(_weight, values))
    texts = [value for value in values if isinstance(value, str)]
    numbers = [abs(value) for value in values if isinstance(value, int)]
    if name == "replace" and len(texts) > 2:
        _require_room(weight + texts[0].count(texts[1]) * len(texts[2]))
    elif name == "join":
        _require_room(weight + sum(map(_size, values)) * max(map(len, texts), default=0))
    elif name in _WIDE:
        rows = max((text.count("\n") + text.count("\t") + 1 for text in texts), default=1)
        _require_room(weight + max([*numbers, *map(len, texts[1:]), 8]) * rows)
    elif name in ("format", "format_map") and texts:
        _require_format(texts[0], values[1:])


def _require_format(pattern: str, values: Any) -> None:
    if _WIDTH.search(pattern) or any(isinstance(value, int) and abs(value) > WORK for value in values):
        raise SecurityError("it formats with a large width")
    _require_room(len(pattern) + (pattern.count("%") + pattern.count("{")) * _weight(values))


def _counted(value: Any) -> Any:
    _spend(1 + _size(value) // _SHARE)
    return value


def _size(value: Any) -> int:
    """Characters of a text, items of a list, words of a number."""
    if isinstance(value, str | bytes | list | tuple):
        return len(value)
    return value.bit_length() // 64 if isinstance(value, int) else 0


def _weight(value: Any) -> int:
    """About the characters of a value as text, all it holds included. SecurityError if that is beyond the work left."""
    if isinstance(value, str):
        return 1 + len(value)
    weight, left = 0, [value]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            left += (*item, *item.values())
        elif isinstance(item, list | tuple):
            left += item
        weight += 1 + (_size(item) if isinstance(item, str | bytes | int) else 0)
        _require_room(max(weight, len(left)))
    return weight


def _times(value: Any) -> int:
    return abs(value) if isinstance(value, int) else 0
