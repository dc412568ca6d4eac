"""What must hold between the options of steps and their courses, and which of them have no effect as things stand."""

from collections.abc import Iterator

from phi_core.config.option import shown
from phi_core.config.training import TrainingConfig
from phi_core.errors import Problem
from phi_core.schedules.curves import WITH_CYCLES, WITH_MINIMUM, WITH_POWER

ONLY_WITH = {"schedule_power": WITH_POWER, "schedule_cycles": WITH_CYCLES, "schedule_minimum": WITH_MINIMUM}
"""The schedules in which an option is part of the formula."""


def step_problems(config: TrainingConfig) -> Iterator[Problem]:
    """Contradictions: such a configuration is refused."""
    if config.warmup_steps is not None and config.warmup_epochs is not None:
        found = f"{config.warmup_steps} steps and {config.warmup_epochs:g} epochs of warm-up"
        yield Problem("warmup_epochs", found, "Set one of warmup_steps and warmup_epochs to none")
    largest = config.largest_effective_batch
    if config.batch_growth != "none" and largest is not None and largest < config.effective_batch_size:
        found = f"{largest:,} is less than the batch of {config.effective_batch_size:,} records to grow from"
        yield Problem("largest_effective_batch", found, "Raise it, or lower gradient_accumulation_steps")


def step_notes(config: TrainingConfig) -> Iterator[Problem]:
    """Values that change nothing, each with the reason: the run goes on without them. Defaults are never told of."""
    for name, schedules in ONLY_WITH.items():
        if config.schedule not in schedules:
            yield from _idle(config, name, f"schedule {config.schedule}", f"It is for {', '.join(schedules)}")
    if config.batch_growth == "none":
        for name in ("batch_phases", "largest_effective_batch"):
            yield from _idle(config, name, "batch_growth none", "Set batch_growth")
    instead = next(
        (name for name in ("warmup_steps", "warmup_epochs") if getattr(config, name) is not None), None
    )
    if instead is not None:
        yield from _idle(config, "warmup_ratio", f"{instead} given", f"Set {instead} to none")
    if not (config.warmup_ratio if instead is None else getattr(config, instead)):
        yield from _idle(config, "warmup_shape", "no warm-up", "Give warmup_ratio")
    for name, value in (("dropout_schedule", "lora_dropout"), ("weight_decay_schedule", "weight_decay")):
        if not getattr(config, value):
            yield from _idle(config, name, f"{value} 0", f"Raise {value}")


def _idle(config: TrainingConfig, name: str, reason: str, remedy: str) -> Iterator[Problem]:
    value = getattr(config, name)
    if value != TrainingConfig.model_fields[name].default:
        yield Problem(name, f"{shown(value)} has no effect with {reason}", remedy)
