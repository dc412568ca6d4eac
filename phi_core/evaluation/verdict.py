"""The verdict on an adapter: better, worse, no difference shown or undecided, and why.

Figures in, words out. Better or worse takes both witnesses: an interval that lies wholly on one side of 0 and, for scores
of 0 and 1, an exact test that agrees; for graded scores the sign test asks something else (does it win more often, not by
how much) and is only shown. With several adapters each is judged at 5 % divided by their number (Bonferroni), so that all
verdicts together raise a false alarm at most once in twenty sets.
"""

from typing import TYPE_CHECKING, Literal

from phi_core.counted import counted
from phi_core.evaluation.paired import Paired, percent, shown_p

if TYPE_CHECKING:
    from phi_core.evaluation.statistics import Summary

Verdict = Literal["better", "worse", "no difference shown", "undecided"]

MIN_SCORED = 10
"""With fewer pairs no verdict is given: below that the coverage of the intervals was not found to hold, and five wins
without a loss still are p = 0.062."""


def verdict_of(found: Paired) -> tuple[Verdict, str]:
    """The verdict and its reason."""
    if found.scored < MIN_SCORED or found.low is None or found.high is None:
        return "undecided", f"only {counted(found.scored, 'scored question')}, {MIN_SCORED} are the least"
    if found.low <= 0 <= found.high:
        return "no difference shown", f"the {percent(found.confidence)} interval holds 0"
    if found.test == "McNemar" and found.p_value > 1 - found.confidence + 1e-9:
        return "undecided", (
            f"the interval leaves out 0, but only {counted(found.wins + found.losses, 'question')} changed "
            f"and the exact test says {shown_p(found.p_value)}: more questions would tell"
        )
    return ("better" if found.low > 0 else "worse"), "the whole interval lies on one side of 0"


def fail_if_worse(summary: "Summary") -> bool:
    """Whether a gate must close: an adapter was shown to be worse than its base. Undecided is not worse."""
    return any(difference.verdict == "worse" for difference in summary.differences)
