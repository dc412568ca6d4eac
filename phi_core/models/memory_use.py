"""What a process uses of memory, as the system and the device count it. GiB.

On Linux the resident peak is VmHWM of /proc/self/status, which belongs to this program alone and can be set back;
`ru_maxrss` also holds the peak of whoever started it.
"""

import resource
import sys
from pathlib import Path

import psutil
import torch

from phi_core.files import GIB

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident_gib() -> float:
    """Main memory that this process holds now, mapped files included."""
    return float(psutil.Process().memory_info().rss) / GIB


def resident_peak_gib() -> float:
    """The most main memory that this process held, since its start or the last `reset_peak`."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 2**20
    except (OSError, StopIteration, ValueError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / GIB if sys.platform == "darwin" else peak / 2**20


def reset_peak(device: str) -> None:
    """Let the peak begin anew from what is held now, where the system allows it."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    try:
        _CLEAR.write_text("5", encoding="ascii")
    except OSError:
        return  # another system: the peak of loading stays in the peak


def device_peak_gib(device: str) -> float:
    """The most memory used: allocated tensors on CUDA, allocated now on MPS, else the process's."""
    if device == "cuda":
        return float(torch.cuda.max_memory_allocated()) / GIB
    if device == "mps":
        return float(torch.mps.current_allocated_memory()) / GIB
    return resident_peak_gib()


def device_reserved_gib(device: str) -> float | None:
    """The most that the CUDA allocator took from the device; None elsewhere."""
    return float(torch.cuda.max_memory_reserved()) / GIB if device == "cuda" else None
