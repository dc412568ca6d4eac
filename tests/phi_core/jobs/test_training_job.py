"""Runs as processes: created whole or not at all, started, asked, and failed with a reason."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from run_factory import make_run

from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import read_values
from phi_core.errors import RunError
from phi_core.jobs.training_job import (
    ask,
    create_run,
    kill,
    portable,
    resume_run,
    start_run,
    wait_until_ended,
)
from phi_core.runs.control import take_requests
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run

Config = Callable[..., TrainingConfig]


@pytest.fixture
def config(tmp_path: Path, tiny_phi: Path) -> Config:
    rows = [{"prompt": f"What is {count}?", "response": str(count)} for count in range(12)]
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))

    def changed(**changes: object) -> TrainingConfig:
        return checked({"model_name": str(tiny_phi), "dataset_path": str(path), "device": "cpu", **changes})

    return changed


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def created(config: TrainingConfig, root: Path) -> Path:
    return create_run(config, root, command=["phi", "train"], facts={"prepared_fingerprint": "abc"})


def test_a_new_run_has_its_two_files_and_repeats_itself(config: Config, root: Path) -> None:
    path = created(config(lora_r=3), root)
    run = read_run(path)
    assert run.state == "created" and path.parent == root and path.name.endswith("-tiny-phi")
    assert checked(read_values(run.layout.config)) == portable(config(lora_r=3))
    expected = {"format": 1, "id": path.name, "command": ["phi", "train"], "prepared_fingerprint": "abc"}
    assert expected.items() <= run.about.items()
    assert {"seed", "versions", "host", "device", "base_model", "git_commit", "parent"} <= run.about.keys()
    assert {"python", "torch", "peft"} <= run.about["versions"].keys()


def test_paths_stay_valid_in_another_folder(config: Config, tmp_path: Path) -> None:
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        found = portable(config(dataset_path="data.jsonl", validation_path="data.jsonl", output_dir="x"))
    finally:
        os.chdir(before)
    assert found.dataset_path == found.validation_path == (str((tmp_path / "data.jsonl").resolve()),)
    assert found.output_dir is None


def test_two_runs_of_one_second_have_two_names(config: Config, root: Path) -> None:
    assert len({created(config(), root) for _ in range(4)}) == 4


def test_a_name_that_is_no_file_name_is_made_one(config: Config, root: Path) -> None:
    path = created(config(model_name="some one/$(model) ü"), root)
    assert path.parent == root and "$" not in path.name and " " not in path.name


def test_output_dir_is_exactly_the_runs_directory(config: Config, root: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "down" / "mine"
    assert created(config(output_dir=str(target)), root) == target
    assert read_run(target).id == "mine"
    assert not root.exists()


def test_an_empty_output_dir_is_used(config: Config, root: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    assert created(config(output_dir=str(target)), root) == target
    assert target.stat().st_mode & 0o777 == 0o755


def test_a_taken_output_dir_is_refused_and_left_as_it_is(config: Config, root: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "thesis.txt").write_text("years of work")
    for path in (target, target / "thesis.txt"):
        with pytest.raises(RunError, match="exists and is not empty"):
            created(config(output_dir=str(path)), root)
    assert [item.name for item in target.iterdir()] == ["thesis.txt"]
    assert sorted(item.name for item in tmp_path.iterdir()) == ["data.jsonl", "mine"]


@pytest.mark.parametrize("place", ["a-file/run", "a-file/deep/run", "/proc/run"])
def test_a_place_that_cannot_be_written_is_refused(config: Config, tmp_path: Path, place: str) -> None:
    (tmp_path / "a-file").write_text("")
    with pytest.raises(RunError, match="the run cannot be written"):
        created(config(output_dir=str(tmp_path / place)), tmp_path / "runs")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a-file", "data.jsonl"]


def test_a_run_that_cannot_be_recorded_leaves_nothing(config: Config, root: Path) -> None:
    with pytest.raises(TypeError):
        create_run(config(), root, command=[], facts={"dataset_fingerprint": object()})
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("state", ["paused", "finished", "stopped", "failed", "lost"])
def test_only_a_live_run_can_be_asked_or_killed(root: Path, state: str) -> None:
    run = read_run(make_run(root, "a", state="running" if state == "lost" else state, alive=False))
    for request in (lambda: ask(run, "stop"), lambda: kill(run)):
        with pytest.raises(RunError, match=f"run a is {state}"):
            request()


def test_a_live_run_is_asked_through_its_control_folder(root: Path) -> None:
    run = read_run(make_run(root, "a", state="running"))
    ask(run, "pause")
    assert [request.kind for request in take_requests(run.layout)] == ["pause"]


def test_a_live_and_a_finished_run_are_not_resumed(root: Path) -> None:
    for state, said in (("running", "runs watch"), ("finished", "phi train .*config.yaml")):
        with pytest.raises(RunError, match=said):
            resume_run(read_run(make_run(root, state, state=state)))


def test_waiting_ends_with_the_run_or_with_the_time(root: Path) -> None:
    assert wait_until_ended(make_run(root, "a", state="finished"), seconds=10).state == "finished"
    assert wait_until_ended(make_run(root, "b", state="running"), seconds=0).state == "running"


def test_a_worker_survives_what_ends_a_terminal_and_stops_on_request(config: Config, root: Path) -> None:
    path = created(
        config(epochs=100_000, max_steps=100_000, batch_size=1, gradient_accumulation_steps=1), root
    )
    start_run(path)
    run = read_run(path)
    pid = json.loads(run.layout.status.read_text())["pid"]
    assert os.getsid(pid) == pid
    os.kill(pid, signal.SIGHUP)
    ask(run, "stop")
    ended = wait_until_ended(path, seconds=120)
    assert ended.state == "stopped" and ended.step >= 1
    assert ended.layout.checkpoint_steps()[-1] == ended.step
    assert [event.data["request"] for event in ended.of_kind("control")] == ["stop"]


def test_a_run_with_a_broken_configuration_fails_with_its_reason(config: Config, root: Path) -> None:
    path = created(config(), root)
    RunLayout(path).config.write_text("lora_r: 0\nepoch: 3\n")
    start_run(path)
    run = wait_until_ended(path, seconds=120)
    (failed,) = run.of_kind("failed")
    assert run.state == "failed"
    assert "lora_r: must be" in failed.data["error"] and "Did you mean epochs?" in failed.data["error"]
    assert "Traceback" in run.layout.log.read_text() and "Traceback" not in failed.data["error"]
