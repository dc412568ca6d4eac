"""The devices that runs of this machine can be put on, with the memory that is free on each, asked without torch.

A GPU is known by its UUID, so that CUDA_VISIBLE_DEVICES names the one that was measured, whatever order CUDA counts
in. A CUDA_VISIBLE_DEVICES of the environment is respected: others may have been promised the rest.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

GIB = 1024**3
CPU = "cpu"


@dataclass(frozen=True)
class Device:
    """`name` is the UUID of a GPU or `cpu`. `held_gib` is what each process holds there, pid → GiB."""

    name: str
    free_gib: float
    total_gib: float
    held_gib: Mapping[int, float] = field(default_factory=dict)


def num_gpus() -> int:
    """GPUs that a run of this environment would see."""
    return len(gpus())


def devices() -> tuple[Device, ...]:
    """Every GPU, and the system's memory as the CPU's."""
    return (*gpus(), cpu())


def cpu() -> Device:
    memory = psutil.virtual_memory()
    return Device(CPU, memory.available / GIB, memory.total / GIB)


def gpus() -> tuple[Device, ...]:
    """NVIDIA's GPUs, () without a driver."""
    import pynvml  # only where it is asked for: most machines of front ends have no driver

    try:
        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(pynvml.nvmlDeviceGetCount())]
        found = [_gpu(handle) for handle in handles]
    except pynvml.NVMLError:
        return ()
    return tuple(found[place] for place in visible(os.environ.get("CUDA_VISIBLE_DEVICES"), _names(found)))


def visible(wish: str | None, names: list[str]) -> list[int]:
    """The places among `names` that a CUDA_VISIBLE_DEVICES allows; all where it is not set.

    As CUDA reads it: numbers or the beginning of a UUID, up to the first that names nothing.
    """
    if wish is None:
        return list(range(len(names)))
    places: list[int] = []
    for word in filter(None, (word.strip() for word in wish.split(","))):
        found = [place for place, name in enumerate(names) if str(place) == word or name.startswith(word)]
        if not found:
            break
        places.append(found[0])
    return places


def _names(found: list[Device]) -> list[str]:
    return [device.name for device in found]


def _gpu(handle: object) -> Device:
    import pynvml

    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return Device(str(pynvml.nvmlDeviceGetUUID(handle)), memory.free / GIB, memory.total / GIB, _held(handle))


def _held(handle: object) -> dict[int, float]:
    """GiB by pid; a container may not be told, and then it is {}."""
    import pynvml

    try:
        processes = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    except pynvml.NVMLError:
        return {}
    return {process.pid: (process.usedGpuMemory or 0) / GIB for process in processes}
