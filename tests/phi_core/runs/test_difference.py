"""Two runs beside each other: only what differs, and figures with their steps."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from run_factory import add_event, make_run

from phi_core.runs.difference import Change, difference
from phi_core.runs.figures import figures
from phi_core.runs.reader import Run, read_run


def run_with(folder: Path, name: str, config: dict[str, Any], about: dict[str, Any]) -> Run:
    path = make_run(folder, name)
    (path / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    known = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**known, **about}))
    return read_run(path)


def test_only_what_differs_with_both_values(tmp_path: Path) -> None:
    first = run_with(
        tmp_path,
        "one",
        {"lora_r": 4, "epochs": 2, "dataset_path": ["a.jsonl"], "old": 1},
        {"dataset_fingerprint": "aa", "plan_hash": "p", "versions": {"torch": "2.13", "peft": "0.21"}},
    )
    second = run_with(
        tmp_path,
        "two",
        {"lora_r": 8, "epochs": 2, "dataset_path": ["b.jsonl"], "new": None},
        {"dataset_fingerprint": "bb", "plan_hash": "p", "versions": {"torch": "2.14", "peft": "0.21"}},
    )
    found = difference(first, second)
    assert found.options == (
        Change("lora_r", 4, 8),
        Change("dataset_path", ["a.jsonl"], ["b.jsonl"]),
        Change("old", 1, None),
    )
    assert found.facts == (
        Change("dataset_fingerprint", "aa", "bb"),
        Change("version of torch", "2.13", "2.14"),
    )
    assert found.same_data is False and found.same_plan is True


def test_what_one_run_does_not_tell_is_not_called_the_same(tmp_path: Path) -> None:
    found = difference(run_with(tmp_path, "one", {}, {"plan_hash": "p"}), run_with(tmp_path, "two", {}, {}))
    assert found.same_data is None and found.same_plan is None


def test_figures_name_their_steps(tmp_path: Path) -> None:
    path = make_run(tmp_path, "run", losses=[3.0, float("nan"), 2.0], steps=3)
    for step, loss in ((1, 1.5), (2, float("nan")), (3, 1.7)):
        add_event(path, "evaluation", step, validation_loss=loss)
    found = figures(read_run(path))
    assert (found.first_loss, found.last_loss) == (3.0, 2.0)
    assert (found.best_validation_loss, found.best_validation_step) == (1.5, 1)
    assert (found.last_validation_loss, found.last_validation_step) == (1.7, 3)
    assert (
        found.trained_tokens == 600 and found.seconds == pytest.approx(1.5) and found.peak_memory_gib == 1.25
    )


def test_the_adapter_of_a_run_that_failed_after_a_resume_is_its_newest_checkpoint(tmp_path: Path) -> None:
    path = make_run(tmp_path, "run", state="failed")
    add_event(path, "finished", 5, adapter_step=5)
    (path / "final_adapter").mkdir()
    (path / "checkpoints" / "step-000012").mkdir(parents=True)
    assert figures(read_run(path)).adapter_step == 12


def test_a_run_without_steps_has_no_figures(tmp_path: Path) -> None:
    found = figures(read_run(make_run(tmp_path, "run", losses=[], steps=0)))
    assert found.last_loss is None and found.trained_tokens is None and found.best_validation_loss is None
