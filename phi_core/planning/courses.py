"""The courses of a run: learning rate, LoRA dropout and weight decay of every optimizer step.

A pure function of configuration and step plan: the form draws it, the trainer sets it on the live objects. Progress is
counted in records, so that a growing batch does not stretch the time axis:

    p(k) = (records before step k − records before step W) / (records of the run − records before step W)

with W the steps of warm-up for the learning rate, and 0 for dropout and weight decay.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError, Problem
from phi_core.planning.step_plan import StepPlan
from phi_core.schedules.curves import CURVES, WITH_CYCLES, Form
from phi_core.schedules.harmonics import modulation
from phi_core.schedules.regularisation import DROPOUTS, WEIGHT_DECAYS
from phi_core.schedules.warmup import GOLDEN_WARMUP_RATIO, rising, share_of


@dataclass(frozen=True)
class Courses:
    """Index k belongs to optimizer step k + 1; as long as the plan."""

    learning_rate: tuple[float, ...]
    lora_dropout: tuple[float, ...]
    weight_decay: tuple[float, ...]


def courses_of(config: TrainingConfig, steps: StepPlan) -> Courses:
    """ConfigError if the warm-up leaves no step after it."""
    places = progress(steps)
    dropout, decay = DROPOUTS[config.dropout_schedule], WEIGHT_DECAYS[config.weight_decay_schedule]
    return Courses(
        learning_rate=tuple(config.learning_rate * value for value in multipliers(config, steps)),
        lora_dropout=tuple(dropout(config.lora_dropout, place) for place in places),
        weight_decay=tuple(decay(config.weight_decay, place) for place in places),
    )


def multipliers(config: TrainingConfig, steps: StepPlan) -> tuple[float, ...]:
    """What the peak learning rate is multiplied by, step by step: warm-up, then the schedule."""
    warm = num_warmup_steps(config, steps)
    places = progress(steps, after=warm)
    form = Form(config.schedule_power, config.schedule_cycles, config.schedule_minimum, places)
    curve = CURVES[config.schedule](form)
    values = (*rising(warm, config.warmup_shape), *map(curve, places))
    if not config.schedule_harmonics:
        return values
    return tuple(value * factor for value, factor in zip(values, modulation(progress(steps)), strict=True))


def progress(steps: StepPlan, *, after: int = 0) -> list[float]:
    """p of every step from step `after` on, from 0: records done over records planned, both counted from there."""
    begin = steps.ends[after]
    planned = steps.ends[-1] - begin
    return [(done - begin) / planned for done in steps.ends[after:-1]]


def num_warmup_steps(config: TrainingConfig, steps: StepPlan) -> int:
    """Optimizer steps before the peak. ConfigError if there is none after them."""
    total = steps.num_steps
    if config.warmup_steps is not None:
        return _within(config.warmup_steps, total, "warmup_steps", "")
    if config.warmup_epochs is not None:
        records = round(config.warmup_epochs * len(steps.lengths))
        warm = bisect_left(steps.ends, records)
        return _within(warm, total, "warmup_epochs", f"{config.warmup_epochs:g} epochs are ")
    ratio = GOLDEN_WARMUP_RATIO if config.warmup_ratio == "golden" else config.warmup_ratio
    return share_of(total, ratio)


def schedule_curves(config: TrainingConfig, steps: StepPlan) -> Mapping[str, tuple[float, ...]]:
    """The multipliers of every schedule by its name, with this configuration's warm-up, κ, cycles and minimum.

    What the configuration chose comes first.
    """
    names = (config.schedule, *(name for name in CURVES if name != config.schedule))
    return {name: multipliers(config.model_copy(update={"schedule": name}), steps) for name in names}


@dataclass(frozen=True)
class CurveSummary:
    """Of a learning-rate curve, as shares of the peak: the mean over the steps, and the last step's value."""

    mean: float
    final: float


def summary(values: tuple[float, ...]) -> CurveSummary:
    """Zeros for a run without steps."""
    return CurveSummary(math.fsum(values) / len(values), values[-1]) if values else CurveSummary(0.0, 0.0)


def course_notes(config: TrainingConfig, steps: StepPlan) -> tuple[Problem, ...]:
    """What a configuration asks for that a run of these steps cannot show."""
    found = (_too_many_cycles(config, steps), _no_growth(config, steps))
    return tuple(problem for problem in found if problem)


def _within(warm: int, total: int, option: str, said: str) -> int:
    if 0 < total <= warm:
        count = f"all {total:,} steps" if warm == total or said else f"{warm:,} steps of {total:,}"
        raise ConfigError(
            f"{option}: {said}{count} of this run; the peak is never reached",
            remedy=f"The warm-up must leave a step after it: at most {total - 1:,} steps",
        )
    return warm


def _too_many_cycles(config: TrainingConfig, steps: StepPlan) -> Problem | None:
    left = steps.num_steps - num_warmup_steps(config, steps)
    if config.schedule not in WITH_CYCLES or config.schedule_cycles <= left:
        return None
    found = f"{config.schedule_cycles:,} cycles in {left:,} steps: no more than one restart a step"
    return Problem("schedule_cycles", found, "Lower it, or train longer")


def _no_growth(config: TrainingConfig, steps: StepPlan) -> Problem | None:
    largest = max(steps.sizes, default=0)
    if config.batch_growth == "none" or largest > config.effective_batch_size:
        return None
    found = (
        f"{config.batch_growth} never grows the batch of {config.effective_batch_size:,} records in this run"
    )
    return Problem("batch_growth", found, "It needs more epochs or records, phases or room")
