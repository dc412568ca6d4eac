"""Trials as runs: what is found of an earlier search is gone on with, and every ending is told as what it was."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from run_factory import add_event, make_run, write_status

from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.errors import DataError, RunError
from phi_core.runs.control import take_requests
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run, read_run
from phi_core.search.trial_run import TrialRuns
from phi_core.search.trials import Trial

TRIAL = Trial(1, {"lora_r": 4}, 42, "trial-001")
"""What `make_run` makes."""


def trial_runs(folder: Path, **more: Any) -> TrialRuns:
    def no_plan(config: TrainingConfig) -> dict[str, Any]:
        raise AssertionError("a run that is there is not planned again")

    return TrialRuns(checked({"dataset_path": "data.jsonl"}), folder, more.pop("facts", no_plan), **more)


def then(path: Path, state: str, step: int = 5) -> Callable[[Run], None]:
    """A watcher that lets the run end as it looks on."""
    return lambda run: write_status(path, state=state, step=step, total_steps=20)


def test_the_objective_is_the_lowest_finite_validation_loss(tmp_path: Path) -> None:
    path = make_run(tmp_path, "trial-001", losses=[2.0] * 9 + [0.5] + [1.5] * 10)
    add_event(path, "evaluation", 20, validation_loss=float("nan"))
    outcome = trial_runs(tmp_path)(TRIAL)
    assert (outcome.state, outcome.validation_loss) == ("finished", 0.6)


def test_a_run_without_a_finite_validation_loss_has_failed(tmp_path: Path) -> None:
    path = make_run(tmp_path, "trial-001", steps=5)
    add_event(path, "evaluation", 5, validation_loss=float("inf"))
    outcome = trial_runs(tmp_path)(TRIAL)
    assert (outcome.state, outcome.cause) == ("failed", "no finite validation loss was measured")


def test_a_live_run_is_watched_to_its_end(tmp_path: Path) -> None:
    path = make_run(tmp_path, "trial-001", state="running")
    outcome = trial_runs(tmp_path, watch=then(path, "finished"))(TRIAL)
    assert outcome.state == "finished"


def test_a_run_that_fails_is_a_failed_trial_with_its_error(tmp_path: Path) -> None:
    path = make_run(tmp_path, "trial-001", state="running")
    add_event(path, "failed", 5, error="out of memory", remedy="lower batch_size")
    outcome = trial_runs(tmp_path, watch=then(path, "failed"))(TRIAL)
    assert (outcome.state, outcome.cause) == ("failed", "out of memory")


def test_a_run_that_somebody_else_stopped_is_a_failed_trial(tmp_path: Path) -> None:
    path = make_run(tmp_path, "trial-001", state="running", steps=5)
    outcome = trial_runs(tmp_path, watch=then(path, "stopped"))(TRIAL)
    assert (outcome.state, outcome.cause) == ("failed", "stopped at step 5 by a request from elsewhere")


def test_a_worker_that_is_gone_is_a_failed_trial(tmp_path: Path) -> None:
    path = make_run(tmp_path, "trial-001", state="running", steps=5)

    def vanish(run: Run) -> None:
        write_status(path, state="running", step=5, total_steps=20, alive=False)

    outcome = trial_runs(tmp_path, watch=vanish)(TRIAL)
    assert (outcome.state, outcome.cause) == ("failed", "lost at step 5: the worker is gone without a word")


def test_an_interrupt_asks_the_run_to_stop_and_the_trial_is_unfinished(tmp_path: Path) -> None:
    path = make_run(tmp_path, "trial-001", state="running", steps=5)
    asked: list[str] = []

    def stop_when_asked(run: Run) -> None:
        asked.extend(request.kind for request in take_requests(RunLayout(path)))
        if asked:
            write_status(path, state="stopped", step=5, total_steps=20)

    outcome = trial_runs(tmp_path, watch=stop_when_asked, interrupts=lambda: 1)(TRIAL)
    assert asked == ["stop"]
    assert (outcome.state, outcome.cause) == ("unfinished", "stopped at step 5")


def test_a_paused_run_is_an_unfinished_trial(tmp_path: Path) -> None:
    path = make_run(tmp_path, "trial-001", state="running", steps=5)
    assert trial_runs(tmp_path, watch=then(path, "paused"))(TRIAL).state == "unfinished"


@pytest.mark.parametrize(
    "trial", [Trial(1, {"lora_r": 8}, 42, "trial-001"), Trial(1, {"lora_r": 4}, 43, "trial-001")]
)
def test_a_run_of_other_settings_is_not_taken_for_the_trial_s(tmp_path: Path, trial: Trial) -> None:
    make_run(tmp_path, "trial-001")
    with pytest.raises(RunError, match="other settings than trial 1"):
        trial_runs(tmp_path)(trial)


def test_a_setting_that_cannot_be_planned_is_a_failed_trial_without_a_run(tmp_path: Path) -> None:
    def refuse(config: TrainingConfig) -> dict[str, Any]:
        raise DataError("no record is left")

    outcome = trial_runs(tmp_path / "runs", facts=refuse)(TRIAL)
    assert (outcome.state, outcome.cause) == ("failed", "no record is left")
    assert not (tmp_path / "runs").exists()


def test_options_that_do_not_go_together_are_a_failed_trial(tmp_path: Path) -> None:
    trial = Trial(1, {"mixture": "weighted"}, 42, "trial-001")
    outcome = trial_runs(tmp_path)(trial)
    assert outcome.state == "failed"
    assert "mixture_weights" in outcome.cause


def test_a_trial_makes_one_real_run_with_its_values_and_its_seed(tmp_path: Path) -> None:
    """The worker finds no data and says so."""
    trial = Trial(3, {"lora_r": 21}, 43, "trial-003-seed-43")
    config = checked({"dataset_path": str(tmp_path / "gone.jsonl"), "model_name": "demo", "lora_r": 4})
    runs = TrialRuns(
        config, tmp_path / "runs", lambda config: {"plan_hash": "abc"}, command=["phi", "search"]
    )
    outcome = runs(trial)
    run = read_run(tmp_path / "runs" / trial.run)
    assert (run.config["lora_r"], run.config["seed"], run.config["output_dir"]) == (21, 43, None)
    assert (run.about["command"], run.about["plan_hash"]) == (["phi", "search"], "abc")
    assert outcome.state == "failed"
    assert "gone.jsonl" in outcome.cause
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [trial.run]


def test_a_place_that_cannot_be_written_is_no_fault_of_the_setting(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text(json.dumps("a file"))
    with pytest.raises(RunError, match="cannot be written"):
        trial_runs(tmp_path / "runs", facts=lambda config: {})(TRIAL)
