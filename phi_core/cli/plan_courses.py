"""What varies over a run, as `phi plan` shows it: batch, learning rate, dropout, weight decay, and the schedules side by
side. Text and JSON from a plan."""

from collections.abc import Iterator, Sequence
from typing import Any

from phi_core.cli.output import table
from phi_core.planning.courses import num_warmup_steps, schedule_curves, summary
from phi_core.planning.run_plan import RunPlan
from phi_core.schedules.curves import clamped

BARS = "▁▂▃▄▅▆▇█"
BARS_WIDE = 32


def course_record(plan: RunPlan) -> dict[str, Any]:
    """The courses by step, and every schedule's mean and last multiplier of the peak."""
    curves = schedule_curves(plan.config, plan.steps)
    return {
        "learning_rates": plan.learning_rates,
        "batch_sizes": plan.steps.sizes,
        "lora_dropouts": plan.courses.lora_dropout,
        "weight_decays": plan.courses.weight_decay,
        "warmup_steps": num_warmup_steps(plan.config, plan.steps),
        "schedules": {name: summary(values).__dict__ for name, values in curves.items()},
        "distinct_records": plan.num_distinct_records,
    }


def course_rows(plan: RunPlan) -> Iterator[tuple[str, str]]:
    """(name, text) of everything that varies, and of a warm-up and an order that are not the usual ones."""
    config = plan.config
    warm = num_warmup_steps(config, plan.steps)
    steps = f"{warm:,} step{'' if warm == 1 else 's'}"
    yield "schedule", f"{config.schedule}, {steps} of warm-up ({config.warmup_shape})"
    if config.record_order != "shuffled":
        yield "order", config.record_order
    if config.record_weights != "equal":
        found = f"{plan.num_distinct_records:,} of {plan.num_train_records:,} records come at least once"
        yield "weights", f"{config.record_weights}: {found}"
    if config.dropout_schedule != "constant":
        yield "dropout", _course(plan.courses.lora_dropout, config.dropout_schedule)
    if config.weight_decay_schedule != "constant":
        yield "weight decay", _course(plan.courses.weight_decay, config.weight_decay_schedule)


def steps_line(plan: RunPlan) -> str:
    """Steps, and the records of each; where the batch grows its first and its largest."""
    config, steps = plan.config, plan.steps
    base = f"{config.effective_batch_size:,}"
    cut = f"({config.batch_size:,} × {config.gradient_accumulation_steps:,})"
    largest = max(steps.sizes, default=0)
    if largest <= config.effective_batch_size:
        return f"{steps.num_steps:,} of {base} records {cut}"
    grown = f"growing to {largest:,} ({config.batch_growth})"
    return f"{steps.num_steps:,} of {base} records {cut}, {grown}"


def schedule_table(plan: RunPlan) -> str:
    """Every schedule over this run's steps: its curve, its mean and its last multiplier of the peak."""
    rows = []
    for name, values in schedule_curves(plan.config, plan.steps).items():
        found = summary(values)
        mark = "*" if name == plan.config.schedule else " "
        rows.append((f"{mark} {name}", _bars(values), f"{found.mean:.3f}", f"{found.final:.3f}"))
    return table(("  schedule", "learning rate over the run", "mean", "end"), rows)


def _course(values: Sequence[float], name: str) -> str:
    return f"{values[0]:.4g} to {values[-1]:.4g} ({name})" if values else name


def _bars(values: Sequence[float]) -> str:
    """A curve as one line of bars from 0 to the peak."""
    width = min(BARS_WIDE, len(values))
    points = (values[place * len(values) // width] for place in range(width))
    return "".join(BARS[min(len(BARS) - 1, int(clamped(value) * len(BARS)))] for value in points)
