"""What a run that ran out of memory is told besides: settings that take less than what did not fit."""

from phi_core.errors import TrainingFailed
from phi_core.models.base import BaseModel
from phi_core.planning.longest_batch import LongestBatch
from phi_core.planning.plan_memory import advice
from phi_core.planning.run_plan import RunPlan
from phi_core.training.out_of_memory import OutOfMemory


def with_advice(error: OutOfMemory, plan: RunPlan, base: BaseModel) -> TrainingFailed:
    """The same failure with settings that keep its effective batch and need less; of validation, as it is."""
    found = error.diagnosis
    if found.activity != "training":
        return error
    failed = LongestBatch(found.step, found.tokens, found.micro_batch, found.tokens)
    words = advice(
        plan,
        failed,
        checkpointing=found.checkpointing,
        dtype=base.device.dtype_name,
        device=base.device.name,
    )
    return TrainingFailed(error.what, f"{error.remedy}; {words}") if words else error
