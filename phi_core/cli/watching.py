"""Follow a run in a plain terminal: one progress line while it runs, its loss plot at the end.

On a terminal the line rewrites itself; elsewhere a line is printed about every tenth of the run.
"""

import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO, Any

from phi_core.cli.output import duration, number
from phi_core.jobs.training_job import ask, end_at_once
from phi_core.plain_text import one_line, plain
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run, RunReader
from phi_core.runs.series import thinned

POLL_SECONDS = 0.2
BELL = "\a"
"""Rings a terminal, or marks its tab: the run that was waited for has ended."""


def follow(path: Path, *, out: IO[str] | None = None) -> Run:
    """Watch until the run ends. Ctrl-C ends the watching."""
    reader, printer = RunReader(path), ProgressPrinter(out or sys.stdout)
    printer.begin(path)
    while (run := reader.read()).is_live:
        printer.show(run)
        time.sleep(POLL_SECONDS)
    printer.show(run)
    printer.end(run)
    return run


def start_and_follow(path: Path, start: Callable[[], object], *, out: IO[str] | None = None) -> Run:
    """Start a run and watch it to its end. Ctrl-C, from the first moment on, asks it to stop; a second ends it at once."""
    printer = ProgressPrinter(out or sys.stdout)
    with Interrupts() as interrupts:
        start()
        printer.begin(path)
        reader = RunReader(path)
        while (run := reader.read()).is_live:
            printer.show(run)
            if interrupts.is_new():
                printer.note(_interrupt(run, interrupts.count))
            time.sleep(POLL_SECONDS)
    printer.show(run)
    printer.end(run)
    return run


class Interrupts:
    """Counts Ctrl-C instead of raising KeyboardInterrupt, while it is entered."""

    def __init__(self) -> None:
        self.count = 0
        self._seen = 0

    def __enter__(self) -> "Interrupts":
        self._before = signal.signal(signal.SIGINT, self._count)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def is_new(self) -> bool:
        """Whether there was one since the last call."""
        new, self._seen = self.count > self._seen, self.count
        return new

    def _count(self, number: int, frame: FrameType | None) -> None:
        self.count += 1


class ProgressPrinter:
    """Prints a run's progress; remembers what it has printed."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._shown = ""
        self._tenth = -1

    def begin(self, path: Path) -> None:
        self.note(f"run {path.name} · {path}")

    def note(self, text: str) -> None:
        """A line of its own."""
        print(("\n" if self._shown else "") + plain(text), file=self._out, flush=True)
        self._shown = ""

    def show(self, run: Run) -> None:
        text = progress_line(run)
        if self._out.isatty():
            self._rewrite(text)
        elif self._is_news(run):
            print(text, file=self._out, flush=True)

    def end(self, run: Run) -> None:
        if self._shown:
            print(file=self._out)
        print(plain(ending(run)), file=self._out)
        plot = loss_plot(run)
        if plot:
            print(f"\n{plot}", file=self._out)
        if self._out.isatty():
            print(BELL, end="", file=self._out)
        self._out.flush()

    def _rewrite(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        if text != self._shown:
            print(f"\r{text[:width].ljust(min(len(self._shown), width))}", end="", file=self._out, flush=True)
            self._shown = text[:width]

    def _is_news(self, run: Run) -> bool:
        tenth = run.step * 10 // run.total_steps if run.total_steps else -1
        news, self._tenth = tenth != self._tenth, tenth
        return news


def progress_line(run: Run) -> str:
    """state, step, loss, validation loss, speed, time left."""
    step, validation = run.last("step"), run.last("evaluation")
    if step is None:
        return f"{run.state} · {one_line(run.activity) or 'starting'}"
    left = run.seconds_left
    parts = [
        f"{run.state} {step.step}/{run.total_steps or '?'}",
        f"loss {number(step.number('loss'))}",
        f"val {number(validation.number('validation_loss'))}" if validation else "",
        f"{step.number('tokens_per_second') or 0:,.0f} tok/s",
        f"{duration(left)} left" if left is not None else "",
    ]
    return " · ".join(part for part in parts if part)


def ending(run: Run) -> str:
    """How the run ended, and what to do next if it did not finish."""
    if run.state == "failed":
        event = run.last("failed")
        data = event.data if event else {}
        return plain(
            f"failed: {str(data.get('error', 'unknown')).rstrip('.')}. {data.get('remedy', '')}\nLog: {RunLayout(run.path).log}"
        )
    if run.state == "queued":
        return f"queued: {one_line(run.activity)}. Queue: phi queue list"
    if run.state == "lost":
        return f"lost: the worker is gone without a word (killed?). Go on: phi runs resume {run.id}"
    if run.state in ("stopped", "paused"):
        return f"{run.state} at step {run.step}. Go on: phi runs resume {run.id}"
    return _finished(run)


def exit_status(run: Run) -> int:
    return {"finished": 0, "stopped": 130, "paused": 0, "queued": 0}.get(run.state, 1)


def run_summary(run: Run) -> dict[str, Any]:
    """A run as one JSON document."""
    losses, validation = run.series("step", "loss"), run.series("evaluation", "validation_loss")
    return {
        "id": run.id,
        "path": str(run.path.resolve()),
        "state": run.state,
        "step": run.step,
        "total_steps": run.total_steps,
        "loss": losses[-1][1] if losses else None,
        "validation_loss": validation[-1][1] if validation else None,
        "best_validation_loss": min((value for _, value in validation), default=None),
        "created": run.created,
        "adapter": str(run.adapter) if run.adapter else None,
        "labels": dict(run.labels),
    }


def loss_plot(run: Run, *, width: int = 76, height: int = 14) -> str:
    """Loss and validation loss as text, "" with fewer than two steps. Without colour: this is for logs too."""
    losses = thinned(run.series("step", "loss"), 200)
    if len(losses) < 2:
        return ""
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, height)
    plotext.plot(*zip(*losses, strict=True), label="loss", marker="braille")
    validation = thinned(run.series("evaluation", "validation_loss"), 200)
    if validation:
        plotext.scatter(*zip(*validation, strict=True), label="validation", marker="o")
    plotext.xlabel("step")
    return str(plotext.uncolorize(plotext.build()))


def _finished(run: Run) -> str:
    losses, event = run.series("step", "loss"), run.last("finished")
    seconds = event.time - run.created if event else 0.0
    validation = [value for _, value in run.series("evaluation", "validation_loss")]
    best = f" · best validation loss {min(validation):.4f}" if validation else ""
    change = f"loss {losses[0][1]:.4f} → {losses[-1][1]:.4f}" if losses else "no step"
    return f"finished {run.step} steps in {duration(seconds)} · {change}{best}\nadapter: {run.layout.final_adapter}"


def _interrupt(run: Run, count: int) -> str:
    """Carry a Ctrl-C out; what to tell."""
    if count == 1:
        ask(run, "stop")
        return "stopping after this step, with a checkpoint; Ctrl-C again ends it at once"
    end_at_once(run)
    return "ended at once"
