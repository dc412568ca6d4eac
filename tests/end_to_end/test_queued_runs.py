"""The queue with real processes: in order, on after an error, on after its runner was killed, and from the command line."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from command_line import phi
from filelock import FileLock
from toy_run import write_toy_dataset

from phi_core.jobs.process import start_module
from phi_core.jobs.processes import end_all, family
from phi_core.jobs.queue import RUNNER_LOCK, ensure_runner, has_runner, queued
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run

SECONDS = 120


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A runs folder; what a test leaves running is ended."""
    path = tmp_path / "runs"
    yield path
    for status in path.glob("*/status.json"):
        pid = json.loads(status.read_text())["pid"]
        end_all(process for process in family([pid]) if process.pid != os.getpid())


@pytest.fixture
def words(tmp_path: Path, tiny_phi: Path, root: Path) -> list[object]:
    """The words of a short run, for `phi`."""
    data = write_toy_dataset(tmp_path / "data.jsonl")
    model = ("--model_name", tiny_phi, "--dataset_path", data, "--device", "cpu", "--max_steps", 3)
    batch = ("--batch_size", 2, "--gradient_accumulation_steps", 1, "--epochs", 4000)
    return ["train", *model, *batch, "--runs_dir", root]


def endless(words: list[object]) -> list[object]:
    """The same run with steps for longer than a test lasts."""
    place = words.index("--max_steps") + 1
    return [*words[:place], 40_000, *words[place + 1 :]]


def wait_for(condition: object, what: str) -> None:
    end = time.monotonic() + SECONDS
    assert callable(condition)
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def enqueued(words: list[object]) -> Path:
    """Queue a run by the command line, with its folder's queue held so that nothing starts yet."""
    root = Path(str(words[words.index("--runs_dir") + 1]))
    root.mkdir(exist_ok=True)
    with FileLock(root / RUNNER_LOCK):
        done = phi(*words, "--queue", "--json")
    assert done.status == 0, done.err
    return Path(json.loads(done.out)["path"])


def test_runs_start_one_after_another_in_their_order_and_past_an_error(
    words: list[object], root: Path
) -> None:
    first, broken, last = (enqueued(words) for _ in range(3))
    assert [run.id for run in queued(root)] == [first.name, broken.name, last.name]
    assert {read_run(path).state for path in (first, broken, last)} == {"queued"}
    assert phi("queue", "move", last.name, "-2", "--runs_dir", root).out == f"{last.name} is at place 0\n"
    RunLayout(broken).config.write_text("lora_r: 0\n")
    assert ensure_runner(root)
    wait_for(lambda: not queued(root), "the queue empties")
    wait_for(lambda: not any(read_run(p).is_live for p in (first, broken, last)), "all end")
    runs = [read_run(path) for path in (last, first, broken)]
    assert [run.state for run in runs] == ["finished", "finished", "failed"]
    begun = [run.events[0].time for run in runs]
    assert begun == sorted(begun)
    finished = runs[0].last("finished")
    assert finished is not None and finished.time < begun[1]  # one at a time
    wait_for(lambda: not has_runner(root), "the runner leaves")


def test_a_runner_that_is_killed_loses_nothing(words: list[object], root: Path) -> None:
    one, two = enqueued(endless(words)), enqueued(words)
    runner = start_module("phi_core.jobs.queue_runner", [str(root)], log=root / "log")
    wait_for(lambda: read_run(one).step > 0, "the first runs")
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    assert read_run(one).state == "running" and [run.id for run in queued(root)] == [two.name]
    listed = phi("runs", "list", "--json", "--runs_dir", root)  # any front end gets a runner going
    assert {run["id"]: run["state"] for run in json.loads(listed.out)} == {
        one.name: "running",
        two.name: "queued",
    }
    wait_for(lambda: has_runner(root), "a new runner")
    wait_for(lambda: one.name in queued(root)[0].why, "it says why the second waits")
    assert phi("runs", "stop", one.name, "--runs_dir", root).status == 0
    wait_for(lambda: read_run(two).state == "finished", "the second runs")
    assert read_run(one).state == "stopped"


def test_a_run_that_has_stopped_can_be_queued_to_go_on(words: list[object], root: Path) -> None:
    path = enqueued(words)
    assert phi("queue", "remove", path.name, "--runs_dir", root).status == 0
    assert read_run(path).state == "stopped"
    with FileLock(root / RUNNER_LOCK):
        assert phi("queue", "add", path.name, "--runs_dir", root).out == f"{path.name} is queued at place 0\n"
        listed = json.loads(phi("queue", "list", "--json", "--runs_dir", root).out)
    (entry,) = listed["queued"]
    assert entry["id"] == path.name and 0 < entry["needs_gib"] < 8 and listed["at_once"] == 1
    assert phi("queue", "start", path.name, "--runs_dir", root).status == 0
    wait_for(lambda: read_run(path).state == "finished", "it runs")


def test_the_queue_in_the_foreground_ends_when_nothing_waits(words: list[object], root: Path) -> None:
    path = enqueued(words)
    assert phi("queue", "run", "--runs_dir", root).status == 0
    assert read_run(path).state in ("created", "running", "finished")
    wait_for(lambda: read_run(path).state == "finished", "it runs")


def test_what_the_queue_cannot_look_after_is_refused_and_leaves_nothing(
    words: list[object], root: Path, tmp_path: Path
) -> None:
    elsewhere = phi(*words, "--queue", "--output_dir", tmp_path / "elsewhere" / "mine")
    slurm = phi(*words, "--queue", "--launcher", "slurm")
    assert elsewhere.status == slurm.status == 2
    assert "output_dir is elsewhere" in elsewhere.err and "queue of its own" in slurm.err
    assert not list(root.glob("*")) and not (tmp_path / "elsewhere").exists()


def test_more_processes_than_the_machine_has_gpus_are_refused(words: list[object], root: Path) -> None:
    place = words.index("--batch_size") + 1
    on_gpus = ["cuda" if word == "cpu" else word for word in [*words[:place], 256, *words[place + 1 :]]]
    done = phi(*on_gpus, "--num_processes", 256)
    assert done.status == 2 and "256 processes need" in done.err, done.err
    missing = phi(*words, "--accelerate_config", "nowhere.yaml")
    assert missing.status == 2 and "there is no file nowhere.yaml" in missing.err


def test_a_run_for_slurm_where_there_is_none_is_refused_and_leaves_nothing(
    words: list[object], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    done = phi(*words, "--launcher", "slurm")
    assert done.status == 2 and "slurm needs sbatch" in done.err
    assert not list(root.glob("*"))


def test_a_runner_is_a_light_process(words: list[object], root: Path) -> None:
    """No torch in the process that may wait for days."""
    path = enqueued(endless(words))
    enqueued(words)
    runner = start_module("phi_core.jobs.queue_runner", [str(root)], log=root / "log")
    try:
        wait_for(lambda: read_run(path).step > 0, "the first runs")
        maps = Path(f"/proc/{runner.pid}/maps")
        if maps.exists():
            assert "libtorch" not in maps.read_text()
        assert os.getsid(runner.pid) == runner.pid
        assert psutil.Process(runner.pid).memory_info().rss < 200 * 1024**2
    finally:
        runner.kill()
        runner.wait()
