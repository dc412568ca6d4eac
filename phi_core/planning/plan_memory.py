"""Memory of a plan on a machine: settings that fit, settings after memory ran out, and what a probe teaches.

Every front end and the worker go through here. Starts nothing and measures nothing.
"""

from collections.abc import Collection
from dataclasses import replace

from phi_core.config.training import TrainingConfig
from phi_core.planning.expected_memory import memory_kind
from phi_core.planning.fit import Fit, Limit, changes, fitting, settings_words, what_fits
from phi_core.planning.longest_batch import LongestBatch
from phi_core.planning.machine import Machine
from phi_core.planning.memory_history import remember
from phi_core.planning.run_plan import RunPlan

ONE_PROCESS = {"num_processes": 1, "num_machines": 1, "sharding": "none", "accelerate_config": None}
"""What a probe sets: it is one process, and holds what each would hold without sharding."""


def fit_of(plan: RunPlan, machine: Machine, *, given: Collection[str] = ()) -> Fit | None:
    """Settings with the same effective batch that fit into the free memory; None where the architecture is not known.

    Options in `given` stay.
    """
    expected, shape, config = plan.expected(machine), plan.model.shape, plan.config
    if expected is None or shape is None:
        return None
    limit = Limit(
        expected.free_gib,
        expected.correction.factor,
        machine.dtype(config.dtype, config.device),
        machine.device(config.device),
    )
    return fitting(config, shape, plan.longest_of, limit, given=given)


def advice(
    plan: RunPlan, failed: LongestBatch, *, checkpointing: bool, dtype: str, device: str
) -> str | None:
    """What would take clearly less than the micro-batch that did not fit, as a sentence; None where nothing is known.

    `checkpointing`: whether activations were recomputed when it did not fit.
    """
    config, shape = plan.config, plan.model.shape
    if shape is None:
        return None
    tried = config.model_copy(update={"gradient_checkpointing": checkpointing})
    found = what_fits(tried, shape, plan.longest_of, failed, dtype=dtype, device=device)
    if not found.fits:
        return "; ".join(found.reasons[1:])
    return f"by the formula clearly less: {settings_words(changes(config, found.config))}"


def learn_from_probe(plan: RunPlan, machine: Machine, *, device: str, measured_gib: float) -> bool:
    """Let later estimates learn from what a probe of this plan took besides its process; whether it taught anything."""
    if device not in ("cpu", "cuda"):
        return False
    estimate = replace(plan, config=as_one_process(plan.config)).memory(machine)
    if estimate is None:
        return False
    kind = memory_kind(plan.config, machine)
    return remember(kind, estimate_gib=estimate.total_gib, measured_gib=measured_gib)


def as_one_process(config: TrainingConfig) -> TrainingConfig:
    """The configuration that a probe measures."""
    return config.model_copy(update=ONE_PROCESS)
