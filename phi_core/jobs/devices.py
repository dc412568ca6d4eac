"""The devices that runs of this machine can be put on, with the memory that is free on each, asked without torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

from phi_core.files import GIB
from phi_core.planning.gpus import gpus

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
    found = (Device(gpu.uuid, gpu.free_gib, gpu.total_gib, gpu.held_gib) for gpu in gpus())
    memory = psutil.virtual_memory()
    return (*found, Device(CPU, memory.available / GIB, memory.total / GIB))
