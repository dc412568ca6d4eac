"""The GPUs that a run of this environment would see, asked of NVIDIA's management library, without torch.

A CUDA_VISIBLE_DEVICES of the environment is respected: others may have been promised the rest. A GPU is known by its
UUID, so that CUDA_VISIBLE_DEVICES names the one that was measured, whatever order CUDA counts in.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from phi_core.files import GIB


@dataclass(frozen=True)
class Gpu:
    """`held_gib` is what each process holds there, pid → GiB; {} where a container is not told."""

    name: str
    free_gib: float
    total_gib: float
    utilisation_percent: int
    uuid: str = ""
    held_gib: Mapping[int, float] = field(default_factory=dict)


def gpus() -> tuple[Gpu, ...]:
    """() without a driver."""
    import pynvml  # only where it is asked for: most machines of front ends have no driver

    try:
        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(pynvml.nvmlDeviceGetCount())]
        found = [_gpu(handle) for handle in handles]
    except pynvml.NVMLError:
        return ()
    places = visible(os.environ.get("CUDA_VISIBLE_DEVICES"), [gpu.uuid for gpu in found])
    return tuple(found[place] for place in places)


def visible(wish: str | None, uuids: list[str]) -> list[int]:
    """The places among `uuids` that a CUDA_VISIBLE_DEVICES allows; all where it is not set.

    As CUDA reads it: numbers or the beginning of a UUID, up to the first that names nothing.
    """
    if wish is None:
        return list(range(len(uuids)))
    places: list[int] = []
    for word in filter(None, (word.strip() for word in wish.split(","))):
        found = [place for place, uuid in enumerate(uuids) if str(place) == word or uuid.startswith(word)]
        if not found:
            break
        places.append(found[0])
    return places


def _gpu(handle: object) -> Gpu:
    import pynvml

    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return Gpu(
        name=str(pynvml.nvmlDeviceGetName(handle)),
        free_gib=memory.free / GIB,
        total_gib=memory.total / GIB,
        utilisation_percent=int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu),
        uuid=str(pynvml.nvmlDeviceGetUUID(handle)),
        held_gib=_held(handle),
    )


def _held(handle: object) -> dict[int, float]:
    import pynvml

    try:
        processes = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    except pynvml.NVMLError:
        return {}
    return {process.pid: (process.usedGpuMemory or 0) / GIB for process in processes}
