"""The tables of a comparison, as text: the same cells in every report format. Knows nothing about markup."""

from dataclasses import dataclass

from phi_core.evaluation.comparison import Comparison, number
from phi_core.evaluation.paired import Paired
from phi_core.evaluation.statistics import Summary, TargetSummary
from phi_core.evaluation.verdict import verdict_of


@dataclass(frozen=True)
class Table:
    """The first `words` columns hold words, the others numbers."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    note: str = ""


def tables(comparison: Comparison) -> tuple[Table, ...]:
    """Those that have rows."""
    found = (
        score_table(comparison.summary),
        difference_table(comparison.summary),
        tag_table(comparison.summary),
    )
    return tuple(table for table in found if table.rows)


def score_table(summary: Summary) -> Table:
    head = (
        "model",
        "mean score",
        "scored",
        "answers",
        "failed",
        "tokens",
        "reference, nats a token",
    )
    return Table("Scores", head, tuple(map(_score_row, summary.targets)))


def _score_row(target: TargetSummary) -> tuple[str, ...]:
    counts = (target.scored, target.answers, target.failed, target.tokens)
    likelihood = target.reference_log_likelihood
    return (
        target.target,
        number(target.mean_score),
        *map(str, counts),
        "none" if likelihood is None else f"{likelihood:.3f}",
    )


def difference_table(summary: Summary) -> Table:
    """All questions, and what is left without those that the training data holds."""
    rows = []
    for found in summary.differences:
        rows.append((found.target, "all", found.verdict, *_cells(found.paired), _p(found.paired)))
        if found.clean is not None:
            verdict = verdict_of(found.clean)[0]
            rows.append(
                (found.target, "not in training data", verdict, *_cells(found.clean), _p(found.clean))
            )
    head = ("adapter", "questions", "verdict", "scored", "difference", "interval", "won", "tied", "lost", "p")
    return Table("Against the base", head, tuple(rows), words=3)


def tag_table(summary: Summary) -> Table:
    rows = tuple(
        (tag.tag, found.target, number(tag.base_mean), number(tag.adapter_mean), *_cells(tag.paired))
        for found in summary.differences
        for tag in found.tags
    )
    head = ("tag", "adapter", "base", "score", "scored", "difference", "interval", "won", "tied", "lost")
    note = "Each interval holds with 95 % for itself; among many tags some will lie beside 0 by chance."
    return Table("By tag", head, rows, words=2, note=note)


def _cells(found: Paired) -> tuple[str, ...]:
    if found.mean is None or found.low is None or found.high is None:
        return (str(found.scored), "none", "none", "0", "0", "0")
    interval = f"{found.low:+.3f} to {found.high:+.3f}"
    return (
        str(found.scored),
        f"{found.mean:+.3f}",
        interval,
        *map(str, (found.wins, found.ties, found.losses)),
    )


def _p(found: Paired) -> str:
    return f"{found.p_value:.3f}" if found.scored else "none"
