"""`phi plan`: what a run would do. Loads no weights."""

from collections.abc import Mapping
from typing import Any

from phi_core.cli.data_progress import progress_line
from phi_core.cli.fit import fitted, memory_record, probe_record, probed, say_memory, say_probe
from phi_core.cli.options import configured, with_training_options
from phi_core.cli.output import print_json, say, say_row
from phi_core.cli.plan_courses import course_record, course_rows, schedule_table, steps_line
from phi_core.planning.expected_memory import free_gib
from phi_core.planning.fit import FITTED
from phi_core.planning.machine import Machine, this_machine
from phi_core.planning.run_data import SourceShare
from phi_core.planning.run_plan import RunPlan, make_plan
from phi_core.runs.probe_result import ProbeResult
from phi_core.runs.series import thinned


@with_training_options
def plan(
    config: str | None = None,
    /,
    *,
    json: bool = False,
    preset: str | None = None,
    fit: bool = False,
    probe: bool = False,
    **given: Any,
) -> int:
    """Steps, tokens, trainable parameters, memory, learning-rate curve and problems of a run, without starting it.

    Exit status 2 if the launch gate refuses the run.

    Parameters
    ----------
    config
        A YAML file of options; flags win over it.
    json
        Print one JSON document.
    preset
        A preset's name; the file and flags win over it. `phi presets list` shows them.
    fit
        Choose micro-batch, accumulation, checkpointing and quantisation that fit; the effective batch stays.
    probe
        Measure memory and speed: two real steps on the longest batch.
    """
    made, machine = planned(config, given, preset=preset, fit=fit), this_machine()
    measured = probed(made, machine) if probe else None
    if json:
        print_json(plan_record(made, machine) | ({"probe": probe_record(measured)} if measured else {}))
    else:
        _print(made, machine, measured)
    return 2 if any(finding.stops for finding in made.gate) else 0


def planned(
    config_file: str | None,
    given: Mapping[str, Any],
    *,
    preset: str | None = None,
    fit: bool = False,
    fetches: bool = False,
) -> RunPlan:
    """The plan of a preset, a file of options and flags, each before the one named earlier, fitted to the free memory if
    asked; a line tells how far the reading of data is."""
    with progress_line() as on_progress:
        made = make_plan(
            configured(config_file, given, preset=preset), on_progress=on_progress, fetches=fetches
        )
    return fitted(made, given, this_machine()) if fit else made


def plan_record(plan: RunPlan, machine: Machine) -> dict[str, Any]:
    """The plan as one JSON document."""
    return {
        "train_records": plan.num_train_records,
        "validation_records": plan.num_validation_records,
        "steps": plan.steps.num_steps,
        "effective_batch_size": plan.config.effective_batch_size,
        **{name: getattr(plan.config, name) for name in FITTED},
        "tokens": plan.num_tokens,
        "trained_tokens": plan.num_trained_tokens,
        "tokens_are": "counted" if plan.is_exact else "estimated as characters / 4",
        "targets": list(plan.targets),
        "trainable_parameters": plan.trainable_parameters,
        **memory_record(plan.expected(machine)),
        "memory_free_gib": free_gib(plan.config, machine),
        **course_record(plan),
        "evaluation_steps": list(plan.evaluation_steps),
        "checkpoint_steps": list(plan.checkpoint_steps),
        "plan_hash": plan.steps.hash,
        "sources": [share.__dict__ for share in plan.source_shares],
        "gate": [finding.__dict__ for finding in plan.gate],
        "warnings": [str(problem) for problem in plan.warnings(machine)],
    }


def _print(plan: RunPlan, machine: Machine, measured: ProbeResult | None = None) -> None:
    expected = plan.expected(machine)
    counted = "" if plan.is_exact else " (estimated: the tokenizer is not on this machine)"
    trained = f", {plan.num_trained_tokens:,} of them trained" if plan.num_trained_tokens is not None else ""
    count = plan.trainable_parameters
    trainable = f"{count:,} trainable parameters" if count is not None else "size known after loading,"
    say_row("records", records_line(plan))
    say_row("steps", steps_line(plan))
    say_row("tokens", f"{plan.num_tokens:,} over the run{trained}{counted}")
    say_row("adapter", f"{trainable} on {', '.join(plan.targets)}")
    for name, text in course_rows(plan):
        say_row(name, text)
    if expected:
        say_memory(plan, expected)
    if measured:
        say_probe(measured)
    for share in plan.source_shares if plan.mixing else ():
        say_row("source", share_line(share))
    for finding in plan.gate:
        say_row("refused" if finding.stops else "accepted", str(finding.problem()))
    for problem in plan.warnings(machine):
        say_row("note", str(problem))
    say(f"\n{learning_rate_plot(plan)}\n\n{schedule_table(plan)}")


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
