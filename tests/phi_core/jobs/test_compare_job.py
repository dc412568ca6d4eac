"""Comparisons as processes: one worker a folder, and nobody else is signalled. No model is loaded here."""

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from batch_factory import batch_of, capitals, make_batch
from filelock import FileLock
from run_factory import make_run

from phi_core.errors import RequestError, WorkError
from phi_core.evaluation.batch_folder import BatchFolder, read_batch
from phi_core.evaluation.batch_request import BatchRequest
from phi_core.files import write_json
from phi_core.jobs import compare_job
from phi_core.jobs.compare_job import batch_folder_of, new_batch, start, stop
from phi_core.runs.identity import identity_of
from phi_core.runs.reader import read_run
from phi_core.runs.store import RunStore


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def say_running(folder: Path, **identity: object) -> None:
    write_json(BatchFolder(folder).status, {"state": "running", **identity})


def test_a_second_start_on_a_live_folder_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    make_batch(tmp_path, {"base": "no", "tuned": "yes"}, state="running", is_alive=True)
    with pytest.raises(RequestError, match="is running already"):
        start(tmp_path, batch_of(capitals(2)))
    assert read_batch(tmp_path).batch == batch_of(capitals())


def test_two_starts_at_once_have_one_winner(tmp_path: Path) -> None:
    with FileLock(BatchFolder(tmp_path).starting), pytest.raises(RequestError, match="is running already"):
        start(tmp_path, batch_of(capitals()))
    assert not BatchFolder(tmp_path).batch.exists()


def test_a_worker_that_does_not_start_is_told_with_its_log(tmp_path: Path) -> None:
    """Here because another worker, which has not spoken yet, holds the folder."""
    with FileLock(BatchFolder(tmp_path).lock), pytest.raises(WorkError, match=r"worker\.log"):
        start(tmp_path, batch_of(capitals()))
    assert "another worker has" in BatchFolder(tmp_path).log.read_text()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="cannot be written"):
        start(tmp_path / "file" / "out", batch_of(capitals()))


def test_a_full_disk_is_told_with_a_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(compare_job, "write_json", full)
    with pytest.raises(RequestError, match="No space left on device"):
        start(tmp_path, batch_of(capitals()))


def test_stop_signals_the_worker(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    say_running(tmp_path, **identity_of(sleeper.pid).as_json())
    stop(tmp_path)
    assert sleeper.wait(10) == -signal.SIGTERM


def test_stop_signals_no_process_that_has_only_inherited_the_number(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    say_running(tmp_path, **{**identity_of(sleeper.pid).as_json(), "start_time": 1.0})
    with pytest.raises(RequestError, match="is not running"):
        stop(tmp_path)
    assert sleeper.poll() is None


@pytest.mark.parametrize("state", ["finished", "stopped", "lost"])
def test_what_has_ended_cannot_be_stopped(tmp_path: Path, state: str) -> None:
    make_batch(tmp_path, {"base": "no", "tuned": "yes"}, state=state)
    with pytest.raises(RequestError, match="is not running"):
        stop(tmp_path)


def test_a_batch_on_another_machine_is_stopped_there(tmp_path: Path) -> None:
    say_running(tmp_path, pid=1, start_time=1.0, boot_id="x", host="other", heartbeat=9e9)
    with pytest.raises(RequestError, match="runs on other"):
        stop(tmp_path)


def test_a_batch_of_a_run_is_kept_in_the_run(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path, "a"))
    folder = batch_folder_of(capitals(), BatchRequest("m"), run=run, root=tmp_path)
    assert folder == run.path / "answers" / "capitals"


def test_a_batch_of_no_run_is_kept_beside_the_runs_and_is_none(tmp_path: Path) -> None:
    make_run(tmp_path, "a")
    asked = replace(capitals(), name="../so: bad")
    folder = batch_folder_of(asked, BatchRequest("hub/tiny-model"), run=None, root=tmp_path)
    assert folder == tmp_path / "comparisons" / "so--bad-tiny-model"
    make_batch(folder, {"base": "no", "tuned": "yes"})
    assert [run.id for run in RunStore(tmp_path).runs()] == ["a"]


def test_a_batch_names_its_paths_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    batch = new_batch(capitals(), BatchRequest("model", {"one": "a/b"}))
    assert batch.request.model_name == str(tmp_path.resolve() / "model")
    assert batch.request.adapters == {"one": os.path.join(os.getcwd(), "a/b")}


@pytest.mark.parametrize(
    "asked",
    [
        BatchRequest(None, endpoints={"far": "http://me:word@host/v1#m"}),
        BatchRequest("m", judge="https://host/v1?key=word#m"),
    ],
)
def test_an_address_with_a_secret_is_refused_before_anything_is_written(asked: BatchRequest) -> None:
    """Whoever asks: batch.json would hold it."""
    with pytest.raises(RequestError, match="OPENAI_API_KEY") as caught:
        new_batch(capitals(), asked)
    assert "word" not in str(caught.value).replace("password", "")


def test_a_worker_that_is_ending_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has said `stopped` and still holds the folder: one that started now would find it taken."""
    starting = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.5)"])
    threading.Thread(target=starting.wait, daemon=True).start()
    record = {"state": "stopped", **identity_of(starting.pid).as_json()}
    write_json(BatchFolder(tmp_path).status, record)
    lived: list[int | None] = []
    monkeypatch.setattr(compare_job, "_start_worker", lambda files: lived.append(starting.poll()))
    start(tmp_path, batch_of(capitals()))
    assert lived == [0]
