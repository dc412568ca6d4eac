"""The space of a search: which options vary, and over what. Text in, checked dimensions or *all* problems out.

    1e-5..1e-3:log    a range, drawn evenly in the logarithm; without :log evenly in the value
    8..34             a range of a whole-number option: whole numbers, both ends included
    8,13,21,34        choices; of an option that is a list they stand between bars: q_proj,v_proj|auto

Each value is checked as the option's declaration has it. Options that change what the validation loss is measured on,
or that cannot change it, are refused: their losses could not be compared. Knows nothing about runs.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from phi_core.config.option import OptionSpec, shown
from phi_core.config.problems import SPECS, check, nearest
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError, Problem

Values = Mapping[str, Any]
DIGITS = 4
"""Significant digits of a number drawn from a range: what is tried is what is shown."""
MOST_STEPS = 20
"""A range of whole numbers up to this many is a list of choices for a grid."""
SEARCHED_GROUPS = ("Adapter", "Training")
SEARCHED_BESIDES = ("mixture", "mixture_weights", "dtype")
WITHOUT_EFFECT = ("Run", "Speed")


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included."""

    name: str
    low: float
    high: float
    is_log: bool
    is_whole: bool

    @property
    def text(self) -> str:
        return f"{self.low!r}..{self.high!r}{':log' if self.is_log else ''}"

    @property
    def steps(self) -> tuple[int, ...] | None:
        """Every value, None if there are too many to be listed."""
        if not self.is_whole or self.high - self.low >= MOST_STEPS:
            return None
        return tuple(range(int(self.low), int(self.high) + 1))

    def draw(self, draws: random.Random) -> float:
        if self.is_whole and not self.is_log:
            return draws.randint(int(self.low), int(self.high))
        low, high = (math.log(self.low), math.log(self.high)) if self.is_log else (self.low, self.high)
        value = draws.uniform(low, high)
        return self.rounded(math.exp(value) if self.is_log else value)

    def rounded(self, value: float) -> float:
        """A whole number, or one of few digits; inside the range."""
        near = round(value) if self.is_whole else float(f"{value:.{DIGITS}g}")
        return min(max(near, self.low), self.high)

    def holds(self, value: Any) -> bool:
        return _is_number(value) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choices:
    """Two values or more, as the configuration holds them."""

    name: str
    values: tuple[Any, ...]

    @property
    def text(self) -> str:
        return ("|" if SPECS[self.name].kind == "list" else ",").join(typed(value) for value in self.values)

    @property
    def steps(self) -> tuple[Any, ...]:
        return self.values

    def draw(self, draws: random.Random) -> Any:
        return draws.choice(self.values)

    def holds(self, value: Any) -> bool:
        return value in self.values


Dimension = Range | Choices
Space = tuple[Dimension, ...]


def parse_space(given: Mapping[str, Any], config: TrainingConfig) -> tuple[Space, list[Problem]]:
    """The dimensions, and every problem. A value is text as above, or a list of choices as YAML has it.

    Each value must be legal beside the other options of `config`.
    """
    space: list[Dimension] = []
    problems: list[Problem] = []
    for name, wanted in given.items():
        if why := _not_searched(name):
            problems.append(why)
            continue
        dimension, found = _dimension(SPECS[name], wanted, config)
        problems += found
        if dimension and not found:
            space.append(dimension)
    return tuple(space), problems


def words_of_space(words: Sequence[str]) -> tuple[dict[str, str], list[Problem]]:
    """`name=values` words as a mapping, and those that are none or come twice."""
    given: dict[str, str] = {}
    problems = []
    for word in words:
        name, equals, values = word.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            problems.append(Problem("space", f"{word!r} is not NAME=VALUES", "Such as lora_r=8,13,21"))
        elif name in given:
            problems.append(Problem(name, "is in the space twice"))
        else:
            given[name] = values
    return given, problems


def grid(space: Space) -> Iterator[dict[str, Any]]:
    """Every combination, the last option changing fastest. ConfigError for ranges that cannot be listed."""
    problems = [
        Problem(dimension.name, f"a grid cannot list the range {dimension.text}", "Give choices: a,b,c")
        for dimension in space
        if dimension.steps is None
    ]
    if problems:
        raise ConfigError("method grid needs choices", problems)
    names = [dimension.name for dimension in space]
    return (dict(zip(names, row, strict=True)) for row in product(*(d.steps or () for d in space)))


def size(space: Space) -> int | None:
    """How many settings there are, None where a range cannot be listed."""
    steps = [dimension.steps for dimension in space]
    return None if None in steps else math.prod(len(values or ()) for values in steps)


def typed(value: Any) -> str:
    """A value as text that gives the same value when it is typed."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, tuple) and value and all(isinstance(item, float) for item in value):
        return ",".join(map(repr, value))
    return shown(value) or "none"


def as_flags(values: Values) -> list[str]:
    """The settings as words of a command."""
    return [word for name, value in values.items() for word in _flag(name, value)]


def _flag(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no_{name}"]
    return [f"--{name}", typed(value)]


def _not_searched(name: str) -> Problem | None:
    """Why this option cannot be searched."""
    if name not in SPECS:
        return Problem(name, "unknown option", nearest(name, list(SPECS)) or "`phi train --help` lists them")
    group = SPECS[name].group
    if name == "seed":
        return Problem(
            name, "is not searched: a lucky seed is no setting", "The best are repeated with others"
        )
    if group in SEARCHED_GROUPS or name in SEARCHED_BESIDES:
        return None
    if group in WITHOUT_EFFECT:
        return Problem(name, "is not searched: the validation loss does not depend on what it sets")
    if group in ("Data", "Model"):
        return Problem(name, "is not searched: it changes what the validation loss is measured on")
    return None


def _dimension(
    spec: OptionSpec, wanted: Any, config: TrainingConfig
) -> tuple[Dimension | None, list[Problem]]:
    if isinstance(wanted, list | tuple):
        return _choices(spec, list(wanted), config)
    text = str(wanted).strip()
    if ".." in text and spec.kind in ("integer", "number"):
        return _range(spec, text, config)
    parts = text.split("|") if spec.kind == "list" else text.split(",")
    return _choices(spec, [part.strip() for part in parts], config)


def _choices(
    spec: OptionSpec, wanted: Sequence[Any], config: TrainingConfig
) -> tuple[Dimension | None, list[Problem]]:
    values, problems = _checked(spec, wanted, config)
    if not problems and len(set(values)) < len(values):
        problems.append(Problem(spec.name, "a choice is given twice"))
    if not problems and len(values) < 2:
        remedy = f"Give two, or set it: --{spec.name} {typed(values[0])}" if values else "Give two"
        problems.append(Problem(spec.name, f"{'one value is' if values else 'nothing is'} no choice", remedy))
    return Choices(spec.name, values), problems


def _range(spec: OptionSpec, text: str, config: TrainingConfig) -> tuple[Dimension | None, list[Problem]]:
    ends, _, scale = text.partition(":")
    low_text, _, high_text = ends.partition("..")
    values, problems = _checked(spec, (low_text, high_text), config)
    if scale not in ("", "log"):
        problems.append(Problem(spec.name, f"{scale!r} is no scale", "Use :log, or nothing"))
    if problems:
        return None, problems
    low, high = values
    if not (_is_number(low) and _is_number(high)):
        return None, [Problem(spec.name, f"{text!r} is no range of numbers", "Such as 8..64")]
    if low >= high:
        return None, [Problem(spec.name, f"the range {text} ends before it begins")]
    if scale == "log" and low <= 0:
        return None, [Problem(spec.name, f"the range {text} cannot be logarithmic", "Begin above 0")]
    return Range(spec.name, low, high, scale == "log", spec.kind == "integer"), []


def _checked(
    spec: OptionSpec, wanted: Sequence[Any], config: TrainingConfig
) -> tuple[tuple[Any, ...], list[Problem]]:
    """The values as the configuration holds them, and the problems of those that it cannot hold."""
    values, problems = [], []
    for item in wanted:
        result = check({**config.model_dump(), spec.name: item})
        problems += [p if p.where == spec.name else Problem(spec.name, str(p)) for p in result.problems]
        if result.config is not None:
            values.append(getattr(result.config, spec.name))
    return tuple(values), problems


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
