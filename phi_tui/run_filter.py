"""Which runs a line of text lets through: all its words must occur, and all its conditions hold. Pure.

tiny seed                  words of the name, the id, the state, the model, the tags
loss<2 learning_rate>=1e-4 figures, and options of the run's configuration; <, <=, >, >=, =, !=
state:failed tag:base      a text that holds another
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from phi_core.config.problems import SPECS
from phi_core.plain_text import one_line
from phi_core.runs.reader import Run

CONDITION = re.compile(r"([A-Za-z_][\w.]*)(<=|>=|!=|<|>|=|:)(.*)", re.DOTALL)
COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def _last(kind: str, name: str) -> Callable[[Run], Any]:
    def figure(run: Run) -> float | None:
        event = run.last(kind)
        return event.number(name) if event else None

    return figure


FIGURES: Mapping[str, Callable[[Run], Any]] = {
    "loss": _last("step", "loss"),
    "validation_loss": _last("evaluation", "validation_loss"),
    "val": _last("evaluation", "validation_loss"),
    "grad_norm": _last("step", "grad_norm"),
    "tokens_per_second": _last("step", "tokens_per_second"),
    "peak_memory_gib": _last("step", "peak_memory_gib"),
    "step": lambda run: run.step,
    "total_steps": lambda run: run.total_steps,
    "state": lambda run: run.state,
    "name": lambda run: run.name,
    "id": lambda run: run.id,
    "model": lambda run: run.config.get("model_name"),
    "tag": lambda run: run.labels.get("tags"),
    "note": lambda run: run.labels.get("note"),
}
"""What may be asked of besides the options. The figures are those of the newest step."""


@dataclass(frozen=True)
class Condition:
    key: str
    sign: str
    value: str


@dataclass(frozen=True)
class Filter:
    """`problem` names what of the text cannot be asked; that part lets everything through."""

    words: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    problem: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.words or self.conditions or self.problem)

    def lets_through(self, run: Run) -> bool:
        text = _words_of(run) if self.words else ""
        return all(word in text for word in self.words) and all(_holds(run, told) for told in self.conditions)


def filter_from(text: str, options: Collection[str] = ()) -> Filter:
    """`options`: those of the listed runs' configurations, besides the ones that this version knows."""
    words: list[str] = []
    conditions: list[Condition] = []
    problem = ""
    for part in text.split():
        match = CONDITION.fullmatch(part)
        if match is None:
            words.append(part.casefold())
            continue
        condition = Condition(*match.groups())
        trouble = _trouble(condition, options)
        problem = problem or trouble
        if not trouble and condition.value:
            conditions.append(condition)
    return Filter(tuple(words), tuple(conditions), problem)


def options_of(runs: Iterable[Run]) -> frozenset[str]:
    return frozenset(str(name) for run in runs for name in run.config)


def count_words(num_shown: int, num_all: int) -> str:
    return f"{num_shown} of {num_all} run{'s' if num_all != 1 else ''}"


def _trouble(condition: Condition, options: Collection[str]) -> str:
    known = {*FIGURES, *SPECS, *options}
    if condition.key not in known:
        near = get_close_matches(condition.key, sorted(known), n=1)
        return f"{one_line(condition.key, 30)} is no option or figure" + (f": {near[0]}?" if near else "")
    if condition.value and condition.sign in COMPARED and _number(condition.value) is None:
        return f"{one_line(condition.value, 20)} is no number: {condition.key}{condition.sign}1e-4"
    return ""


def _words_of(run: Run) -> str:
    tags = run.labels.get("tags")
    listed: Sequence[Any] = tags if isinstance(tags, list) else ()
    model = run.config.get("model_name") or run.about.get("base_model") or ""
    return " ".join(map(str, (run.name, run.id, run.state, model, *listed))).casefold()


def _holds(run: Run, condition: Condition) -> bool:
    value = FIGURES[condition.key](run) if condition.key in FIGURES else run.config.get(condition.key)
    if condition.sign in COMPARED:
        number, limit = _number(value), _number(condition.value)
        return number is not None and limit is not None and COMPARED[condition.sign](number, limit)
    if condition.sign == ":":
        return condition.value.casefold() in _text(value)
    return _equals(value, condition.value) == (condition.sign == "=")


def _equals(value: Any, told: str) -> bool:
    number, other = _number(value), _number(told)
    return number == other if number is not None and other is not None else _text(value) == told.casefold()


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _text(value: Any) -> str:
    parts = value if isinstance(value, list | tuple) else () if value is None else (value,)
    return " ".join(map(str, parts)).casefold()
