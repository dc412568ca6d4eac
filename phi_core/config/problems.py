"""The one validator: values in, a TrainingConfig or *all* problems out.

A command raises them as one ConfigError, a form shows each beside its field. Values may be text as typed in a
flag or field ("2e-4", "false", "none", "q_proj,v_proj"). Warnings never block. Reads no file.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from phi_core.config.adapter_rules import adapter_problems
from phi_core.config.data_rules import data_problems
from phi_core.config.model_rules import model_problems
from phi_core.config.option import OptionSpec, items, shown, specs
from phi_core.config.run_rules import run_problems
from phi_core.config.step_rules import step_notes, step_problems
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError, Problem

RULES = (data_problems, model_problems, adapter_problems, step_problems, run_problems)
"""What must hold between options, each rule a function of the configuration."""
NONE_WORDS = frozenset({"", "none", "null"})
SPECS: Mapping[str, OptionSpec] = {spec.name: spec for spec in specs(TrainingConfig)}


@dataclass(frozen=True)
class Checked:
    """`config` is None exactly if `problems` is not empty."""

    config: TrainingConfig | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()


def check(values: Mapping[str, Any]) -> Checked:
    """Every problem of `values`, and the configuration if there is none."""
    problems = [_unknown(name) for name in values if name not in SPECS]
    known = {name: _as_typed(SPECS[name], value) for name, value in values.items() if name in SPECS}
    try:
        config = TrainingConfig.model_validate(known)
    except ValidationError as error:
        found = dict.fromkeys(
            map(_problem, error.errors())
        )  # a value that fits neither of two types is told once
        return Checked(None, (*problems, *found))
    problems += [problem for rule in RULES for problem in rule(config)]
    return Checked(
        None if problems else config, tuple(problems), (*_advice(config, known), *step_notes(config))
    )


def checked(values: Mapping[str, Any], *, source: str = "the configuration") -> TrainingConfig:
    """The configuration, or a ConfigError that lists every problem."""
    result = check(values)
    if result.config is None:
        count = len(result.problems)
        raise ConfigError(f"{source} has {count} problem{'s' if count > 1 else ''}", result.problems)
    return result.config


def nearest(name: str, known: Sequence[str]) -> str:
    """A sentence naming the nearest known name, "" if none is near."""
    close = get_close_matches(name.replace("-", "_"), known, n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else ""


def _unknown(name: str) -> Problem:
    return Problem(
        name, "unknown option", nearest(str(name), list(SPECS)) or "`phi train --help` lists all options"
    )


def _as_typed(spec: OptionSpec, value: Any) -> Any:
    if (
        isinstance(value, str)
        and value.strip().lower() in NONE_WORDS
        and (spec.nullable or spec.kind == "list")
    ):
        return None if spec.nullable else ()
    if spec.kind == "list":
        return _as_list(value)
    if isinstance(value, bool) and spec.kind in ("integer", "number"):
        return shown(value)  # true is no number, though Python counts it as 1
    return value.strip() if isinstance(value, str) and spec.kind != "text" else value


def _as_list(value: Any) -> Any:
    """A list however it is written: a,b or [a, b], a mapping a: b as a=b, a single value, none."""
    if value is None:
        return ()
    if isinstance(value, str):
        return items(value)
    if isinstance(value, dict):
        return tuple(f"{name}={item}" for name, item in value.items())
    parts = value if isinstance(value, list | tuple) else (value,)
    return tuple(str(part) if type(part) is int else part for part in parts)  # YAML reads block 3 as a number


def _problem(error: ErrorDetails) -> Problem:
    name = str(error["loc"][0]) if error["loc"] else ""
    spec = SPECS.get(name)
    if spec is None:
        return Problem(name, error["msg"])
    return Problem(name, f"{_expected(spec)}, got {_quoted(error['input'])}")


def _expected(spec: OptionSpec) -> str:
    if spec.choices:
        return f"must be {'a list of' if spec.kind == 'list' else 'one of'} {', '.join(spec.choices)}"
    words = {
        "integer": "a whole number",
        "number": "a finite number",
        "flag": "true or false",
        "list": f"a list of {spec.needs}" if spec.needs else "a list of names",
    }
    instead = " ".join(f"or {word}" for word in (*spec.words, *(["none"] if spec.nullable else [])))
    parts = [f"must be {words.get(spec.kind, 'text')}", spec.bounds, instead]
    return " ".join(part for part in parts if part)


def _quoted(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else shown(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _advice(config: TrainingConfig, given: Mapping[str, Any]) -> list[Problem]:
    return [
        Problem(name, f"{shown(value)} is outside the advised {spec.advised[0]:g} to {spec.advised[1]:g}")
        for name, spec in SPECS.items()
        if spec.advised
        and name in given
        and not isinstance(value := getattr(config, name), str)
        and not _within(value, spec.advised)
    ]


def _within(value: float, bounds: tuple[float, float]) -> bool:
    low, high = bounds
    return low <= value <= high or math.isclose(value, low) or math.isclose(value, high)
