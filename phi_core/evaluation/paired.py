"""The figures of one paired comparison: gains per question in, mean with its interval, counts and an exact test out.

A gain is the adapter's score − the base's on one question. Knows nothing about answers or how figures are judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from phi_core.counted import counted
from phi_core.evaluation.agreement import binomial_p
from phi_core.evaluation.bootstrap import CONFIDENCE, paired_interval

Test = Literal["McNemar", "sign test"]


@dataclass(frozen=True)
class Paired:
    """Figures of `scored` questions; `mean`, `low` and `high` are None without any.

    `low` and `high` bound the mean gain with `confidence`. `p_value` is that of the exact two-sided test: McNemar's for
    scores of 0 and 1, the sign test for others; both ask whether wins and losses could be throws of a fair coin.
    """

    scored: int
    mean: float | None
    low: float | None
    high: float | None
    wins: int
    ties: int
    losses: int
    test: Test
    p_value: float
    confidence: float = CONFIDENCE

    def figures(self, *, test: str = "") -> str:
        """In words; "" without questions. `test` names it otherwise: of preferences McNemar's is the sign test."""
        if self.mean is None or self.low is None or self.high is None:
            return ""
        interval = f"mean difference {self.mean:+.3f}, {percent(self.confidence)} interval {self.low:+.3f} to {self.high:+.3f}"
        counts = f"{counted(self.scored, 'question')}: {self.wins} won, {self.ties} tied, {self.losses} lost"
        return f"{interval}; {counts}; {test or self.test} {shown_p(self.p_value)}"


def paired(gains: Sequence[float], *, confidence: float = CONFIDENCE) -> Paired:
    low, high = paired_interval(gains, confidence=confidence) if gains else (None, None)
    wins, losses = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    return Paired(
        scored=len(gains),
        mean=fmean(gains) if gains else None,
        low=low,
        high=high,
        wins=wins,
        ties=len(gains) - wins - losses,
        losses=losses,
        test="McNemar" if all(gain in (-1, 0, 1) for gain in gains) else "sign test",
        p_value=binomial_p(wins, wins + losses),
        confidence=confidence,
    )


def percent(share: float) -> str:
    """0.95 → 95 %, 0.98333 → 98.3 %"""
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def shown_p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
