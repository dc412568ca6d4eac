"""Trackers: off unless asked for, named when missing, written by the main process alone, and no token on the disk."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from command_line import phi, phi_process
from toy_run import write_toy_dataset

from phi_core.runs.reader import read_run
from phi_core.training.trackers import VARIABLE, tensorboard_in

TRACKERS = ("tensorboard", "wandb", "trackio")


def words(folder: Path, model: Path, *more: object) -> list[object]:
    data = write_toy_dataset(folder / "data.jsonl")
    run = ("--model_name", model, "--dataset_path", data, "--device", "cpu", "--max_steps", 4)
    return ["train", *run, "--evaluate_every", 2, "--runs_dir", folder / "runs", "--json", *more]


def trained(folder: Path, model: Path, *more: object) -> Path:
    done = phi_process(*words(folder, model, *more), folder=folder)
    assert done.status == 0, done.err
    return Path(json.loads(done.out)["path"])


def files_that_hold(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.mark.parametrize("tracker", [name for name in TRACKERS if find_spec(name) is None])
def test_a_tracker_that_is_not_installed_is_named_before_anything_starts(
    tmp_path: Path, tiny_phi: Path, tracker: str
) -> None:
    done = phi(*words(tmp_path, tiny_phi, "--report_to", tracker))
    assert done.status == 2 and f"{tracker} needs {tracker}" in done.err and "pip install" in done.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("processes", [1, 2])
def test_tensorboard_is_written_once_and_says_what_the_events_say(
    tmp_path: Path, tiny_phi: Path, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    tokens = {"HF_TOKEN": "hf_a_secret", "WANDB_API_KEY": "w" * 40, "PHI_WEBHOOK": "https://x.invalid/secret"}
    for name, token in tokens.items():
        monkeypatch.setenv(name, token)
    path = trained(tmp_path, tiny_phi, "--report_to", "tensorboard", "--num_processes", processes)
    files = list((path / "trackers").rglob("events.out.tfevents.*"))
    assert len({file.parent for file in files}) == 1 and len(files) == 1
    read = accumulator.EventAccumulator(str(files[0].parent))
    read.Reload()
    found = {scalar.step: scalar.value for scalar in read.Scalars("train/loss")}
    assert found == pytest.approx(dict(read_run(path).series("step", "loss")), rel=1e-6)
    assert len(read.Scalars("eval/loss")) == 2
    for token in tokens.values():
        assert files_that_hold(tmp_path / "runs", token) == []


def test_one_run_leaves_no_folder_to_the_next_of_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(RuntimeError), tensorboard_in(tmp_path / "first"):
        assert os.environ[VARIABLE] == str(tmp_path / "first")
        raise RuntimeError
    assert VARIABLE not in os.environ
    monkeypatch.setenv(VARIABLE, "of-the-user")
    with tensorboard_in(tmp_path / "second"):
        assert os.environ[VARIABLE] == "of-the-user"
    assert os.environ[VARIABLE] == "of-the-user"


def test_wandb_is_named_after_the_run(
    tmp_path: Path, tiny_phi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    path = trained(tmp_path, tiny_phi, "--report_to", "wandb")
    assert files_that_hold(tmp_path, path.name)
    assert files_that_hold(tmp_path / "runs", "a" * 40) == []


def test_nothing_is_reported_unasked(tmp_path: Path, tiny_phi: Path) -> None:
    path = trained(tmp_path, tiny_phi)
    assert not (path / "trackers").exists() and not (tmp_path / "wandb").exists()
