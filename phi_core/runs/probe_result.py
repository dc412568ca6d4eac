"""What the memory probe measured, as its worker writes it and its job reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class ProbeResult:
    """Two steps on `step`, the first of the plan with its largest micro-batch. Memory in GiB, of one process.

    On the CPU `peak_gib` is the resident peak and holds `baseline_gib`, what libraries took before the model; on CUDA
    it is what tensors took, and `reserved_gib` what the allocator took from the device. `records` and `tokens` are of
    the whole step, `micro_batch` and `micro_batch_tokens` of its largest part. `seconds` are those of one step; None
    if memory ran out, and `out_of_memory` then says what was said. Figures of a process that was killed are all 0.
    """

    device: str = "cpu"
    dtype: str = ""
    baseline_gib: float = 0.0
    loaded_gib: float = 0.0
    peak_gib: float = 0.0
    reserved_gib: float | None = None
    step: int = 0
    records: int = 0
    tokens: int = 0
    micro_batch: int = 0
    micro_batch_tokens: int = 0
    seconds: float | None = None
    out_of_memory: str | None = None

    @property
    def needed_gib(self) -> float:
        """What the run needs besides its process: comparable with the total of the estimate."""
        return self.peak_gib - self.baseline_gib

    @property
    def tokens_per_second(self) -> float | None:
        return self.tokens / self.seconds if self.seconds else None


def result_from(record: Mapping[str, Any]) -> ProbeResult:
    """The result in a worker's document."""
    return ProbeResult(**{field.name: record[field.name] for field in fields(ProbeResult)})
