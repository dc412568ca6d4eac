"""Jinja templates of strangers, rendered as transformers' apply_chat_template does: same sandbox, same white-space
rules, same filter and functions. Unlike there, a template is told a day that does not change, and may not run away.

Knows nothing about what a template should write.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date as Day
from datetime import datetime, time
from functools import cache
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.utils import Namespace

from phi_core.chat.template_limits import LimitedEnvironment, limited, work_limit
from phi_core.errors import ModelError
from phi_core.plain_text import one_line

FIXED_DATE = "{% macro strftime_now(form) %}01 Jan 2026{% endmacro %}"
"""Put before a template, it writes this date instead of today's."""


def render_template(
    template: str,
    messages: Sequence[Mapping[str, str]],
    *,
    special_tokens: Mapping[str, str],
    generation: bool,
    date: str = "",
) -> str:
    """What the template writes. ModelError if it is broken, refuses the messages, or has no end.

    `date` is the ISO day that it is told when it asks for today's; "" is today.
    """
    values: dict[str, Any] = {"tools": None, "documents": None, **special_tokens, "messages": messages}
    values["strftime_now"] = datetime.combine(
        Day.fromisoformat(date) if date else Day.today(), time()
    ).strftime
    try:
        with work_limit(sum(len(message["content"]) for message in messages)):
            return compiled(template).render(**values, add_generation_prompt=generation)
    except MemoryError:
        raise ModelError("the chat template needs more memory than there is") from None
    except RecursionError:
        raise ModelError("the chat template calls itself without end") from None
    except (
        jinja2.TemplateError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        raise ModelError(f"the chat template refuses these messages: {one_line(str(error))}") from None


def asks_for_date(template: str) -> bool:
    """Whether what the template writes depends on the day."""
    return "strftime_now" in template


@cache
def compiled(template: str) -> jinja2.Template:
    """ModelError, with the line, if it is no Jinja."""
    environment = LimitedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTag, loopcontrols]
    )
    environment.filters["tojson"] = limited("tojson", _to_json)
    environment.globals |= {
        "raise_exception": _raise,
        "namespace": _Namespace,
        "dict": lambda *pairs, **values: dict(*pairs, **values),
    }
    try:
        return environment.from_string(template)
    except jinja2.TemplateSyntaxError as error:
        raise ModelError(
            f"the chat template is broken at line {error.lineno}: {one_line(str(error.message))}"
        ) from None
    except (jinja2.TemplateError, RecursionError, MemoryError, ValueError, SyntaxError) as error:
        raise ModelError(f"the chat template is broken: {one_line(str(error))}") from None


class _GenerationTag(Extension):
    """`{% generation %}…{% endgeneration %}` marks answers in some templates; its content is rendered as it is."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Namespace(Namespace):
    """Jinja's namespace without names of Python's own: templates come from strangers."""

    def __init__(self, *pairs: Any, **values: Any) -> None:
        super().__init__(*pairs, **values)
        for name in dict(*pairs, **values):
            _require_own_name(name)

    def __setitem__(self, name: str, value: Any) -> None:
        _require_own_name(name)
        super().__setitem__(name, value)


def _require_own_name(name: str) -> None:
    if str(name).startswith("_"):
        raise SecurityError(f"a namespace may not hold {name!r}")


def _to_json(value: Any, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=False, **options)


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)
