"""The form as YAML for people: what differs from the defaults, explained; and edited text back into a form, or what is wrong with it.

Pure text. Values stand as they were typed where they are not sound, so that nothing is lost on the way.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import Any

import yaml

from phi_core.config.option import OptionSpec, items
from phi_core.config.problems import NONE_WORDS, SPECS
from phi_core.config.yaml_file import dump, dump_values, parse_values
from phi_core.errors import ConfigError, Problem
from phi_tui.draft import Draft, default_text, draft_from, explained

HEADER = """\
# The form of phi's Train tab. Save and leave the editor: the form takes over what stands here.
# An option that stands nowhere, or after a #, has its default. Leave without saving to change nothing.
"""
WIDTH = 100


@dataclass(frozen=True)
class Edited:
    """`draft` None: the text is no YAML. `problems` are those that the form did not have before, each with its line."""

    draft: Draft | None
    problems: tuple[Problem, ...]


def yaml_of(draft: Draft) -> str:
    """Only what differs from the defaults."""
    values = {name: yaml_value(SPECS[name], draft.texts[name]) for name in SPECS if name in draft.texts}
    return dump_values(values) if values else ""


def whole_yaml(draft: Draft) -> str:
    """Every option, as it is saved; of a form with problems, what differs from the defaults."""
    config = draft.checked.config
    return yaml_of(draft) if config is None else dump(config)


def form_text(draft: Draft) -> str:
    """What the editor gets: the changed options explained, then the others after a #, in their groups."""
    changed = [name for name in SPECS if name in draft.texts]
    parts = [HEADER, *(_explained_line(name, draft.texts[name]) for name in changed)]
    others = (spec for name, spec in SPECS.items() if name not in draft.texts)
    parts += [_others(group, tuple(found)) for group, found in groupby(others, key=lambda spec: spec.group)]
    return "\n".join(parts)


def edited(text: str, before: Draft) -> Edited:
    """What the text means for the form. `before` is the form as it was: what was wrong with it already may stay so."""
    try:
        values = parse_values(text, source="the text")
    except ConfigError as error:
        return Edited(None, (Problem("", error.what, error.remedy),))
    draft, unknown = draft_from(values)
    known = {str(problem) for problem in before.checked.problems}
    wrong = [problem for problem in draft.checked.problems if str(problem) not in known]
    return Edited(draft, tuple(_with_line(problem, text) for problem in (*unknown, *wrong)))


def fragment(text: str) -> Mapping[str, Any]:
    """The options of pasted YAML, {} if it is none: every name must be an option, so that prose stays prose."""
    if ":" not in text:
        return {}
    try:
        values = parse_values(text, source="")
    except ConfigError:
        return {}
    return values if values and all(name in SPECS for name in values) else {}


def yaml_value(spec: OptionSpec, text: str) -> Any:
    """A field's text as YAML holds it, the text itself where it is no value of its kind."""
    word = text.strip().lower()
    if word in NONE_WORDS and (spec.nullable or spec.kind == "list"):
        return [] if spec.kind == "list" and not spec.nullable else None
    if spec.kind == "list":
        return list(items(text))
    if spec.kind == "flag":
        return {"true": True, "false": False}.get(word, text)
    if spec.kind in ("integer", "number"):
        return _number(spec, text)
    return text


def _number(spec: OptionSpec, text: str) -> Any:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _explained_line(name: str, text: str) -> str:
    spec = SPECS[name]
    return f"{_comment(explained(spec).removeprefix(f'{name}: '))}{_line(spec, text)}\n"


def _others(group: str, specs: tuple[OptionSpec, ...]) -> str:
    lines = {spec: _line(spec, default_text(spec)) for spec in specs}
    width = max(map(len, lines.values()))
    rows = (f"# {line:<{width}}  # {spec.explanation}" for spec, line in lines.items())
    return "\n".join([f"# {group}", *rows, ""])


def _line(spec: OptionSpec, text: str) -> str:
    """The option on one line, a list between brackets."""
    value = yaml.safe_dump(
        [yaml_value(spec, text)], default_flow_style=True, allow_unicode=True, width=10_000
    )
    return f"{spec.name}: {value.strip()[1:-1]}"


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in wrap(text, WIDTH))


def _with_line(problem: Problem, text: str) -> Problem:
    """The problem with the line on which its option stands."""
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(rf"[\"']?{re.escape(problem.where)}[\"']?\s*:", line):
            return Problem(f"line {number}, {problem.where}", problem.what, problem.remedy)
    return problem
