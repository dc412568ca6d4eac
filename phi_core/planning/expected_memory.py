"""What a run is expected to need on this machine: the formula's estimate, corrected by past runs or, while there is
none, by a safety factor, against what is free.

One `Expected` serves the plan's text, `--fit`, presets and the app. Pure but for the file of past runs.
"""

from dataclasses import dataclass

from phi_core.config.training import TrainingConfig
from phi_core.model_files.architecture import Shape
from phi_core.planning.longest_batch import LongestBatch
from phi_core.planning.machine import Machine
from phi_core.planning.memory import MemoryEstimate, estimate_of_batch
from phi_core.planning.memory_history import Correction, correction, kind_of_run


@dataclass(frozen=True)
class Expected:
    """`needed_gib` is the corrected total with the fixed cost of the process: what free memory is compared with."""

    estimate: MemoryEstimate
    correction: Correction
    free_gib: float

    @property
    def corrected_gib(self) -> float:
        return self.estimate.total_gib * self.correction.factor

    @property
    def needed_gib(self) -> float:
        return self.corrected_gib + self.estimate.process_gib

    @property
    def is_enough(self) -> bool:
        return self.needed_gib <= self.free_gib


def expected_memory(
    config: TrainingConfig,
    shape: Shape,
    batch: LongestBatch,
    machine: Machine,
    *,
    trainable: int,
) -> Expected:
    """Of one process."""
    dtype, device = machine.dtype(config.dtype, config.device), machine.device(config.device)
    estimate = estimate_of_batch(config, shape, batch, dtype=dtype, trainable=trainable, device=device)
    return Expected(estimate, correction(memory_kind(config, machine), device), free_gib(config, machine))


def memory_kind(config: TrainingConfig, machine: Machine) -> str:
    """What runs of this configuration share with those that teach about them."""
    dtype = machine.dtype(config.dtype, config.device)
    return kind_of_run(machine.device_name(config.device), dtype, config.quantization)


def free_gib(config: TrainingConfig, machine: Machine) -> float:
    """What one process of this run may use."""
    here = -(-config.num_processes // config.num_machines)
    return machine.free_gib_for(config.device, num_processes=here)
