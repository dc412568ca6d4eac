"""The queue on disk: order, moves, removal, and what a crash or a reboot leaves."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock
from run_factory import make_run, write_status

from phi_core.errors import RunError
from phi_core.jobs import queue_runner
from phi_core.jobs.queue import (
    RUNNER_LOCK,
    enqueue,
    ensure_runner,
    has_runner,
    move,
    needs_runner,
    queued,
    remove,
    runs_at_once,
    set_runs_at_once,
)
from phi_core.jobs.training_job import ask, resume_run
from phi_core.runs.identity import boot_id
from phi_core.runs.layout import RunLayout
from phi_core.runs.queue_mark import queue_mark
from phi_core.runs.reader import START_SECONDS, read_run
from phi_core.runs.store import RunStore


def waiting(root: Path, *names: str, needs: float | None = 0.0) -> list[Path]:
    """Runs that were created and never started, in the queue in this order."""
    paths = []
    for name in names:
        path = make_run(root, name, state="created", steps=0, alive=False)
        RunLayout(path).status.unlink()
        enqueue(path, needs_gib=needs, device="cpu")
        paths.append(path)
    return paths


def order(root: Path) -> list[str]:
    return [run.id for run in queued(root)]


def age(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds, time.time() - seconds))


def test_a_queued_run_is_queued_however_long_it_waits(tmp_path: Path) -> None:
    (path,) = waiting(tmp_path, "a")
    about = json.loads(RunLayout(path).run_json.read_text())
    RunLayout(path).run_json.write_text(json.dumps(about | {"created": 1.0}))
    run = read_run(path)
    assert (run.state, run.is_live, run.activity) == ("queued", False, "waits in the queue")


def test_runs_wait_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    waiting(tmp_path, "b", "a", "c")
    assert order(tmp_path) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("name", "places", "expected"),
    [
        ("c", -1, "acbd"),
        ("c", -9, "cabd"),
        ("a", 1, "bacd"),
        ("a", 2, "bcad"),
        ("b", 9, "acdb"),
        ("d", 0, "abcd"),
    ],
)
def test_moving_changes_one_place(tmp_path: Path, name: str, places: int, expected: str) -> None:
    waiting(tmp_path, *"abcd")
    place = move(tmp_path / name, places)
    assert order(tmp_path) == list(expected)
    assert order(tmp_path).index(name) == place


def test_many_moves_keep_the_order_unmistakable(tmp_path: Path) -> None:
    waiting(tmp_path, *"abc")
    expected = ["a", "b", "c"]
    for _ in range(30):
        expected.insert(1, expected.pop())
        move(tmp_path / expected[1], -1)
        assert order(tmp_path) == expected


def test_a_removed_run_has_stopped_before_its_first_step_and_may_come_again(tmp_path: Path) -> None:
    path, _ = waiting(tmp_path, "a", "b")
    remove(path)
    assert order(tmp_path) == ["b"] and read_run(path).state == "stopped"
    enqueue(path, needs_gib=1.0)
    assert order(tmp_path) == ["b", "a"] and read_run(path).state == "queued"


@pytest.mark.parametrize("state", ["running", "finished"])
def test_only_what_could_be_started_is_queued(tmp_path: Path, state: str) -> None:
    path = make_run(tmp_path, "a", state=state)
    with pytest.raises(RunError, match=f"run a is {state}"):
        enqueue(path, needs_gib=1.0)


def test_what_was_taken_meanwhile_cannot_be_moved_or_removed(tmp_path: Path) -> None:
    (path,) = waiting(tmp_path, "a")
    mark = queue_mark(path)
    assert mark is not None and mark.renamed("started") is not None
    for request in (lambda: move(path, 1), lambda: remove(path)):
        with pytest.raises(RunError, match="not in the queue"):
            request()
    assert mark.renamed("queued", position=1) is None  # who holds the old name was overtaken


def test_a_queued_run_is_neither_asked_nor_resumed_and_its_deletion_empties_the_queue(tmp_path: Path) -> None:
    (path,) = waiting(tmp_path, "a")
    with pytest.raises(RunError, match="phi queue remove"):
        ask(read_run(path), "stop")
    with pytest.raises(RunError, match="phi queue start"):
        resume_run(read_run(path))
    RunStore(tmp_path).delete(read_run(path))
    assert order(tmp_path) == []


def test_one_claim_wins_of_many_processes(tmp_path: Path) -> None:
    """Twelve processes take, remove and move the same run at once: one takes or removes it."""
    (path,) = waiting(tmp_path, "a")
    code = """
import sys, time
from pathlib import Path
from phi_core.runs.queue_mark import queue_mark
mark = queue_mark(Path(sys.argv[1]))
while time.time() < float(sys.argv[2]): pass
print(mark.renamed(sys.argv[3]) is not None)
"""
    at = str(time.time() + 2)
    kinds = ["started", "removed"] * 3
    processes = [
        subprocess.Popen([sys.executable, "-c", code, path, at, kind], stdout=subprocess.PIPE, text=True)
        for kind in kinds
    ]
    answers = [process.communicate()[0].strip() for process in processes]
    assert sorted(answers) == ["False"] * 5 + ["True"]


def test_a_run_whose_starter_went_down_before_it_started_goes_back(tmp_path: Path) -> None:
    path, _ = waiting(tmp_path, "a", "b")
    mark = queue_mark(path)
    taken = mark and mark.renamed("started")
    assert taken is not None and read_run(path).state == "created"
    queue_runner.settle(taken)
    assert order(tmp_path) == ["b"]  # it may be starting
    age(taken.path, START_SECONDS + 1)
    aged = queue_mark(path)
    assert aged is not None and needs_runner(tmp_path)
    queue_runner.settle(aged)
    assert order(tmp_path) == ["a", "b"]


@pytest.mark.parametrize(("boot", "goes_on"), [("an earlier boot", True), (None, False)])
def test_a_run_that_a_reboot_ended_goes_on_and_a_killed_one_does_not(
    tmp_path: Path, boot: str | None, goes_on: bool
) -> None:
    (path,) = waiting(tmp_path, "a")
    mark = queue_mark(path)
    taken = mark and mark.renamed("started")
    assert taken is not None
    age(taken.path, 5)
    write_status(path, state="running", step=3, total_steps=9)
    status = json.loads(RunLayout(path).status.read_text())
    dead = {"pid": 2**22 + 1, "start_time": 1.0, "boot_id": boot or boot_id()}
    RunLayout(path).status.write_text(json.dumps(status | dead))
    assert read_run(path).state == "lost" and needs_runner(tmp_path)
    aged = queue_mark(path)
    assert aged is not None
    queue_runner.settle(aged)
    assert (order(tmp_path) == ["a"]) is goes_on
    assert (read_run(path).state == "queued") is goes_on


def test_a_run_that_has_ended_leaves_the_queue(tmp_path: Path) -> None:
    (path,) = waiting(tmp_path, "a")
    mark = queue_mark(path)
    taken = mark and mark.renamed("started")
    assert taken is not None
    age(taken.path, 5)
    write_status(path, state="failed", step=3, total_steps=9, alive=False)
    aged = queue_mark(path)
    assert aged is not None
    queue_runner.settle(aged)
    assert queue_mark(path) is None and read_run(path).state == "failed"


def test_what_can_never_fit_says_why_and_lets_others_pass(tmp_path: Path) -> None:
    waiting(tmp_path, "huge", needs=1e9)
    (running,) = waiting(tmp_path, "small")
    mark = queue_mark(running)
    assert mark is not None
    make_run(tmp_path, "live", state="running")
    queue_runner.take_turn(tmp_path)
    huge, small = queued(tmp_path)
    assert "it cannot start here" in huge.why and "cannot start here" in read_run(huge.path).activity
    assert small.why == "waits until live has ended"


def test_a_runner_is_got_going_only_where_something_waits(tmp_path: Path) -> None:
    assert not ensure_runner(tmp_path) and not ensure_runner(tmp_path / "nowhere")
    waiting(tmp_path, "a")
    with FileLock(tmp_path / RUNNER_LOCK):
        code = "import sys; from pathlib import Path; from phi_core.jobs.queue import *; print(has_runner(Path(sys.argv[1])), ensure_runner(Path(sys.argv[1])))"
        done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True)
        assert done.stdout.split() == ["True", "False"], done.stderr
    assert not has_runner(tmp_path)


def test_how_many_runs_share_a_device_is_remembered(tmp_path: Path) -> None:
    assert runs_at_once(tmp_path) == 1
    set_runs_at_once(tmp_path, 3)
    assert runs_at_once(tmp_path) == 3
    with pytest.raises(RunError, match="at least 1, got 0"):
        set_runs_at_once(tmp_path, 0)
