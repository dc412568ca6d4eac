"""Which device and dtype a worker uses. An explicit choice that cannot work is refused with the reason."""

import os
from dataclasses import dataclass

import torch

from phi_core.errors import ConfigError
from phi_core.models.memory_use import device_peak_gib

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Device:
    """`name` is torch's device type; `dtype` that of the frozen base weights (adapters train in float32)."""

    name: str
    dtype: torch.dtype

    @property
    def dtype_name(self) -> str:
        return str(self.dtype).removeprefix("torch.")


def choose_device(wanted: str = "auto", dtype: str = "auto") -> Device:
    """`auto`: CUDA, then MPS, then CPU; float32 except bfloat16 on a CUDA device that has it.

    float32 on the CPU even for checkpoints stored in half precision: as stored they run many times slower there.
    """
    name = _best_device() if wanted == "auto" else wanted
    if name not in _available():
        raise ConfigError(
            f"device: {name} is not available here", remedy=f"Available: {', '.join(_available())}"
        )
    return Device(name, _dtype(name, dtype))


SMALL_MODEL = 20_000_000
"""Parameters below which a second thread costs more than it brings: its barriers are longer than its work."""


def choose_threads(num_parameters: int) -> int:
    """Set torch's threads for a model of this size, unless OMP_NUM_THREADS says how many; returns their number."""
    if num_parameters < SMALL_MODEL and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)
    return torch.get_num_threads()


def peak_memory_gib(device: Device) -> float:
    """The most memory used so far: the process's on the CPU, allocated tensors on CUDA, allocated now on MPS."""
    return device_peak_gib(device.name)


def _available() -> list[str]:
    found = ["cuda"] if torch.cuda.is_available() else []
    found += ["mps"] if torch.backends.mps.is_available() else []
    return [*found, "cpu"]


def _best_device() -> str:
    return _available()[0]


def _dtype(device: str, wanted: str) -> torch.dtype:
    if wanted == "auto":
        return (
            torch.bfloat16
            if device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
            else torch.float32
        )
    if wanted == "float16" and device == "cpu":
        raise ConfigError(
            "dtype: float16 on the CPU is many times slower and not trained here", remedy="Use float32"
        )
    if (
        wanted == "bfloat16"
        and device == "cuda"
        and not torch.cuda.is_bf16_supported(including_emulation=False)
    ):
        raise ConfigError("dtype: this GPU has no bfloat16", remedy="Use float16 or float32")
    return DTYPES[wanted]
