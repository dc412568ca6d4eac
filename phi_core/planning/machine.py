"""What this machine has for a run, asked without torch: cores, main memory and the GPUs that a run would see."""

from dataclasses import dataclass

import psutil

from phi_core.files import GIB
from phi_core.planning.gpus import Gpu, gpus


@dataclass(frozen=True)
class Machine:
    cores: int
    free_gib: float
    total_gib: float
    gpus: tuple[Gpu, ...]

    @property
    def training_free_gib(self) -> float:
        """Memory that a run would use: the first GPU's if there is one, else the system's."""
        return self.gpus[0].free_gib if self.gpus else self.free_gib

    def device(self, wanted: str) -> str:
        """The device that `auto` will most likely mean: cuda where there is a GPU, else cpu."""
        if wanted != "auto":
            return wanted
        return "cuda" if self.gpus else "cpu"

    def dtype(self, wanted: str, device: str) -> str:
        """The dtype that `auto` will most likely mean; the worker decides when it sees the device."""
        if wanted != "auto":
            return wanted
        return "bfloat16" if self.gpus and device in ("auto", "cuda") else "float32"

    def device_name(self, wanted: str) -> str:
        """What a run's memory belongs to, for people and for the record: a GPU's name, else main memory."""
        return self.gpus[0].name if self.gpus and self.device(wanted) == "cuda" else "main memory"

    def free_gib_for(self, device: str, *, num_processes: int = 1) -> float:
        """Memory free for one process on the device that `device` means. Processes share main memory, not GPUs."""
        if self.gpus and self.device(device) == "cuda":
            return self.gpus[0].free_gib
        return self.free_gib / num_processes


def this_machine() -> Machine:
    memory = psutil.virtual_memory()
    return Machine(
        cores=psutil.cpu_count(logical=False) or 1,
        free_gib=memory.available / GIB,
        total_gib=memory.total / GIB,
        gpus=gpus(),
    )
