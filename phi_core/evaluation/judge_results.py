"""What a judge's verdicts add up to: who won with what certainty, and how much the judge looked at the order.

Judgements in, figures and sentences out. Knows nothing about models.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from phi_core.evaluation.agreement import binomial_p
from phi_core.evaluation.bootstrap import CONFIDENCE
from phi_core.evaluation.judge import Judgement
from phi_core.evaluation.paired import Paired, paired, shown_p
from phi_core.evaluation.verdict import Verdict, verdict_of


@dataclass(frozen=True)
class JudgedAdapter:
    """One adapter against the base: a win counts 1, a loss −1, a tie 0. `unreadable` replies made ties, `failed` are not
    counted; `failure` is what the judge said of the first of these, "" without one.
    """

    target: str
    paired: Paired
    verdict: Verdict
    reason: str
    disagreements: int
    unreadable: int
    failed: int
    failure: str = ""

    def sentence(self) -> str:
        worded = f"{self.verdict} than base" if self.verdict in ("better", "worse") else self.verdict
        figures = "; ".join(
            filter(
                None,
                (self.reason if self.verdict == "undecided" else "", self.paired.figures(test="sign test")),
            )
        )
        ties = f"{self.disagreements} ties because the two orders disagreed, {self.unreadable} because a reply was not understood"
        failed = f"{self.failed} failed{f': {self.failure}' if self.failure else ''}"
        return f"{self.target}: {worded} by the judge ({figures}; {ties}; {failed})"


@dataclass(frozen=True)
class JudgeSummary:
    """`first` of `decided` replies preferred the answer that stood first; without bias it is half of them."""

    adapters: tuple[JudgedAdapter, ...]
    first: int
    decided: int

    def sentences(self) -> tuple[str, ...]:
        return (*(adapter.sentence() for adapter in self.adapters), self._position())

    def _position(self) -> str:
        if not self.decided:
            return "position bias of the judge: no reply preferred a side"
        p_value = binomial_p(self.first, self.decided)
        worded = "shown" if p_value < 1 - CONFIDENCE else "none shown"
        figures = f"{self.first} of {self.decided} preferences were for the first answer, {shown_p(p_value)}"
        return f"position bias of the judge: {worded} ({figures})"


def judge_summary(judgements: Sequence[Judgement]) -> JudgeSummary:
    """Adapters in the order in which they were first judged."""
    targets = tuple(dict.fromkeys(found.model for found in judgements))
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(targets))
    adapters = tuple(
        _adapter(target, [found for found in judgements if found.model == target], confidence)
        for target in targets
    )
    first = sum((found.first_order == "base") + (found.second_order == "adapter") for found in judgements)
    second = sum((found.first_order == "adapter") + (found.second_order == "base") for found in judgements)
    return JudgeSummary(adapters, first, first + second)


def _adapter(target: str, judgements: Sequence[Judgement], confidence: float) -> JudgedAdapter:
    counted_ones = [found for found in judgements if found.verdict != "failed"]
    found = paired([_GAINS[judgement.verdict] for judgement in counted_ones], confidence=confidence)
    readable = [one for one in counted_ones if "unreadable" not in (one.first_order, one.second_order)]
    verdict, reason = verdict_of(found)
    if len(readable) * 2 < len(counted_ones):
        verdict, reason = "undecided", "most replies of the judge were not understood"
    return JudgedAdapter(
        target=target,
        paired=found,
        verdict=verdict,
        reason=reason,
        disagreements=sum(one.first_order != one.second_order for one in readable),
        unreadable=len(counted_ones) - len(readable),
        failed=len(judgements) - len(counted_ones),
        failure=next((one.note for one in judgements if one.verdict == "failed"), ""),
    )


_GAINS = {"win": 1.0, "tie": 0.0, "loss": -1.0}
