"""Runs in two processes over gloo: the losses of one process, stop and resume, signals, and every way to end."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from phi_core.config.problems import checked
from phi_core.jobs.processes import end_all, family
from phi_core.jobs.training_job import (
    ask,
    create_run,
    end_at_once,
    kill,
    resume_run,
    start_run,
    wait_until_ended,
)
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run, read_run

Started = Callable[..., Path]
END_SECONDS = 120


@pytest.fixture
def started(tmp_path: Path, tiny_phi: Path) -> Iterator[Started]:
    """Starts runs on a toy dataset; whatever is left of them is ended afterwards."""
    rows = [
        {"prompt": f"what is {i}?" * (1 + i % 3), "response": "it is " + "so " * (i % 7) + str(i * i)}
        for i in range(40)
    ]
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)))
    paths: list[Path] = []

    def start(**changes: Any) -> Path:
        values = {"model_name": str(tiny_phi), "dataset_path": str(data), "device": "cpu", "lora_dropout": 0}
        steps = {"epochs": 100, "max_steps": 12, "batch_size": 3, "gradient_accumulation_steps": 2}
        config = checked({**values, **steps, "evaluate_every": 6, "learning_rate": 1e-2, **changes})
        path = create_run(config, tmp_path / "runs", command=["phi", "train"], facts={})
        paths.append(path)
        start_run(path)
        return path

    yield start
    for path in paths:
        end_all(processes_of(path))


def processes_of(path: Path) -> list[psutil.Process]:
    layout = RunLayout(path)
    records = [json.loads(file.read_text()) for file in (layout.status, layout.launch) if file.exists()]
    pids = [record.get("supervisor", record).get("pid") for record in records]
    return [process for process in family(filter(None, pids)) if process.pid != os.getpid()]


def ended(path: Path) -> Run:
    return wait_until_ended(path, seconds=END_SECONDS)


def at_step(path: Path, step: int) -> Run:
    """The run once it has done so many steps."""
    end = time.monotonic() + END_SECONDS
    while (run := read_run(path)).step < step:
        assert run.is_live and time.monotonic() < end, (run.layout.log.read_text(), run.of_kind("failed"))
        time.sleep(0.02)
    return run


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it went between the two questions
        return False


def gone(processes: list[psutil.Process]) -> bool:
    end = time.monotonic() + 30
    while any(map(is_alive, processes)):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def losses(run: Run) -> dict[int, float]:
    return dict(run.series("step", "loss"))


def test_two_processes_give_the_losses_of_one(started: Started) -> None:
    """The last step of each epoch has a single record: one process of the two then has none."""
    steps = {"epochs": 2, "max_steps": None, "validation_records": 3, "evaluate_every": None}
    one, two = ended(started(**steps)), ended(started(**steps, num_processes=2))
    assert (one.state, two.state) == ("finished", "finished"), two.layout.log.read_text()
    assert [event.data["effective_batch_size"] for event in two.of_kind("step")][-1] < 6
    assert losses(two) == pytest.approx(losses(one), abs=1e-5)
    for kind, name in (("evaluation", "validation_loss"), ("step", "grad_norm"), ("step", "trained_tokens")):
        assert dict(two.series(kind, name)) == pytest.approx(dict(one.series(kind, name)), abs=1e-4), name
    assert [event.kind for event in two.events] == [event.kind for event in one.events]
    assert two.layout.checkpoint_steps() == one.layout.checkpoint_steps()


def test_a_run_stopped_in_two_processes_goes_on_in_two_as_if_nothing_had_been(started: Started) -> None:
    whole = ended(started(max_steps=60))
    path = started(max_steps=60, num_processes=2)
    ask(at_step(path, 2), "stop")
    stopped = ended(path)
    assert stopped.state == "stopped" and 2 <= stopped.step < 60, stopped.layout.log.read_text()
    assert resume_run(stopped) == stopped.step
    finished = ended(path)
    said = (finished.of_kind("failed"), finished.layout.log.read_text())
    assert finished.state == "finished", said
    assert losses(finished) == pytest.approx(losses(whole), abs=1e-5)


def test_a_signal_to_the_supervisor_stops_all_after_a_checkpoint(started: Started) -> None:
    path = started(max_steps=100_000, num_processes=2)
    at_step(path, 1)
    everyone = processes_of(path)
    assert len(everyone) >= 4  # supervisor, agent, two workers
    os.kill(json.loads(RunLayout(path).launch.read_text())["supervisor"]["pid"], signal.SIGTERM)
    run = ended(path)
    assert run.state == "stopped" and run.layout.checkpoint_steps()[-1] == run.step
    assert gone(everyone)


def test_what_ends_a_terminal_and_what_slurm_sends_to_everyone_is_one_stop(started: Started) -> None:
    path = started(max_steps=100_000, num_processes=2)
    at_step(path, 1)
    everyone = processes_of(path)
    for number in (signal.SIGHUP, signal.SIGTERM):
        for process in everyone:
            process.send_signal(number)
    run = ended(path)
    assert run.state == "stopped" and run.layout.checkpoint_steps()[-1] == run.step
    assert gone(everyone)


def test_killing_a_run_leaves_no_process(started: Started) -> None:
    path = started(max_steps=100_000, num_processes=2)
    run = at_step(path, 1)
    everyone = processes_of(path)
    kill(run)
    assert gone(everyone) and ended(path).state == "lost"


def test_a_run_ended_at_once_says_that_it_stopped_and_leaves_no_process(started: Started) -> None:
    path = started(max_steps=100_000, num_processes=2)
    run = at_step(path, 1)
    everyone = processes_of(path)
    end_at_once(run)
    assert gone(everyone) and ended(path).state == "stopped"


def test_a_run_that_loses_a_process_fails_and_says_so(started: Started) -> None:
    path = started(max_steps=100_000, num_processes=2)
    at_step(path, 1)
    everyone = processes_of(path)
    other = next(process for process in everyone if process.environ().get("RANK") == "1")
    other.kill()
    failed = ended(path)
    (event,) = failed.of_kind("failed")
    assert failed.state == "failed" and "another process of the run is gone" in event.data["error"]
    assert gone(everyone)


def test_what_all_processes_fail_of_is_recorded_once_with_its_reason(
    started: Started, tmp_path: Path
) -> None:
    (tmp_path / "same.jsonl").write_text('{"prompt": "a", "response": "b"}\n' * 9)
    path = started(num_processes=2, dataset_path=str(tmp_path / "same.jsonl"))
    failed = ended(path)
    (event,) = failed.of_kind("failed")
    assert failed.state == "failed" and "validation split" in event.data["error"]
