"""Stop and resume equals uninterrupted: the same losses to the last bit, the same adapter, by real worker processes."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_models import save_tiny_model
from toy_run import toy_config, write_toy_dataset

from phi_core.config.training import TrainingConfig
from phi_core.jobs.process import start_worker
from phi_core.jobs.training_job import ask, create_run, kill, resume_run, start_run, wait_until_ended
from phi_core.planning.run_plan import make_plan
from phi_core.runs.reader import Run, read_run


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TrainingConfig:
    """Four epochs of eight steps, with dropout, so that random state matters."""
    folder = tmp_path_factory.mktemp("toy")
    model, dataset = save_tiny_model(folder / "model"), write_toy_dataset(folder / "data.jsonl", count=34)
    return toy_config(
        model, dataset, epochs=4, lora_dropout=0.2, schedule="cosine", checkpoint_every=3, evaluate_every=5
    )


def started(config: TrainingConfig, root: Path) -> Path:
    path = create_run(config, root, command=["test"], facts=make_plan(config).facts())
    start_run(path)
    return path


@pytest.fixture(scope="module")
def uninterrupted(config: TrainingConfig, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = wait_until_ended(started(config, tmp_path_factory.mktemp("whole")), seconds=200)
    assert run.state == "finished", run.last("failed")
    return run


def at_step(path: Path, step: int, act: Callable[[Run], None]) -> Run:
    """Do something to a run as soon as it has done `step` steps, and wait for its end."""
    end = time.monotonic() + 200
    while (run := read_run(path)).is_live and time.monotonic() < end:
        done = [event.step for event in run.of_kind("step")]
        if done and done[-1] >= step:
            act(run)
            break
        time.sleep(0.002)
    return wait_until_ended(path, seconds=200)


def assert_equal_runs(run: Run, whole: Run) -> None:
    assert run.state == "finished", run.last("failed")
    for kind, name in (
        ("step", "loss"),
        ("step", "learning_rate"),
        ("step", "grad_norm"),
        ("evaluation", "validation_loss"),
    ):
        assert run.series(kind, name) == whole.series(kind, name)
    ours, theirs = (r.layout.final_adapter / "adapter_model.safetensors" for r in (run, whole))
    assert ours.read_bytes() == theirs.read_bytes()


def test_stopping_at_three_points_changes_nothing(
    config: TrainingConfig, uninterrupted: Run, tmp_path: Path
) -> None:
    path = started(config, tmp_path)
    stopped_at = []
    for step in (2, 11, 19):
        run = at_step(path, step, lambda run: ask(run, "stop"))
        assert run.state == "stopped"
        stopped_at.append(run.step)
        assert resume_run(run) == run.step
    assert any(step % 8 for step in stopped_at), "one stop at least is inside an epoch"
    assert_equal_runs(wait_until_ended(path, seconds=200), uninterrupted)


def test_a_killed_run_goes_on_from_its_last_checkpoint(
    config: TrainingConfig, uninterrupted: Run, tmp_path: Path
) -> None:
    path = started(config, tmp_path)
    run = at_step(path, 10, kill)
    assert run.state == "lost"
    assert resume_run(run) % 3 == 0 or run.layout.checkpoint_steps()
    assert_equal_runs(wait_until_ended(path, seconds=200), uninterrupted)


def test_pause_leaves_the_device_and_continue_goes_on(
    config: TrainingConfig, uninterrupted: Run, tmp_path: Path
) -> None:
    path = started(config, tmp_path)
    run = at_step(path, 5, lambda run: ask(run, "pause"))
    assert run.state == "paused"
    resume_run(run)
    assert_equal_runs(wait_until_ended(path, seconds=200), uninterrupted)


def test_the_learning_rates_of_a_run_are_those_of_its_plan(
    config: TrainingConfig, uninterrupted: Run
) -> None:
    realised = [value for _, value in uninterrupted.series("step", "learning_rate")]
    assert realised == pytest.approx(make_plan(config).learning_rates, rel=1e-12)


def test_a_damaged_checkpoint_is_passed_over(
    config: TrainingConfig, uninterrupted: Run, tmp_path: Path
) -> None:
    path = started(config, tmp_path)
    run = at_step(path, 8, lambda run: ask(run, "stop"))
    newest = run.layout.checkpoint(run.layout.checkpoint_steps()[-1]) / "optimizer.pt"
    newest.write_bytes(newest.read_bytes()[:-10])
    resume_run(run)
    resumed = wait_until_ended(path, seconds=200)
    assert any("is put aside" in str(event.data["message"]) for event in resumed.of_kind("warning"))
    assert_equal_runs(resumed, uninterrupted)


def test_a_run_has_one_worker_and_goes_on_only_with_its_own_settings(
    config: TrainingConfig, tmp_path: Path
) -> None:
    path = started(config, tmp_path)
    second = start_worker("train", [str(path), "--resume"], log=tmp_path / "second.log")
    assert second.wait(60) == 2
    assert "another worker has run" in (tmp_path / "second.log").read_text()
    run = at_step(path, 4, lambda run: ask(run, "stop"))
    assert len(run.of_kind("plan")) == 1
    text = run.layout.config.read_text()
    run.layout.config.write_text(text.replace("lora_alpha: 32", "lora_alpha: 33"))
    resume_run(run)
    refused = wait_until_ended(path, seconds=200)
    assert refused.state == "failed"
    event = refused.last("failed")
    assert event is not None and "another plan" in str(event.data["error"])
