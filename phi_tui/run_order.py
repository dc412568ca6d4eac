"""In which order runs are listed: the newest first with the queue before them, or by a figure. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from phi_core.runs.reader import Run
from phi_tui import run_text


@dataclass(frozen=True)
class Order:
    """`column` of the list is the one that it is by; `sign` says which way it runs there."""

    name: str
    column: str
    sign: str


ORDERS = (
    Order("newest", "age", "↑"),
    Order("loss", "loss", "↑"),
    Order("validation loss", "val", "↑"),
    Order("name", "run", "↑"),
    Order("state", "state", "↑"),
    Order("steps", "step", "↓"),
)
STATES = ("running", "created", "paused", "queued", "failed", "lost", "stopped", "finished")


def ordered(runs: Sequence[Run], order: Order, queue: Sequence[Path] = ()) -> tuple[Run, ...]:
    """`runs` come newest first and stay so among equals; what has no such figure comes last."""
    match order.name:
        case "loss":
            return tuple(sorted(runs, key=lambda run: _least_first(run, "step", "loss")))
        case "validation loss":
            return tuple(sorted(runs, key=lambda run: _least_first(run, "evaluation", "validation_loss")))
        case "name":
            return tuple(sorted(runs, key=lambda run: run_text.title(run).casefold()))
        case "state":
            return tuple(sorted(runs, key=lambda run: STATES.index(run.state)))
        case "steps":
            return tuple(sorted(runs, key=lambda run: -run.step))
    waiting = [run for path in queue for run in runs if run.path == path]
    return (*waiting, *(run for run in runs if run.path not in queue))


def _least_first(run: Run, kind: str, name: str) -> float:
    event = run.last(kind)
    value = event.number(name) if event else None
    return math.inf if value is None or math.isnan(value) else value
