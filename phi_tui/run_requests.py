"""What the Runs tab asks for a run. Each function does it, or raises RunError, and returns what to tell. Run in threads.

Knows no widget.
"""

from phi_core.jobs import training_job
from phi_core.runs.control import RequestKind
from phi_core.runs.reader import Run
from phi_core.runs.store import RunStore
from phi_tui.run_text import title


def asked(run: Run, kind: RequestKind, told: str) -> str:
    """Send a request to the run's worker."""
    training_job.ask(run, kind)
    return f"{title(run)}: {told}"


def killed(run: Run) -> str:
    training_job.kill(run)
    return f"{title(run)}: ended"


def resumed(run: Run) -> str:
    """Start a worker again after the newest checkpoint."""
    step = training_job.resume_run(run)
    return f"{title(run)}: {f'goes on after step {step}' if step else 'starts again from the beginning'}"


def deleted(run: Run) -> str:
    RunStore(run.path.parent).delete(run)
    return f"{title(run)}: deleted"


def named(run: Run, name: str | None) -> str:
    """Label the run; an empty name takes the label away."""
    RunStore(run.path.parent).label(run, {"name": name})
    return f"{run.id}: {f'named {name}' if name else 'has no name'}"
