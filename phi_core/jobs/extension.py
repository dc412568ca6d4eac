"""Extend a run by more steps: a live one goes on in its worker, one that has ended is started again.

The request waits in the run's directory until a worker takes it; the worker refuses, with a warning, what cannot be.
"""

from phi_core.errors import RunError
from phi_core.jobs.training_job import ask, start_run
from phi_core.runs.control import send_request
from phi_core.runs.reader import Run


def extend_run(run: Run, steps: int) -> bool:
    """Whether a worker was started for it. RunError if the run has no checkpoint to go on from."""
    if run.is_live or run.state == "queued":
        ask(run, "extend", steps=steps)
        return False
    if not run.layout.checkpoint_steps():
        raise RunError(
            f"run {run.id} is {run.state} and has no checkpoint", "Start a new run with more steps"
        )
    send_request(run.layout, "extend", steps=steps)
    start_run(run.path, resume=True)
    return True
