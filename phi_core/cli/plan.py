"""`phi plan`: what a run would do. Loads no weights."""

from typing import Any

from phi_core.cli.data_progress import progress_line
from phi_core.cli.options import configured, with_training_options
from phi_core.cli.output import memory, print_json, say, say_row
from phi_core.planning.machine import Machine, this_machine
from phi_core.planning.run_data import SourceShare
from phi_core.planning.run_plan import RunPlan, make_plan
from phi_core.runs.series import thinned


@with_training_options
def plan(config: str | None = None, /, *, json: bool = False, **given: Any) -> int:
    """Steps, tokens, trainable parameters, memory, learning-rate curve and problems of a run, without starting it.

    Exit status 2 if the launch gate refuses the run.

    Parameters
    ----------
    config
        A YAML file of options; flags win over it.
    json
        Print one JSON document.
    """
    with progress_line() as on_progress:
        made, machine = make_plan(configured(config, given), on_progress=on_progress), this_machine()
    if json:
        print_json(plan_record(made, machine))
    else:
        _print(made, machine)
    return 2 if any(finding.stops for finding in made.gate) else 0


def plan_record(plan: RunPlan, machine: Machine) -> dict[str, Any]:
    """The plan as one JSON document."""
    estimate = plan.memory(machine)
    return {
        "train_records": plan.num_train_records,
        "validation_records": plan.num_validation_records,
        "steps": plan.steps.num_steps,
        "effective_batch_size": plan.config.effective_batch_size,
        "tokens": plan.num_tokens,
        "trained_tokens": plan.num_trained_tokens,
        "tokens_are": "counted" if plan.is_exact else "estimated as characters / 4",
        "targets": list(plan.targets),
        "trainable_parameters": plan.trainable_parameters,
        "memory_estimate_gib": {**estimate.__dict__, "total_gib": estimate.total_gib} if estimate else None,
        "memory_free_gib": machine.training_free_gib,
        "learning_rates": plan.learning_rates,
        "evaluation_steps": list(plan.evaluation_steps),
        "checkpoint_steps": list(plan.checkpoint_steps),
        "plan_hash": plan.steps.hash,
        "sources": [share.__dict__ for share in plan.source_shares],
        "gate": [finding.__dict__ for finding in plan.gate],
        "warnings": [str(problem) for problem in plan.warnings(machine)],
    }


def _print(plan: RunPlan, machine: Machine) -> None:
    config, estimate = plan.config, plan.memory(machine)
    counted = "" if plan.is_exact else " (estimated: the tokenizer is not on this machine)"
    trained = f", {plan.num_trained_tokens:,} of them trained" if plan.num_trained_tokens is not None else ""
    count = plan.trainable_parameters
    trainable = f"{count:,} trainable parameters" if count is not None else "size known after loading,"
    say_row("records", records_line(plan))
    say_row(
        "steps",
        f"{plan.steps.num_steps} of {config.effective_batch_size} records ({config.batch_size} × {config.gradient_accumulation_steps})",
    )
    say_row("tokens", f"{plan.num_tokens:,} over the run{trained}{counted}")
    say_row("adapter", f"{trainable} on {', '.join(plan.targets)}")
    if estimate:
        say_row(
            "memory",
            f"{memory(estimate.total_gib)} by formula: weights {memory(estimate.weights_gib)}, "
            f"adapter and optimizer {memory(estimate.adapter_gib)}, activations {memory(estimate.activations_gib)}, "
            f"logits {memory(estimate.logits_gib)}; {memory(machine.training_free_gib)} are free",
        )
    for share in plan.source_shares if plan.mixing else ():
        say_row("source", share_line(share))
    for finding in plan.gate:
        say_row("refused" if finding.stops else "accepted", str(finding.problem()))
    for problem in plan.warnings(machine):
        say_row("note", str(problem))
    say(f"\n{learning_rate_plot(plan)}")


def records_line(plan: RunPlan) -> str:
    """Records on both sides, and how many give nothing to either."""
    sides = (("train", plan.train), ("validate", plan.validation))
    return ", ".join(
        f"{len(side):,} to {verb}" + (f" ({side.num_left_out:,} left out)" if side.num_left_out else "")
        for verb, side in sides
    )


def share_line(share: SourceShare) -> str:
    """What a source contributes, in one line."""
    declared = f" (declared {share.declared:.1%})" if share.declared is not None else ""
    return (
        f"{share.label}: {share.share:.1%} of the tokens{declared}, each record {share.repetitions:.2f} times"
    )


def learning_rate_plot(plan: RunPlan, *, width: int = 76, height: int = 10) -> str:
    """The learning rate over the steps, as text."""
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, height)
    points = thinned(list(enumerate(plan.learning_rates, start=1)), 200)
    plotext.plot(*zip(*points, strict=True), marker="braille")
    plotext.title("learning rate by step")
    return str(plotext.uncolorize(plotext.build()))
