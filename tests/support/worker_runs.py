"""Real training workers on toy runs: start one, act on it at a step, compare what two of them did."""

import time
from collections.abc import Callable
from pathlib import Path

from phi_core.config.training import TrainingConfig
from phi_core.jobs.training_job import create_run, start_run, wait_until_ended
from phi_core.planning.run_plan import make_plan
from phi_core.runs.reader import Run, read_run

SECONDS = 200.0


def created(config: TrainingConfig, root: Path) -> Path:
    return create_run(config, root, command=["test"], facts=make_plan(config).facts())


def started(config: TrainingConfig, root: Path) -> Path:
    path = created(config, root)
    start_run(path)
    return path


def ended(config: TrainingConfig, root: Path) -> Run:
    return wait_until_ended(started(config, root), seconds=SECONDS)


def when(path: Path, is_so: Callable[[Run], bool], act: Callable[[Run], object]) -> None:
    """Do something to a live run as soon as something is so. An AssertionError if it never is."""
    end = time.monotonic() + SECONDS
    while (run := read_run(path)).is_live and time.monotonic() < end:
        if is_so(run):
            act(run)
            return
        time.sleep(0.002)
    raise AssertionError(f"the run is {run.state} at step {run.step}: {run.last('failed')}")


def has_done(step: int) -> Callable[[Run], bool]:
    def is_so(run: Run) -> bool:
        last = run.last("step")
        return last is not None and last.step >= step

    return is_so


def at_step(path: Path, step: int, act: Callable[[Run], object]) -> Run:
    """Do something to a run as soon as it has done `step` steps, and wait for its end."""
    when(path, has_done(step), act)
    return wait_until_ended(path, seconds=SECONDS)


def assert_equal_runs(run: Run, whole: Run) -> None:
    """The same numbers to the last bit, and the same adapter."""
    assert run.state == "finished", run.last("failed")
    for kind, name in (
        ("step", "loss"),
        ("step", "learning_rate"),
        ("step", "grad_norm"),
        ("step", "lora_dropout"),
        ("step", "weight_decay"),
        ("evaluation", "validation_loss"),
    ):
        assert run.series(kind, name) == whole.series(kind, name), name
    ours, theirs = (r.layout.final_adapter / "adapter_model.safetensors" for r in (run, whole))
    assert ours.read_bytes() == theirs.read_bytes()
