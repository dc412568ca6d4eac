"""`phi data preview`: what a run would train on, in tokens: figures, the launch gate, and records token by token."""

import os
import sys
from typing import Any, Literal

from phi_core.chat.prompt_format import stop_ids
from phi_core.cli.options import with_training_options
from phi_core.cli.output import print_json, say, say_row
from phi_core.cli.plan import planned, records_line, share_line
from phi_core.cli.token_text import in_colour, in_margin, legend, token_table
from phi_core.config.training import TrainingConfig
from phi_core.errors import DataError, ModelError
from phi_core.planning.run_plan import RunPlan
from phi_core.samples.statistics import SampleStatistics, statistics, typical_and_worst
from phi_core.samples.token_view import EDGE_TOKENS, TokenView, token_view

BAR_CELLS = 40


@with_training_options
def preview(
    config: str | None = None,
    /,
    *,
    record: list[int] | None = None,
    ids: bool = False,
    whole: bool = False,
    colour: Literal["auto", "always", "never"] = "auto",
    json: bool = False,
    **given: Any,
) -> int:
    """What a run would train on, token by token: figures, the launch gate, typical and worst records.

    Parameters
    ----------
    config
        A YAML file of options; flags win over it.
    record
        Show this record, counted from 1 in the order of the data; repeat it for several.
    ids
        One line a token, with its id.
    whole
        Show every token of a long record, not only the ends of its parts.
    colour
        Colours, or words in the margin; auto: colours on a terminal.
    json
        Print one JSON document.
    """
    plan = planned(config, given, fetches=True)
    views = _views(plan, record, whole=whole)
    if json:
        print_json(_record(plan, views))
        return 0
    _print_figures(plan)
    in_colours = colour == "always" or (colour == "auto" and _has_colours())
    print(f"\n{legend(colour=in_colours, padded=not plan.config.padding_free)}")
    for name, view in views.items():
        _print_view(name, view, ids=ids, colour=in_colours)
    return 0


def _views(plan: RunPlan, wanted: list[int] | None, *, whole: bool) -> dict[str, TokenView]:
    """Views by what they show. ModelError without a tokenizer; DataError for a record that is not there."""
    form, tokenizer = plan.model.form, plan.model.tokenizer
    if form is None or tokenizer is None:
        raise ModelError(
            f"the tokenizer of {plan.config.model_name} is not on this machine",
            "Name a model folder, or fetch the model by a first start",
        )
    data, stops = plan.data.prepared, stop_ids(form, tokenizer)
    for number in wanted or ():
        if not 1 <= number <= len(data):
            raise DataError(f"there is no record {number}", remedy=f"The data has records 1 to {len(data)}")
    edge = None if whole else EDGE_TOKENS
    examples = (
        {f"record {number}": number - 1 for number in wanted}
        if wanted
        else typical_and_worst(plan.train, range(len(data)))
    )
    return {
        name: token_view(
            plan.train, record, tokenizer, stop_ids=stops, padding=plan.padding(record), edge=edge
        )
        for name, record in examples.items()
    }


def _record(plan: RunPlan, views: dict[str, TokenView]) -> dict[str, Any]:
    return {
        "train": statistics(plan.train).as_json(),
        "validation": statistics(plan.validation).as_json(),
        "prompt_format": plan.model.form.name if plan.model.form else None,
        "gate": [{**finding.__dict__} for finding in plan.gate],
        "sources": [share.__dict__ for share in plan.source_shares],
        "records": {
            name: {
                "source": view.source,
                "line": view.line,
                "tokens": [
                    {"ids": piece.ids, "text": piece.text, "fate": piece.fate} for piece in view.pieces
                ],
            }
            for name, view in views.items()
        },
    }


def _print_figures(plan: RunPlan) -> None:
    figures, form = statistics(plan.train), plan.model.form
    say_row("records", records_line(plan))
    say_row("tokens", f"{figures.tokens:,} a pass, {figures.trained_tokens:,} of them trained")
    say_row("format", f"{form.name if form else 'unknown'}; {_padding(plan.config)}")
    say_row("lengths", _percentiles(figures))
    say_row(
        "max_length",
        f"{figures.max_length:,}: {figures.share_too_long:.1%} of the records are longer "
        f"({plan.config.truncation}); {figures.share_answers_cut:.1%} lose a part of an answer; {figures.left_out:,} left out",
    )
    for share in plan.source_shares if len(plan.source_shares) > 1 else ():
        say_row("source", share_line(share))
    for finding in plan.gate:
        say_row("refused" if finding.stops else "accepted", str(finding.problem()))
    print()
    for line in histogram_lines(figures):
        say(line)


def histogram_lines(figures: SampleStatistics) -> list[str]:
    """Lengths as bars; `>` marks the bins beyond max_length."""
    edges, counts = figures.histogram.edges, figures.histogram.counts
    most = max(counts)
    return [
        f"{'>' if low > figures.max_length else ' '} {low:>7,} {'█' * round(BAR_CELLS * count / most) if most else ''} {count:,}"
        for low, count in zip(edges, counts, strict=False)
        if count
    ]


def _percentiles(figures: SampleStatistics) -> str:
    names = {0: "shortest", 50: "median", 95: "95 %", 99: "99 %", 100: "longest"}
    found = (
        f"{name} {figures.lengths[percent]:,}"
        for percent, name in names.items()
        if percent in figures.lengths
    )
    return ", ".join(found)


def _padding(config: TrainingConfig) -> str:
    return "no token is padding" if config.padding_free else "padded to the longest of each micro-batch"


def _print_view(name: str, view: TokenView, *, ids: bool, colour: bool) -> None:
    trained, total = view.count("trained", "stop"), view.count("masked", "trained", "stop", "cut")
    cut = f", {view.count('cut'):,} cut" if view.count("cut") else ""
    say(f"\n── {name}: {view.source} line {view.line}, {total:,} tokens, {trained:,} trained{cut}")
    written = token_table(view) if ids else [in_colour(view)] if colour else in_margin(view)
    print("\n".join(written))


def _has_colours() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
