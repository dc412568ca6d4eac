"""Requests that come, or workers that die, at the worst moment: nothing is lost in silence, nothing is done twice."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from run_factory import add_event, make_run
from tiny_models import save_tiny_model
from toy_run import toy_config, write_toy_dataset
from worker_runs import SECONDS, created, ended

from phi_core.config.training import TrainingConfig
from phi_core.jobs.training_job import start_run, wait_until_ended
from phi_core.runs.control import pending_requests, send_request
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run
from phi_core.runs.writer import RunWriter
from phi_core.training.run import execute
from phi_core.workers.train import NoInterruption, refuse_late

Config = Callable[..., TrainingConfig]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """One epoch of eight steps."""
    folder = tmp_path_factory.mktemp("toy")
    model, dataset = save_tiny_model(folder / "model"), write_toy_dataset(folder / "data.jsonl", count=34)
    return lambda **changes: toy_config(model, dataset, **{"epochs": 1, **changes})


class Watched(RunWriter):
    """A writer that calls `act` after every event."""

    def __init__(self, root: Path, act: Callable[[str, int], object]) -> None:
        self._act = act
        super().__init__(root)

    def event(self, kind: str, step: int, **data: Any) -> None:
        super().event(kind, step, **data)
        self._act(kind, step)


def carried_out(writer: RunWriter) -> str:
    with closing(writer):
        return execute(writer, resume=False, interruption=NoInterruption())


def test_an_extension_that_comes_after_the_last_step_is_carried_out(config: Config, tmp_path: Path) -> None:
    path = created(config(), tmp_path)
    layout, is_sent = RunLayout(path), []

    def ask_late(kind: str, step: int) -> None:
        if (kind, step) == ("checkpoint", 8) and not is_sent:
            is_sent.append(True)
            send_request(layout, "extend", steps=3)

    assert carried_out(Watched(path, ask_late)) == "finished"
    run = read_run(path)
    assert run.step == run.total_steps == 11 and pending_requests(layout) == []
    assert all(path.name.startswith("step-") for path in layout.checkpoints.iterdir()), "nothing is left over"


def test_a_request_is_removed_only_when_it_is_journalled(config: Config, tmp_path: Path) -> None:
    path = created(config(), tmp_path)
    layout, waiting = RunLayout(path), {}

    def look(kind: str, step: int) -> None:
        if (kind, step) == ("plan", 0):
            send_request(layout, "set_learning_rate", value=3e-3)
            send_request(layout, "checkpoint")
        if kind == "control":
            waiting[read_run(path).events[-1].data["request"]] = [
                one.kind for one in pending_requests(layout)
            ]

    carried_out(Watched(path, look))
    assert waiting == {"set_learning_rate": ["set_learning_rate", "checkpoint"], "checkpoint": ["checkpoint"]}
    assert pending_requests(layout) == []


def test_an_extension_whose_worker_died_before_removing_it_is_not_granted_twice(
    config: Config, tmp_path: Path
) -> None:
    path = created(config(), tmp_path)
    layout = RunLayout(path)
    send_request(layout, "extend", steps=3)
    (request,) = pending_requests(layout)
    add_event(path, "control", 0, request="extend", steps=3, id=request.id)
    start_run(path, resume=True)
    run = wait_until_ended(path, seconds=SECONDS)
    assert run.state == "finished" and run.step == run.total_steps == 11
    assert len(run.of_kind("control")) == 1 and pending_requests(layout) == []


def test_an_extension_asked_of_a_run_that_had_just_ended_is_refused_in_words(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a")
    layout = RunLayout(path)
    send_request(layout, "extend", steps=3)
    ended_at = time.time()
    time.sleep(0.01)
    send_request(layout, "extend", steps=4)  # by somebody who saw the end: the next worker's
    with closing(RunWriter(path)) as writer:
        refuse_late(writer, ended=ended_at)
    assert [dict(request.values) for request in pending_requests(layout)] == [{"steps": 4}]
    warning = read_run(path).last("warning")
    assert warning is not None and "extend is refused: the run had just ended" in warning.data["message"]


def test_memory_that_ran_out_after_the_checkpoint_says_nothing_of_the_steps_before(
    config: Config, tmp_path: Path
) -> None:
    """A killed run goes on from an older checkpoint with what that checkpoint had, as it did the first time."""
    run = ended(config(checkpoint_every=5, checkpoints_kept=9), tmp_path)
    add_event(run.path, "control", 8, request="extend", steps=2)
    add_event(
        run.path,
        "out_of_memory",
        8,
        micro_batch_before=2,
        micro_batch_after=1,
        checkpointing_switched_on=True,
        message="",
    )
    start_run(run.path, resume=True)
    resumed = wait_until_ended(run.path, seconds=SECONDS)
    assert resumed.state == "finished" and resumed.step == 10
    assert dict(resumed.series("step", "micro_batch_size"))[9] == 2
