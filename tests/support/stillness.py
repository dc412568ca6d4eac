"""A world that stands still: one clock, time zone, person and machine, so that a screen is the same wherever it is drawn.

`Still.now` is what `time.time()` answers; who builds a scene moves it. Waiting is by other clocks and goes on.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from phi_core.evaluation.comparison import Comparison, header
from phi_core.files import GIB
from phi_core.planning import machine
from phi_core.planning.gpus import Gpu
from phi_tui import compare_text

NOON = 1_790_942_400.0
"""2 October 2026, 12:00 UTC."""
GPU = Gpu("NVIDIA H200", free_gib=121.5, total_gib=139.8, utilisation_percent=87, uuid="GPU-0")
ENVIRONMENT = {
    **{"LOGNAME": "reader", "USER": "reader", "TZ": "UTC"},
    **{"TERM": "xterm-256color", "COLORTERM": "truecolor"},
}


class Still:
    """The clock of the scene."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


def _without_folder(comparison: Comparison) -> list[tuple[str, str]]:
    """What was compared, with paths as if the working folder were always the same."""
    here = str(Path.cwd())
    return [(name, value.replace(here, "~/pirate")) for name, value in header(comparison)]


@contextmanager
def held_still() -> Iterator[Still]:
    """Until it is left: fixed time, UTC, a person named reader, a machine with one GPU, an interactive terminal."""
    clock = Still()
    memory = SimpleNamespace(available=96 * GIB, total=128 * GIB)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", clock)
        patch.setattr(machine, "gpus", lambda: (GPU,))
        counts = SimpleNamespace(virtual_memory=lambda: memory, cpu_count=lambda logical=True: 16)
        patch.setattr(machine, "psutil", counts)
        for name in ("NO_COLOR", "TMUX", "VISUAL", "EDITOR", "CUDA_VISIBLE_DEVICES", "PHI_RUNS_DIR"):
            patch.delenv(name, raising=False)
        patch.setattr(compare_text, "header", _without_folder)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        time.tzset()
        try:
            yield clock
        finally:
            patch.undo()
            time.tzset()
