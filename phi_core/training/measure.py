"""Measured memory and speed of two real optimizer steps on the longest batch of a plan.

`measure` builds what the training worker builds (model, adapter, optimizer, trainer) and lets it take the step whose
largest micro-batch has most tokens twice; the second has the optimizer's state and is the one that is timed. Running
out of memory is a result.
"""

import time
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, set_seed

from phi_core.config.training import TrainingConfig
from phi_core.models.adapter import attach_adapter
from phi_core.models.base import BaseModel
from phi_core.models.free_memory import is_out_of_memory
from phi_core.models.memory_use import device_peak_gib, device_reserved_gib, reset_peak
from phi_core.planning.machine import this_machine
from phi_core.planning.plan_memory import as_one_process
from phi_core.planning.run_plan import RunPlan, make_plan
from phi_core.planning.step_plan import StepPlan
from phi_core.runs.probe_result import ProbeResult
from phi_core.training.out_of_memory import OutOfMemory, first_line
from phi_core.training.peak import Meter
from phi_core.training.preparation import choose, load, make_trainer, model_facts, training_arguments

STEPS = 2


def measure(config: TrainingConfig, folder: Path) -> ProbeResult:
    """Two steps on the longest batch, in this process alone. `folder` is the trainer's, and stays empty.

    Raises what the steps raise, but for a lack of memory.
    """
    meter = Meter()
    own = as_one_process(config).model_copy(update={"on_out_of_memory": "fail", "report_to": ()})
    try:
        base = load(own)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return _too_large(own, meter, first_line(error))
    loaded = device_peak_gib(base.device.name)
    plan = make_plan(own, model=model_facts(base))
    reset_peak(base.device.name)
    clock = _Clock()
    said = _take_steps(plan, base, folder, clock)
    return _result(plan, base, meter, loaded_gib=loaded, seconds=clock.seconds, out_of_memory=said)


def twice(steps: StepPlan, step: int) -> StepPlan:
    """A plan of one step, taken STEPS times."""
    samples = steps.step(step)
    ends = array("I", (len(samples) * taken for taken in range(STEPS + 1)))
    return replace(steps, order=samples * STEPS, ends=ends, epoch_ends=(STEPS,))


class _Clock(TrainerCallback):
    """Seconds of the last step."""

    def __init__(self) -> None:
        self._began = 0.0
        self.seconds: float | None = None

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._began = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds = time.perf_counter() - self._began


def _take_steps(plan: RunPlan, base: BaseModel, folder: Path, clock: _Clock) -> str | None:
    """What the allocator said if memory ran out, None if the steps were taken."""
    set_seed(plan.config.seed)
    try:
        model = attach_adapter(base.model, plan.config, plan.targets)
        probed = replace(plan, steps=twice(plan.steps, plan.longest.step))
        arguments = training_arguments(plan.config, base, folder)
        trainer = make_trainer(probed, model, choose(model, plan.config), None, arguments)
        trainer.add_callback(clock)
        trainer.train()
    except Exception as error:
        if isinstance(error, OutOfMemory):
            return error.diagnosis.message
        if not is_out_of_memory(error):
            raise
        return first_line(error)
    return None


def _result(
    plan: RunPlan,
    base: BaseModel,
    meter: Meter,
    *,
    loaded_gib: float,
    seconds: float | None,
    out_of_memory: str | None,
) -> ProbeResult:
    device, longest = base.device.name, plan.longest
    samples = plan.steps.step(longest.step)
    return ProbeResult(
        device=device,
        dtype=base.device.dtype_name,
        baseline_gib=meter.baseline_gib(device),
        loaded_gib=loaded_gib,
        peak_gib=device_peak_gib(device),
        reserved_gib=device_reserved_gib(device),
        step=longest.step,
        records=len(samples),
        tokens=sum(plan.steps.lengths[sample] for sample in samples),
        micro_batch=longest.records,
        micro_batch_tokens=longest.tokens,
        seconds=None if out_of_memory else seconds,
        out_of_memory=out_of_memory,
    )


def _too_large(config: TrainingConfig, meter: Meter, said: str) -> ProbeResult:
    """The model alone did not fit."""
    device, dtype = this_machine().device(config.device), this_machine().dtype(config.dtype, config.device)
    peak = device_peak_gib(device)
    return ProbeResult(
        device=device,
        dtype=dtype,
        baseline_gib=meter.baseline_gib(device),
        loaded_gib=peak,
        peak_gib=peak,
        out_of_memory=f"while the model was loaded: {said}",
    )
