"""The app in figures: start, attach, key to paint, memory, bytes. `python -m benchmarks.tui [--only NAME …] [--json FILE]`

    start    exec to the first drawn screen and to a usable app (the form, or the list of runs), beside a Textual app of one
             line of text: what the libraries alone cost
    attach   from F3 to the first curve of a run of 100,000 steps, and the app's memory with it
    keys     from a key to the first byte that it paints, while a real training keeps both cores busy
    bytes    sent a second at 80×24: a run that writes --rate steps a second, and nothing at all, on every tab
    memory   the app's resident memory beside a live run, after --minutes (the figure of an hour needs --minutes 60)

Everything happens in a pseudo-terminal of 80×24, in a temporary folder. Other work on the machine makes seconds longer: the
load is written beside the figures.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.terminal import Terminal
from phi_core.jobs.training_job import versions
from phi_core.runs.events import event_line
from phi_core.runs.identity import identity_of
from phi_core.runs.layout import FORMAT, RunLayout
from phi_core.runs.store import RunStore

ROUNDS = 10
LONG_STEPS = 100_000
BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("Compare")
Bare().run()
"""
KEYS = 100
FIRST_SCREEN = "Compare"
BRAILLE = tuple(map(chr, range(0x2801, 0x2900)))
Figures = dict[str, dict[str, float]]
TABS = ("train", "runs", "chat", "compare", "data")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--minutes", type=float, default=2.0, help="of `memory`")
    parser.add_argument("--seconds", type=float, default=20.0, help="of `bytes`, for each tab")
    parser.add_argument("--rate", type=float, default=5.0, help="steps a second of the live run")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = {name: MEASURES[name](Path(folder), given) for name in given.only}
    for name, found in figures.items():
        print(name)
        for what, numbers in found.items():
            print(f"  {what:46}", ", ".join(f"{key} {number:.3g}" for key, number in numbers.items()))
    if given.json:
        given.json.write_text(json.dumps({"machine": machine(), "figures": figures}, indent=2) + "\n")


def start(folder: Path, given: argparse.Namespace) -> Figures:
    cases = {
        "bare Textual app, first screen, s": ([sys.executable, "-c", BARE], FIRST_SCREEN),
        "phi tui, first screen, s": (app("train"), FIRST_SCREEN),
        "phi tui, the form, s": (app("train"), "model_name"),
        "phi tui --tab runs, its words, s": (app("runs"), "No runs here"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for counted in range(ROUNDS + 1):
        for name, (words, wanted) in cases.items():
            begun = time.perf_counter()
            with Terminal(words, folder) as terminal:
                terminal.wait_for(wanted)
                took = time.perf_counter() - begun
            if counted:
                seconds[name].append(took)
    return {name: spread(values) for name, values in seconds.items()}


def attach(folder: Path, given: argparse.Namespace) -> Figures:
    long_run(folder / "runs", LONG_STEPS)
    seconds, resident = [], []
    for _ in range(ROUNDS // 2):
        with Terminal(app("runs"), folder) as terminal:
            terminal.wait_for(FIRST_SCREEN)
            begun = time.perf_counter()
            terminal.wait_for(*BRAILLE)
            seconds.append(time.perf_counter() - begun)
            terminal.read_for(3.0)
            resident.append(terminal.resident_mib)
    name = f"first screen to the curve of {LONG_STEPS:,} steps, s"
    return {name: spread(seconds), "resident memory with it, MiB": spread(resident)}


def keys(folder: Path, given: argparse.Namespace) -> Figures:
    """Arrows move in the form, m and [ turn the curves: what is painted first answers the key."""
    figures: Figures = {}
    with training(folder):
        for tab, pressed in (("train", ("\x1b[B", "\x1b[A")), ("runs", ("m", "["))):
            with Terminal(app(tab), folder) as terminal:
                terminal.wait_for(FIRST_SCREEN)
                terminal.read_for(5.0)
                answers = [terminal.answer_seconds(pressed[turn % 2]) for turn in range(KEYS)]
            waits = [1000 * answer for answer in answers if answer is not None]
            figures[f"{tab}: key to paint, ms"] = {
                **spread(waits),
                "p95": statistics.quantiles(waits, n=20)[-1],
            }
    return figures


def bytes_sent(folder: Path, given: argparse.Namespace) -> Figures:
    cases = [(tab, rate, ()) for rate in (0.0, given.rate) for tab in TABS]
    figures: Figures = {}
    for tab, rate, flags in [*cases, ("runs", given.rate, ("--low-bandwidth",))]:
        runs = folder / f"runs-{rate:g}"
        with LiveRun(runs, rate), Terminal([*app(tab), *flags, "--runs_dir", str(runs)], folder) as terminal:
            terminal.wait_for(FIRST_SCREEN)
            terminal.read_for(8.0)
            sent = terminal.read_for(given.seconds) / given.seconds / 1000
            share = terminal.cpu_share(5.0)
        name = " ".join((tab, *flags, f"at {rate:g} steps a second"))
        figures[name] = {"KB/s": sent, "share of a core": share}
    return figures


def memory(folder: Path, given: argparse.Namespace) -> Figures:
    runs = folder / "runs-live"
    with LiveRun(runs, given.rate), Terminal([*app("runs"), "--runs_dir", str(runs)], folder) as terminal:
        terminal.wait_for(FIRST_SCREEN)
        terminal.read_for(10.0)
        first = terminal.resident_mib
        terminal.read_for(60 * given.minutes)
        return {"resident, MiB": {"after 10 s": first, f"after {given.minutes:g} min": terminal.resident_mib}}


MEASURES: dict[str, Callable[[Path, argparse.Namespace], Figures]] = {
    "start": start,
    "attach": attach,
    "keys": keys,
    "bytes": bytes_sent,
    "memory": memory,
}


class LiveRun:
    """A run of this process that writes so many steps a second; 0: a folder without runs."""

    def __init__(self, runs: Path, rate: float) -> None:
        self._layout, self._rate = RunLayout(runs / "live"), rate
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> "LiveRun":
        self._layout.root.parent.mkdir(exist_ok=True)
        if self._rate:
            about = {"format": FORMAT, "created": time.time(), "base_model": "tiny"}
            write_run(self._layout, about, {"state": "running", **identity_of(os.getpid()).as_json()})
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._rate:
            self._thread.join()

    def _write(self) -> None:
        step = 0
        while not self._ended.wait(1 / self._rate):
            step += 1
            with self._layout.events.open("a", encoding="utf-8") as file:
                file.write(event_line("step", step, step_data(step)))


@contextmanager
def training(folder: Path) -> Iterator[None]:
    """A real training of the bundled model meanwhile, with as many threads as there are cores."""
    phi = [sys.executable, "-m", "phi_core"]
    subprocess.run([*phi, "demo", "d"], cwd=folder, check=True, capture_output=True)
    words = ["train", "train.yaml", "--max_steps", "1000000", "--runs_dir", str(folder / "runs")]
    environment = {**os.environ, "OMP_NUM_THREADS": str(os.cpu_count())}
    with (folder / "train.log").open("w") as log:
        busy = subprocess.Popen([*phi, *words], cwd=folder / "d", env=environment, stdout=log, stderr=log)
    try:
        while not RunStore(folder / "runs").runs() or not RunStore(folder / "runs").runs()[0].step:
            time.sleep(1.0)
            if busy.poll() is not None:
                sys.exit((folder / "train.log").read_text())
        yield
    finally:
        subprocess.run([*phi, "runs", "stop", "latest", "--runs_dir", str(folder / "runs")], check=False)
        busy.wait()


def long_run(runs: Path, steps: int) -> None:
    layout = RunLayout(runs / "long")
    about = {"format": FORMAT, "created": time.time(), "base_model": "tiny"}
    write_run(layout, about, {"state": "finished", "step": steps, "total_steps": steps})
    with layout.events.open("a", encoding="utf-8") as file:
        file.writelines(event_line("step", step, step_data(step)) for step in range(1, steps + 1))


def write_run(layout: RunLayout, about: dict[str, Any], status: dict[str, Any]) -> None:
    layout.root.mkdir(parents=True, exist_ok=True)
    layout.run_json.write_text(json.dumps(about))
    layout.config.write_text("model_name: tiny\n")
    layout.status.write_text(json.dumps({"step": 0, "heartbeat": time.time(), **status}))


def step_data(step: int) -> dict[str, Any]:
    """What a trainer writes of a step."""
    noise = (step * 2654435761 % 1000) / 1000
    return {
        "loss": 0.5 + 3.0 / (1 + step / 50) + 0.3 * noise,
        "learning_rate": 2e-4 / (1 + step / 1000),
        "grad_norm": 1.0 + noise,
        "trained_tokens": 4096 + step % 97,
        "tokens_per_second": 800.0 + 100 * noise,
        "step_seconds": 0.2,
        "peak_memory_gib": 1.25,
        "epoch": step / 100,
    }


def app(tab: str) -> list[str]:
    return [sys.executable, "-m", "phi_core", "tui", "--tab", tab]


def spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def machine() -> dict[str, object]:
    return {
        "cpu_count": os.cpu_count(),
        "platform": platform.platform(),
        "load": os.getloadavg(),
        "versions": versions(),
    }


if __name__ == "__main__":
    main()
