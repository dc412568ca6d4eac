"""The one validator: values in, a TrainingConfig or *all* problems out.

A command raises them as one ConfigError, a form shows each beside its field. Values may be text as typed in a
flag or field ("2e-4", "false", "none", "q_proj,v_proj"). Warnings never block. Reads no file.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from phi_core.config.option import OptionSpec, items, shown, specs
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError, Problem

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
    problems += _between_options(config)
    return Checked(None if problems else config, tuple(problems), tuple(_advice(config, known)))


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
    return tuple(value) if isinstance(value, list | tuple) else (value,)


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


def _between_options(config: TrainingConfig) -> list[Problem]:
    problems = []
    if not config.dataset_path:
        problems.append(Problem("dataset_path", "no dataset given", "Name a file of records"))
    problems += _about_data(config)
    if not config.model_name:
        problems.append(Problem("model_name", "no base model given", "Name a hub id or a local folder"))
    if not config.lora_targets:
        problems.append(
            Problem("lora_targets", "no module to adapt", "Use auto, or names such as q_proj,v_proj")
        )
    if config.dtype == "float16" and config.device == "cpu":
        problems.append(
            Problem("dtype", "float16 on the CPU is many times slower and not trained here", "Use float32")
        )
    return problems


def _about_data(config: TrainingConfig) -> Iterator[Problem]:
    for item in config.columns:
        field, _, column = item.partition("=")
        if not (field.strip() and column.strip()):
            yield Problem("columns", f"must be a list of field=column, got {_quoted(item)}")
    if config.mixture == "weighted" and len(config.mixture_weights) != len(config.dataset_path):
        found = f"{len(config.mixture_weights)} weights for {len(config.dataset_path)} sources"
        yield Problem("mixture_weights", found, "Give one for each source of dataset_path")
    if config.mixture_weights and config.mixture != "weighted":
        yield Problem(
            "mixture_weights", f"mixture {config.mixture} takes no weights", "Set mixture to weighted"
        )
    if any(weight < 0 for weight in config.mixture_weights) or (
        config.mixture_weights and not any(config.mixture_weights)
    ):
        yield Problem("mixture_weights", f"must be ≥ 0 and not all 0, got {shown(config.mixture_weights)}")
    if config.prompt_template and config.prompt_format != "auto":
        found = f"a template of your own and prompt_format {config.prompt_format}"
        yield Problem("prompt_template", found, "Set prompt_format to auto")


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
