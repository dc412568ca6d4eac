"""The Lengths and Mix panes in words: figures and bars from a token report. Pure text; knows no widget."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from phi_core.config.training import TrainingConfig
from phi_core.planning.run_plan import RunPlan
from phi_core.samples.gate import ACCEPTABLE, Finding
from phi_core.samples.statistics import SampleStatistics
from phi_tui.data_tokens import TokenReport

BAR_CELLS = 40
PERCENTILES = {
    0: "least",
    5: "5 %",
    25: "25 %",
    50: "median",
    75: "75 %",
    95: "95 %",
    99: "99 %",
    100: "most",
}
CUTS = {
    "cut_end": "a longer record loses its end",
    "cut_start": "a longer record loses the start of its prompt",
    "drop": "a longer record is left out",
}


def lengths_text(report: TokenReport) -> str:
    """Figures, percentiles, gate and histogram."""
    figures, plan = report.figures, report.plan
    parts = [*_totals(figures, plan), *_cost(figures), *gate_lines(plan.gate), ""]
    if not report.without_tokens:
        parts += [*_percentiles(figures), ""]
    return "\n".join([*parts, *histogram_lines(figures)])


def mix_text(report: TokenReport) -> str:
    """How the records are divided, and what each source contributes."""
    plan = report.plan
    return "\n".join([_split(plan), _mixture(plan.config), "", *_table(list(_source_rows(plan)))])


def gate_lines(gate: Sequence[Finding]) -> Iterator[str]:
    """What the launch gate says, and how a refusal is accepted."""
    if not gate:
        yield "launch gate  open: nothing found"
    for finding in gate:
        yield f"{'refused' if finding.stops else 'accepted':<12} {finding.what}. {finding.remedy}{_accepting(finding)}"


def gate_headline(gate: Sequence[Finding]) -> str:
    """In a few words, whether a run would be launched."""
    refused = [finding.name for finding in gate if finding.stops]
    if refused:
        return f"refused: {', '.join(refused)}"
    return f"accepted: {', '.join(finding.name for finding in gate)}" if gate else "gate open"


def histogram_lines(figures: SampleStatistics) -> Iterator[str]:
    """Records by length as bars, and a line where max_length lies; `>` marks what is longer."""
    counts, most = figures.histogram.counts, max(figures.histogram.counts)
    yield "records by length in tokens"
    is_marked = False
    for (low, _), count in zip(pairwise(figures.histogram.edges), counts, strict=True):
        if not is_marked and low > figures.max_length:
            is_marked = True
            yield _limit_line(figures.max_length)
        mark = ">" if low > figures.max_length else " "
        yield f"{mark} {low:>7,} {'█' * _cells(count, most)}{' ' if count else ''}{count:,}"
    if not is_marked:
        yield _limit_line(figures.max_length)


def _limit_line(max_length: int) -> str:
    return f"── max_length {max_length:,} ".ljust(BAR_CELLS + 10, "─")


def _cells(count: int, most: int) -> int:
    """At least one cell where there is anything at all."""
    return max(1, round(BAR_CELLS * count / most)) if count else 0


def _totals(figures: SampleStatistics, plan: RunPlan) -> Iterator[str]:
    about = "" if plan.is_exact else "about "
    yield f"records      {figures.records:,} to train, {plan.num_validation_records:,} held out"
    share = figures.trained_tokens / max(1, figures.tokens)
    trained = (
        f", {figures.trained_tokens:,} of them trained ({share:.0%})" if plan.is_exact else ", estimated"
    )
    yield f"tokens       {about}{figures.tokens:,} a pass{trained}"
    if plan.model.form:
        yield f"format       {plan.model.form.name}, loss on {plan.config.train_on}"


def _cost(figures: SampleStatistics) -> Iterator[str]:
    yield (
        f"max_length   {figures.max_length:,}: {figures.share_too_long:.1%} of the records are longer; "
        f"{figures.truncation}: {CUTS.get(figures.truncation, '')}"
    )
    yield f"             {figures.share_answers_cut:.1%} lose the end of an answer; left out: {figures.left_out:,}"


def _accepting(finding: Finding) -> str:
    if not finding.stops:
        return " (accepted; the run records it)"
    return f", or accept it: a, which adds {finding.name} to accept" if finding.name in ACCEPTABLE else ""


def _percentiles(figures: SampleStatistics) -> list[str]:
    names = [name for percent, name in PERCENTILES.items() if percent in figures.lengths]
    rows = (("tokens", figures.lengths), ("trained", figures.trained_lengths))
    head = " " * 13 + "".join(f"{name:>8}" for name in names)
    return [
        head,
        *(
            f"{name:<13}"
            + "".join(f"{values.get(percent, 0):>8,}" for percent in PERCENTILES if percent in values)
            for name, values in rows
        ),
    ]


def _split(plan: RunPlan) -> str:
    config = plan.config
    how = (
        "validation_path"
        if config.validation_path
        else f"validation_records {config.validation_records:,}"
        if config.validation_records
        else "golden: 61.8 % / 38.2 %"
        if config.validation_fraction == "golden"
        else f"validation_fraction {config.validation_fraction:g}"
    )
    group = f", {config.group_by} kept together" if config.group_by else ""
    both = f", {plan.data.num_overlapping:,} on both sides" if plan.data.num_overlapping else ""
    return (
        f"split        {plan.num_train_records:,} to train, {plan.num_validation_records:,} held out{both}\n"
        f"             by {how}{group}, seed {config.seed}"
    )


def _mixture(config: TrainingConfig) -> str:
    meaning = {
        "concatenated": "all records shuffled together",
        "sequential": "one source after the other",
        "proportional": "token shares by the sizes of the sources",
        "weighted": "token shares by mixture_weights",
        "golden": "token shares 0.618, 0.382; 0.5, 0.309, 0.191; and so on",
    }
    what = meaning[config.mixture] if len(config.dataset_path) > 1 else "one source"
    return f"mixture      {config.mixture}: {what}"


@dataclass(frozen=True)
class _Row:
    source: str
    train: str
    held_out: str
    tokens: str
    declared: str
    realised: str
    times: str


def _source_rows(plan: RunPlan) -> Iterator[_Row]:
    labels = plan.data.labels
    held_out = Counter(plan.validation.sources)
    shares = plan.source_shares
    for number, share in enumerate(shares):
        yield _Row(
            share.label,
            f"{share.samples:,}",
            f"{held_out[number]:,}",
            f"{share.tokens_drawn:,}",
            "none" if share.declared is None else f"{share.declared:.1%}",
            f"{share.share:.1%}",
            f"{share.repetitions:.2f}",
        )
    for number in range(len(shares), len(labels)):
        yield _Row(labels[number], "", f"{held_out[number]:,}", "", "", "", "")


def _table(rows: Sequence[_Row]) -> Iterator[str]:
    head = _Row("source", "train", "held out", "tokens drawn", "declared", "realised", "times")
    for row in (head, *rows):
        counts = f"{row.train:>9}{row.held_out:>10}{row.tokens:>14}"
        yield f"{_cut(row.source):<16}{counts}{row.declared:>10}{row.realised:>10}{row.times:>8}".rstrip()


def _cut(name: str) -> str:
    return name if len(name) <= 15 else f"{name[:14]}…"
