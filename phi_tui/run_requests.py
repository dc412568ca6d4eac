"""What the Runs tab asks for a run. Each function does it, or raises PhiError, and returns what to tell. Run in threads.

Knows no widget.
"""

import math
import time

from phi_core.errors import RunError
from phi_core.jobs import queue, training_job
from phi_core.jobs.extension import extend_run
from phi_core.runs.control import RequestKind
from phi_core.runs.reader import Run
from phi_core.runs.store import RunStore
from phi_tui.run_labels import Written
from phi_tui.run_outcomes import Request
from phi_tui.run_text import title


def asked(run: Run, kind: RequestKind, told: str, **values: float) -> Request:
    """Send a request to the run's worker. RunError if the run is not live or a value is out of bounds."""
    moment = time.time()
    training_job.ask(run, kind, **values)
    return Request(run.path, kind, moment, f"{title(run)}: {told}")


def rate_asked(run: Run, text: str) -> Request:
    """Ask for another peak learning rate. RunError for what is no number above 0."""
    value = _number(text, "the peak learning rate", "such as 1e-4")
    return asked(run, "set_learning_rate", f"asked for a peak learning rate of {value:g}", value=value)


def extended(run: Run, text: str) -> Request:
    """Add steps to a run; one that has ended is started again. RunError for what is no whole number above 0."""
    steps = _number(text, "more steps", "such as 100")
    if steps != int(steps) or steps < 1:
        raise RunError(f"more steps must be a whole number above 0, got {text}", "such as 100")
    moment = time.time()
    started = extend_run(run, int(steps))
    told = f"{'starts again for' if started else 'asked for'} {steps:,.0f} more steps"
    return Request(run.path, "extend", moment, f"{title(run)}: {told}")


def peak_rate(run: Run) -> float | None:
    """The peak learning rate that holds now: what was asked last, else what was configured."""
    changes = (event for event in reversed(run.of_kind("control")) if event.number("value") is not None)
    change = next(changes, None)
    configured = run.config.get("learning_rate")
    if change:
        return change.number("value")
    return float(configured) if isinstance(configured, int | float) else None


def killed(run: Run) -> str:
    training_job.kill(run)
    return f"{title(run)}: ended"


def resumed(run: Run) -> str:
    """Start a worker again after the newest checkpoint; a queued run now, whatever memory is free."""
    if run.state == "queued":
        queue.start_now(run.path)
        return f"{title(run)}: starts now"
    step = training_job.resume_run(run)
    return f"{title(run)}: {f'goes on after step {step}' if step else 'starts again from the beginning'}"


def moved(run: Run, places: int) -> str:
    """Move a queued run so many places towards the front (negative) or the end."""
    place = queue.move(run.path, places)
    return f"{title(run)}: {'next to start' if place == 0 else f'{place} before it'}"


def queued_or_not(run: Run) -> str:
    """Take a queued run out of the queue; put one that has ended early at its end."""
    if run.state == "queued":
        queue.remove(run.path)
        return f"{title(run)}: out of the queue; r starts it, u queues it again"
    needs, processes = run.about.get("memory_estimate_gib"), run.config.get("num_processes")
    queue.enqueue(
        run.path,
        needs_gib=float(needs) if isinstance(needs, int | float) else None,
        device=str(run.config.get("device") or "auto"),
        num_processes=processes if isinstance(processes, int) else 1,
    )
    queue.ensure_runner(run.path.resolve().parent)
    return f"{title(run)}: queued"


def deleted(run: Run) -> str:
    RunStore(run.path.parent).delete(run)
    return f"{title(run)}: deleted"


def named(run: Run, name: str | None) -> str:
    """Label the run; an empty name takes the label away."""
    RunStore(run.path.parent).label(run, {"name": name})
    return f"{run.id}: {f'named {name}' if name else 'has no name'}"


def noted(run: Run, told: Written) -> str:
    """Keep a note and tags with the run, as `phi runs label` does."""
    RunStore(run.path.parent).label(run, told.changes)
    return f"{title(run)}: {'notes kept' if told.note or told.tags else 'has no notes'}"


def _number(text: str, what: str, example: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise RunError(f"{what} must be a number, got {text!r}", example)
    return value
