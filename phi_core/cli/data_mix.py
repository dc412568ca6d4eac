"""`phi data mix`: how several sources would be mixed in a run, and the mixed records as a file."""

from typing import Any

from phi_core.cli.options import with_training_options
from phi_core.cli.output import print_json, say, say_row, table
from phi_core.cli.plan import planned
from phi_core.data.mixture import largest_deviation
from phi_core.files import user_path
from phi_core.planning.order_file import write_order
from phi_core.planning.run_plan import RunPlan

SETTLED_SHARE = 0.05
"""The deviation is told from this share of the run's tokens on: before, a single record is much of all."""


@with_training_options
def mix(
    config: str | None = None,
    /,
    *,
    output: str | None = None,
    overwrite: bool = False,
    json: bool = False,
    **given: Any,
) -> int:
    """Shares and repetitions of several sources in a run; with --output its records in their order.

    Parameters
    ----------
    config
        A YAML file of options; flags win over it.
    output
        A .jsonl file for the training records of the whole run, in its order.
    overwrite
        Replace the file.
    json
        Print one JSON document.
    """
    plan = planned(config, given)
    count = write_order(plan, user_path(output), overwrite=overwrite) if output else None
    if json:
        print_json(_record(plan))
        return 0
    _print(plan)
    if count is not None:
        say(f"\nwritten      {output}: {count:,} records")
    return 0


def _record(plan: RunPlan) -> dict[str, Any]:
    return {
        "mixture": plan.config.mixture,
        "tokens": plan.num_tokens,
        "tokens_are": "counted" if plan.is_exact else "estimated as characters / 4",
        "sources": [share.__dict__ for share in plan.source_shares],
        "largest_deviation": _deviation(plan),
        "deviation_from_tokens": _settled(plan),
    }


def _print(plan: RunPlan) -> None:
    header = ("source", "samples", "tokens drawn", "share", "declared", "each record")
    rows = [
        (
            share.label,
            f"{share.samples:,}",
            f"{share.tokens_drawn:,}",
            f"{share.share:.1%}",
            "–" if share.declared is None else f"{share.declared:.1%}",
            f"{share.repetitions:.2f} times",
        )
        for share in plan.source_shares
    ]
    counted = "" if plan.is_exact else ", estimated as characters / 4"
    say_row(
        "mixture",
        f"{plan.config.mixture}: {plan.num_tokens:,} tokens in {plan.steps.num_steps:,} steps{counted}",
    )
    say(table(header, rows))
    if (apart := _deviation(plan)) is not None:
        say_row(
            "deviation",
            f"{100 * apart:.2f} percentage points at most, at any record after the first {_settled(plan):,} tokens; it falls as the run goes on",
        )


def _deviation(plan: RunPlan) -> float | None:
    weights = plan.mixing.weights if plan.mixing else None
    if weights is None:
        return None
    data = plan.train
    return largest_deviation(
        plan.steps.order, data.lengths, data.sources, weights=weights, after_tokens=_settled(plan)
    )


def _settled(plan: RunPlan) -> int:
    return round(SETTLED_SHARE * plan.num_tokens)
