"""Several runs from one configuration: which options take which values. Words in; every combination, checked, or all problems out.

    learning_rate=1e-4,2e-4 seed=1,2       four runs
    lora_targets=q_proj,v_proj|auto        values of an option that is a list stand between bars

A value with spaces stands in quotes. Nothing is read and nothing is made here.
"""

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from phi_core.config.problems import NONE_WORDS, SPECS, check, nearest
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError, Problem

MOST_RUNS = 64
FORM = "Such as learning_rate=1e-4,2e-4 seed=1,2"


@dataclass(frozen=True)
class Variant:
    """`values` are the texts of the options that vary; `config` is the whole configuration with them."""

    values: Mapping[str, str]
    config: TrainingConfig

    @property
    def label(self) -> str:
        """What tells this run from the others."""
        return _label(self.values)


def variants(words: str, given: Mapping[str, Any]) -> tuple[Variant, ...]:
    """Every combination over the configuration `given`, the last option changing fastest. ConfigError with every problem."""
    values, problems = _values(words)
    count = math.prod(len(texts) for texts in values.values())
    if not problems and count > MOST_RUNS:
        problems.append(Problem("", f"these are {count:,} runs", f"At most {MOST_RUNS} are made at once"))
    if problems:
        raise ConfigError("the values cannot be read", problems)
    rows = [dict(zip(values, row, strict=True)) for row in product(*values.values())]
    return _checked(rows, given)


def _checked(rows: Sequence[Mapping[str, str]], given: Mapping[str, Any]) -> tuple[Variant, ...]:
    found: dict[Problem, list[str]] = {}
    made = []
    for row in rows:
        result = check({**given, **row})
        for problem in result.problems:
            found.setdefault(problem, []).append(_label(row))
        if result.config is not None:
            made.append(Variant(row, result.config))
    problems = [_of(problem, labels, len(rows)) for problem, labels in found.items()]
    problems += _together(made)
    if problems:
        raise ConfigError(f"{len(rows)} runs cannot be made", problems)
    return tuple(made)


def _of(problem: Problem, labels: Sequence[str], count: int) -> Problem:
    """The problem, with the combination that it is of unless it is of all."""
    if len(labels) == count:
        return problem
    more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
    return Problem(problem.where, f"{problem.what} (with {labels[0]}{more})", problem.remedy)


def _together(made: Sequence[Variant]) -> list[Problem]:
    """What hinders sound runs from standing beside each other."""
    configs = [variant.config for variant in made]
    twice = next((variant for at, variant in enumerate(made) if variant.config in configs[:at]), None)
    problems = [Problem("", f"{twice.label} stands there twice")] if twice else []
    named = [config.output_dir for config in configs if config.output_dir]
    if len(set(named)) < len(named):
        problems.append(Problem("output_dir", "is one directory for several runs", "Set it to none"))
    return problems


def _values(words: str) -> tuple[dict[str, list[str]], list[Problem]]:
    """The texts of each option that varies, and the words that are none."""
    try:
        pairs = _words(words)
    except ValueError:
        return {}, [Problem("", "a quote is not closed")]
    if not pairs:
        return {}, [Problem("", "nothing varies", FORM)]
    found: dict[str, list[str]] = {}
    problems = []
    for pair in pairs:
        name, equals, texts = pair.partition("=")
        name = name.strip().replace("-", "_")
        problem = _not_a_pair(pair, name, equals, found)
        if problem:
            problems.append(problem)
            continue
        found[name] = [text.strip() for text in texts.split("|" if SPECS[name].kind == "list" else ",")]
        if not all(found[name]):
            problems.append(Problem(name, "a value is missing", FORM))
    return found, problems


def _not_a_pair(pair: str, name: str, equals: str, found: Mapping[str, Any]) -> Problem | None:
    if not equals:
        return Problem("", f"{pair!r} is not OPTION=VALUE,VALUE", FORM)
    if name not in SPECS:
        known = nearest(name, list(SPECS))
        return Problem(name, "unknown option", known or "`phi train --help` lists all options")
    return Problem(name, "stands there twice") if name in found else None


def _words(text: str) -> list[str]:
    """At white space outside quotes; a backslash stays what it is."""
    reader = shlex.shlex(text, posix=True, punctuation_chars=False)
    reader.whitespace_split, reader.escape, reader.commenters = True, "", ""
    return list(reader)


def _label(values: Mapping[str, str]) -> str:
    return " ".join(
        f"{name}={'none' if text.lower() in NONE_WORDS else text}" for name, text in values.items()
    )
