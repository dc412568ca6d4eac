"""Statistics: what the scores of several models on the same questions are worth.

Answers in; per model its mean score, per adapter the paired difference against the base with a bootstrap interval and
a verdict, and how many answers are identical. Pairs are the questions that both models have a score for. Knows
nothing about engines or files.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from phi_core.chat.engine import BASE
from phi_core.evaluation.answers import Answer

Verdict = Literal["better", "worse", "no difference shown", "undecided"]

CONFIDENCE = 0.95
NUM_RESAMPLES = 2000
MIN_SCORED = 10
"""With fewer pairs than this no verdict is given: the interval would be too narrow to be believed."""


@dataclass(frozen=True)
class TargetSummary:
    """One model's answers. `mean_score` is None if none has a score."""

    target: str
    answers: int
    failed: int
    scored: int
    mean_score: float | None
    tokens: int
    seconds: float


@dataclass(frozen=True)
class Difference:
    """One adapter against the base on `scored` pairs; `mean`, `low` and `high` are None without any.

    `low` and `high` bound the mean difference with 95 % confidence. `identical` of `compared` answers are the same text.
    """

    target: str
    scored: int
    mean: float | None
    low: float | None
    high: float | None
    wins: int
    ties: int
    losses: int
    identical: int
    compared: int
    verdict: Verdict

    @property
    def changes_nothing(self) -> bool:
        return self.compared > 0 and self.identical == self.compared

    def sentence(self) -> str:
        """The verdict with the figures that it rests on."""
        if self.verdict == "undecided":
            return (
                f"{self.target}: undecided: only {_counted(self.scored, 'scored question')}{self._figures()}"
            )
        worded = self.verdict if self.verdict == "no difference shown" else f"{self.verdict} than base"
        return f"{self.target}: {worded}{self._figures()}"

    def warning(self) -> str:
        """A sentence if the adapter changes no answer, "" if it changes one."""
        if not self.changes_nothing:
            return ""
        return f"{self.target} changes no answer: {self.identical} of {self.compared} are the base's, word for word"

    def _figures(self) -> str:
        if self.mean is None or self.low is None or self.high is None:
            return ""
        interval = f"mean difference {self.mean:+.3f}, 95 % interval {self.low:+.3f} to {self.high:+.3f}"
        counts = f"{_counted(self.scored, 'question')}: {self.wins} won, {self.ties} tied, {self.losses} lost"
        return f" ({interval}; {counts})"


@dataclass(frozen=True)
class Summary:
    targets: tuple[TargetSummary, ...]
    differences: tuple[Difference, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        failed = [f"{t.target}: {_counted(t.failed, 'question')} failed" for t in self.targets if t.failed]
        return (
            *failed,
            *(difference.warning() for difference in self.differences if difference.changes_nothing),
        )


def summarise(answers: Iterable[Answer], *, base: str = BASE) -> Summary:
    """The base first, then the others in the order in which they first answered."""
    by_target: dict[str, dict[str, Answer]] = {base: {}}
    for answer in answers:
        by_target.setdefault(answer.model, {})[answer.id] = answer
    targets = tuple(
        _target_summary(target, tuple(given.values())) for target, given in by_target.items() if given
    )
    adapters = [target for target in by_target if target != base and by_target[base]]
    return Summary(
        targets, tuple(_difference(target, by_target[base], by_target[target]) for target in adapters)
    )


def paired_interval(
    differences: Sequence[float], *, num_resamples: int = NUM_RESAMPLES, seed: int = 42
) -> tuple[float, float]:
    """Percentile bootstrap of the mean (Efron 1979): the 2.5 % and 97.5 % quantiles of the means of resamples."""
    draws, size = random.Random(seed), len(differences)
    means = sorted(fmean(draws.choices(differences, k=size)) for _ in range(num_resamples))
    tail = (1 - CONFIDENCE) / 2
    return _quantile(means, tail), _quantile(means, 1 - tail)


def _target_summary(target: str, answers: Sequence[Answer]) -> TargetSummary:
    scores = [answer.score for answer in answers if answer.score is not None]
    return TargetSummary(
        target=target,
        answers=sum(answer.is_given for answer in answers),
        failed=sum(not answer.is_given for answer in answers),
        scored=len(scores),
        mean_score=fmean(scores) if scores else None,
        tokens=sum(answer.tokens for answer in answers),
        seconds=sum(answer.seconds for answer in answers),
    )


def _difference(target: str, base: Mapping[str, Answer], adapter: Mapping[str, Answer]) -> Difference:
    pairs = [
        (base[id], adapter[id]) for id in base if id in adapter and base[id].is_given and adapter[id].is_given
    ]
    gains = [b.score - a.score for a, b in pairs if a.score is not None and b.score is not None]
    low, high = paired_interval(gains) if gains else (None, None)
    return Difference(
        target=target,
        scored=len(gains),
        mean=fmean(gains) if gains else None,
        low=low,
        high=high,
        wins=sum(gain > 0 for gain in gains),
        ties=sum(gain == 0 for gain in gains),
        losses=sum(gain < 0 for gain in gains),
        identical=sum(a.answer == b.answer for a, b in pairs),
        compared=len(pairs),
        verdict=_verdict(len(gains), low, high),
    )


def _verdict(scored: int, low: float | None, high: float | None) -> Verdict:
    """Better or worse only if the whole interval lies on one side of 0."""
    if scored < MIN_SCORED or low is None or high is None:
        return "undecided"
    if low > 0:
        return "better"
    return "worse" if high < 0 else "no difference shown"


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Linear between the two nearest ranks."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
