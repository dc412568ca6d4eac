"""`phi runs evaluate`, `set-lr` and `extend`: change what a run does while it does it.

The worker answers between two steps: a `control` event for what was done, a warning for what could not be.
"""

from phi_core.cli.flags import RunsDir, Whole
from phi_core.cli.output import say
from phi_core.jobs.extension import extend_run
from phi_core.jobs.training_job import ask
from phi_core.runs.reader import Run
from phi_core.runs.store import LATEST, RunStore, runs_root


def evaluate(run: str = LATEST, /, *, runs_dir: RunsDir = None) -> int:
    """Measure the validation loss after the current step."""
    found = _found(run, runs_dir)
    ask(found, "evaluate")
    say(f"asked {found.id}: evaluate")
    return 0


def set_lr(run: str, value: float, /, *, runs_dir: RunsDir = None) -> int:
    """Give the learning-rate curve another peak from the next step on.

    Parameters
    ----------
    value
        The peak learning rate, such as 1e-4.
    """
    found = _found(run, runs_dir)
    ask(found, "set_learning_rate", value=value)
    say(f"asked {found.id}: peak learning rate {value:g} from the next step on")
    return 0


def extend(run: str = LATEST, /, *, steps: Whole, runs_dir: RunsDir = None) -> int:
    """Add optimizer steps to a run. One that has ended is started again from its newest checkpoint.

    Parameters
    ----------
    steps
        How many more.
    """
    found = _found(run, runs_dir)
    started = extend_run(found, steps)
    planned = f", {found.total_steps + steps:,} in all" if found.total_steps else ""
    how = f"{found.id} goes on for" if started else f"asked {found.id}:"
    say(f"{how} {steps:,} more steps{planned}")
    return 0


def _found(name: str, runs_dir: str | None) -> Run:
    return RunStore(runs_root(runs_dir)).find(name)
