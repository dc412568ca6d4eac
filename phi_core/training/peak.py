"""The peak of memory of a run, and the record of it that later estimates learn from.

A `Meter` is made before the model is loaded; once it is loaded, `reset_peak` leaves what loading took out of the peak;
`remember_peak` comes at the end. Knows nothing about how a run is carried out.
"""

from phi_core.models.base import BaseModel
from phi_core.models.memory_use import device_peak_gib, resident_gib
from phi_core.planning.machine import this_machine
from phi_core.planning.memory_history import kind_of_run, remember
from phi_core.planning.run_plan import RunPlan
from phi_core.runs.reader import Run


class Meter:
    """What this process held before anything was loaded: make it first."""

    def __init__(self) -> None:
        self.start_gib = resident_gib()

    def baseline_gib(self, device: str) -> float:
        """What is no part of the run: libraries on the CPU; nothing on other devices, where tensors are counted."""
        return self.start_gib if device == "cpu" else 0.0


def remember_peak(plan: RunPlan, base: BaseModel, meter: Meter, *, told: Run, steps: range) -> bool:
    """Let the estimate of later runs learn from this one; call it at the end of a run, before the model is freed.

    `steps` are those that this process took. Without the longest batch among them the peak is not what was estimated;
    nor is it where the run had to give something up, which `told`, its record, says.
    """
    machine, device = this_machine(), base.device.name
    estimate = plan.memory(machine)
    if estimate is None or device not in ("cpu", "cuda"):
        return False
    if plan.longest.step not in steps or told.of_kind("out_of_memory"):
        return False
    kind = kind_of_run(machine.device_name(device), base.device.dtype_name, plan.config.quantization)
    measured = device_peak_gib(device) - meter.baseline_gib(device)
    return remember(kind, estimate_gib=estimate.total_gib, measured_gib=measured)
