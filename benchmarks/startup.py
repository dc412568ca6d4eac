"""How long front ends take to start: whole processes, from exec to exit. `python -m benchmarks.startup [--json FILE]`

The bare interpreter is measured beside them in the same rounds, so that the difference is what phi costs. The app is
measured to its first drawn screen, in a pseudo-terminal.
"""

import argparse
import json
import os
import platform
import pty
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from phi_core.jobs.training_job import versions

ROUNDS = 7
FIRST_SCREEN = b"Compare"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder))
    for name, seconds in figures.items():
        print(
            f"{name:34} median {statistics.median(seconds):.3f} s  (min {min(seconds):.3f}, max {max(seconds):.3f})"
        )
    if given.json:
        given.json.write_text(json.dumps({"machine": machine(), "seconds": figures}, indent=2) + "\n")


def measure(folder: Path) -> dict[str, list[float]]:
    """Seconds of each case, interleaved; the first round is a warm-up and not counted."""
    subprocess.run(
        [sys.executable, "-m", "phi_core", "demo", "d"], cwd=folder, check=True, capture_output=True
    )
    cases: dict[str, Callable[[], float]] = {
        "bare interpreter": lambda: command(folder, "-c", "pass"),
        "phi --help": lambda: command(folder, "-m", "phi_core", "--help"),
        "phi runs list": lambda: command(folder, "-m", "phi_core", "runs", "list"),
        "phi plan (370 records, tokenised)": lambda: command(
            folder / "d", "-m", "phi_core", "plan", "train.yaml"
        ),
        "phi tui, to its first screen": lambda: first_screen(folder / "d"),
    }
    figures: dict[str, list[float]] = {name: [] for name in cases}
    for counted in range(ROUNDS + 1):
        for name, case in cases.items():
            seconds = case()
            if counted:
                figures[name].append(seconds)
    return figures


def command(folder: Path, *words: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def first_screen(folder: Path) -> float:
    """Seconds from exec until the tab bar has been drawn in a pseudo-terminal."""
    start = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        environment = {**os.environ, "TERM": "xterm-256color", "PHI_STATE_DIR": str(folder / ".state")}
        os.execve(sys.executable, [sys.executable, "-m", "phi_core", "tui"], environment)
    drawn = b""
    while FIRST_SCREEN not in drawn and select.select([terminal], [], [], 20)[0]:
        drawn += os.read(terminal, 65536)
    seconds = time.perf_counter() - start
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.close(terminal)
    if FIRST_SCREEN not in drawn:
        raise SystemExit("the app drew no tab bar within 20 s")
    return seconds


def machine() -> dict[str, object]:
    return {"cpu_count": os.cpu_count(), "platform": platform.platform(), "versions": versions()}


if __name__ == "__main__":
    main()
