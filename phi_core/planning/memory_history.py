"""What past runs on this machine teach about the formula's estimate: a factor by which it was wrong.

Each run that ends remembers its estimate and the peak that was measured. The factor is the median of measured over
estimated among the newest runs of the same kind: device, dtype and quantisation. While there is none it is a safety
factor. One bounded file of this person's state, written beside and renamed; of two runs that end at the same instant
one may be forgotten, which costs a figure.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from phi_core.files import read_json, write_json
from phi_core.planning.places import state_directory

RUNS_KEPT = 200
NEWEST = 20
LEAST_GIB = 0.25
"""Smaller peaks say more about an allocator's blocks than about the formula."""
SOUND_FACTORS = (0.2, 5.0)
"""A measured peak further off than this is of something else than this run."""
CPU_SAFETY_FACTOR = 2.0
"""The most that a run took of its estimate among those of `docs/memory.md`, all on the CPU: 1.4 to 2.0 times."""
GPU_SAFETY_FACTOR = 1.25
"""An allowance for what CUDA's allocator keeps and cannot give out; not measured."""


@dataclass(frozen=True)
class Correction:
    """From 0 runs `factor` is the safety factor: nothing was learned yet."""

    factor: float
    num_runs: int

    def __str__(self) -> str:
        if not self.num_runs:
            return f"× {self.factor:g}, a safety factor: no run of this kind was measured here yet"
        runs = "1 run" if self.num_runs == 1 else f"{self.num_runs} runs"
        return f"× {self.factor:.2f}, learned from {runs}"


def history_file() -> Path:
    return state_directory() / "memory.json"


def kind_of_run(device_name: str, dtype: str, quantization: str) -> str:
    """What runs must share for one to teach about another."""
    return f"{device_name} · {dtype} · {quantization}"


def correction(kind: str, device: str) -> Correction:
    """What the newest runs of this kind teach; the safety factor of the device while there is none."""
    factors = [measured / estimate for own, estimate, measured in _entries() if own == kind][-NEWEST:]
    if factors:
        return Correction(median(factors), len(factors))
    return Correction(GPU_SAFETY_FACTOR if device == "cuda" else CPU_SAFETY_FACTOR, 0)


def remember(kind: str, *, estimate_gib: float, measured_gib: float) -> bool:
    """Keep what a run needed above what its process had before the model; False if it teaches nothing.

    A state folder that cannot be written costs the memory of it, not the run.
    """
    entry = (kind, estimate_gib, measured_gib)
    if measured_gib < LEAST_GIB or not _is_sound(*entry):
        return False
    newest = [*_entries(), entry][-RUNS_KEPT:]
    runs = [{"kind": own, "estimate_gib": estimate, "measured_gib": gib} for own, estimate, gib in newest]
    try:
        history_file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(history_file(), {"format": 1, "written": time.time(), "runs": runs})
    except OSError:
        return False
    return True


def _entries() -> Iterator[tuple[str, float, float]]:
    """What of the file is sound, from the oldest."""
    content = read_json(history_file())
    runs = content.get("runs") if isinstance(content, dict) else None
    for run in runs if isinstance(runs, list) else ():
        entry = _entry(run)
        if entry is not None and _is_sound(*entry):
            yield entry


def _entry(run: Any) -> tuple[str, float, float] | None:
    try:
        return str(run["kind"]), float(run["estimate_gib"]), float(run["measured_gib"])
    except (KeyError, TypeError, ValueError):
        return None


def _is_sound(kind: str, estimate_gib: float, measured_gib: float) -> bool:
    if not (kind and estimate_gib > 0 and math.isfinite(estimate_gib) and math.isfinite(measured_gib)):
        return False
    low, high = SOUND_FACTORS
    return low <= measured_gib / estimate_gib <= high
