"""The form's content as data: what each option's text is, whether it differs from the default, the command it equals.

A draft holds text only, as typed; `config.problems` alone says whether it is right. Knows no widget.
"""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from phi_core.config.option import OptionSpec, items, shown
from phi_core.config.problems import NONE_WORDS, SPECS, Checked, check, nearest
from phi_core.errors import Problem


def known(texts: Mapping[str, str]) -> dict[str, str]:
    """Without the options that there are no more: what is remembered may be of an older phi."""
    return {name: text for name, text in texts.items() if name in SPECS}


@dataclass(frozen=True)
class Draft:
    """`texts` has the options that differ from their default."""

    texts: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return self.texts.get(name, default_text(SPECS[name]))

    def is_changed(self, name: str) -> bool:
        return name in self.texts

    def edited(self, name: str, text: str) -> "Draft":
        """The draft with another text for one option."""
        others = {key: value for key, value in self.texts.items() if key != name}
        return Draft(
            others if _same(SPECS[name], text, default_text(SPECS[name])) else {**others, name: text}
        )

    def with_texts(self, texts: Mapping[str, str]) -> "Draft":
        """The draft with other texts for some options."""
        draft = self
        for name, text in texts.items():
            draft = draft.edited(name, text)
        return draft

    def with_items(self, name: str, added: Iterable[str]) -> str:
        """The text of a list option with these items too."""
        return ",".join(dict.fromkeys([*items(self.text(name)), *added]))

    @cached_property
    def checked(self) -> Checked:
        return check(self.texts)

    @property
    def command(self) -> list[str]:
        """The command line that asks for the same run."""
        given = ((SPECS[name], self.texts[name].strip()) for name in SPECS if name in self.texts)
        return ["phi", "train", *(word for spec, text in given for word in _flag(spec, text))]

    @property
    def command_line(self) -> str:
        return shlex.join(self.command)


def draft_from(values: Mapping[str, Any]) -> tuple[Draft, tuple[Problem, ...]]:
    """The draft of a configuration file's values, and the names that are no options."""
    draft = Draft()
    for name, value in values.items():
        if name in SPECS:
            draft = draft.edited(name, field_text(value))
    unknown = [name for name in values if name not in SPECS]
    return draft, tuple(Problem(name, "unknown option", nearest(name, list(SPECS))) for name in unknown)


KINDS = {
    "integer": "whole number",
    "number": "number",
    "flag": "true or false",
    "choice": "one word",
    "text": "text",
    "list": "list",
}


def explained(spec: OptionSpec) -> str:
    """What the form says of an option in a few lines: meaning, type, unit, range, advice, choices, default."""
    several = "Any of" if spec.kind == "list" else "One of"
    choices = f" {several} {', '.join(spec.choices)}." if spec.choices else ""
    return f"{spec.name}: {spec.help} ({_facts(spec)}).{choices} Default: {default_text(spec) or 'none'}"


def _facts(spec: OptionSpec) -> str:
    """Type with unit, range and advised range."""
    kind = f"list of {spec.needs}" if spec.needs else KINDS[spec.kind]
    words = "".join(f" or {word}" for word in (*spec.words, *(["none"] if spec.nullable else [])))
    unit = f", in {spec.unit}" if spec.unit else ""
    advised = f", advised {spec.advised[0]:g} to {spec.advised[1]:g}" if spec.advised else ""
    bounds = f", {spec.bounds}" if spec.bounds else ""
    return f"{kind}{words}{unit}{bounds}{advised}"


def default_text(spec: OptionSpec) -> str:
    return field_text(spec.default)


def field_text(value: Any) -> str:
    """A value as a field holds it: nothing for none, every digit of a number, a mapping as a list of a=b."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return field_text([f"{name}={field_text(item)}" for name, item in value.items()])
    if isinstance(value, list | tuple):
        return ",".join(field_text(item).replace(",", "\\,") for item in value)
    if isinstance(value, float) and float(shown(value)) != value:
        return repr(value)
    return shown(value)


def canonical(spec: OptionSpec, text: str) -> str:
    """A number as it will be read (2e-4 becomes 0.0002); any other text, a word for a number too, as it is."""
    if spec.kind != "number":
        return text
    try:
        return field_text(float(text))
    except ValueError:
        return text


def config_line(path: Path | None, draft: Draft, *, is_saved: bool) -> str:
    """Where the form's values come from, in one line."""
    count = len(draft.texts)
    changed = f"{count} option{'s' if count != 1 else ''} differ{'s' if count == 1 else ''} from the default"
    name = str(path) if path else "new configuration"
    return f"{name} · {changed if count else 'all defaults'} · {'saved' if is_saved else 'not saved'}"


def _flag(spec: OptionSpec, text: str) -> list[str]:
    if spec.kind == "flag":
        return [f"--{spec.name}" if text.lower() == "true" else f"--no_{spec.name}"]
    value = text or ("none" if spec.nullable or spec.kind == "list" else "")
    return [f"--{spec.name}={value}"] if value.startswith("-") else [f"--{spec.name}", value]


def _same(spec: OptionSpec, one: str, other: str) -> bool:
    if spec.kind in ("integer", "number"):
        try:
            return float(one) == float(other)
        except ValueError:
            pass
    may_be_none = spec.nullable or spec.kind == "list"
    if may_be_none and one.strip().lower() in NONE_WORDS and other.strip().lower() in NONE_WORDS:
        return True
    if spec.kind == "list":
        return items(one) == items(other)
    return one.strip() == other.strip()
