"""What the watcher tells of all runs: the message with the order of the queue, and a mark that changes when it does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from phi_core.runs.queue_mark import queue_mark
from phi_core.runs.reader import Run
from phi_tui.messages import RunsChanged


def runs_message(runs: Sequence[Run]) -> RunsChanged:
    return RunsChanged(tuple(runs), queue_order(runs))


def runs_signature(runs: Sequence[Run]) -> Any:
    return [_mark(run) for run in runs], queue_order(runs)


def queue_order(runs: Sequence[Run]) -> tuple[Path, ...]:
    """The queued runs, the next one to start first. A job in Slurm's queue has no place in ours."""
    marks = [mark for run in runs if run.state == "queued" and (mark := queue_mark(run.path))]
    return tuple(mark.run for mark in sorted(marks, key=lambda mark: (mark.position, mark.run.name)))


def _mark(run: Run) -> Any:
    newest = run.events[-1].time if run.events else 0.0
    return (
        *(run.path, run.state, run.activity, run.step, run.total_steps),
        *(len(run.events), newest, dict(run.labels)),
    )
