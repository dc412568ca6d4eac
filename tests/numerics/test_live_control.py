"""What is asked of a live run takes effect, is journalled, and is replayed: a killed run goes on as one that was not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import phi
from run_factory import add_event, make_run
from tiny_models import save_tiny_model
from toy_run import toy_config, write_toy_dataset
from worker_runs import SECONDS, assert_equal_runs, at_step, created, ended, has_done, started, when

from phi_core.config.training import TrainingConfig
from phi_core.files import read_json
from phi_core.jobs.training_job import ask, kill, resume_run, start_run, wait_until_ended
from phi_core.planning.run_plan import make_plan
from phi_core.runs.control import send_request
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run

Config = Callable[..., TrainingConfig]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Four epochs of eight steps, with dropout, so that random state matters."""
    folder = tmp_path_factory.mktemp("toy")
    model, dataset = save_tiny_model(folder / "model"), write_toy_dataset(folder / "data.jsonl", count=34)
    values = {
        "epochs": 4,
        "lora_dropout": 0.2,
        "schedule": "cosine",
        "checkpoint_every": 3,
        "evaluate_every": 5,
    }
    return lambda **changes: toy_config(model, dataset, **{**values, **changes})


def control(run: Run) -> list[tuple[int, dict[str, object]]]:
    """Step and what was done, without the id of the request."""
    return [
        (event.step, {name: value for name, value in event.data.items() if name != "id"})
        for event in run.of_kind("control")
    ]


def warned(run: Run) -> str:
    return "\n".join(str(event.data["message"]) for event in run.of_kind("warning"))


def was_told(kind: str) -> Callable[[Run], bool]:
    return lambda run: any(event.data["request"] == kind for event in run.of_kind("control"))


def test_a_run_with_live_changes_that_is_killed_and_resumed_equals_one_that_was_not(
    config: Config, tmp_path: Path
) -> None:
    path = started(config(), tmp_path / "live")
    when(path, has_done(4), lambda run: ask(run, "set_learning_rate", value=3e-3))
    when(path, was_told("set_learning_rate"), lambda run: ask(run, "extend", steps=9))
    when(path, was_told("extend"), lambda run: None)
    changed = wait_for_step_after(path, "extend", 4)
    kill(changed)
    lost = wait_until_ended(path, seconds=SECONDS)
    assert lost.state == "lost"
    resume_run(lost)
    run = wait_until_ended(path, seconds=SECONDS)
    (set_at, set_data), (extended_at, extended_data) = control(run)
    assert (set_data, extended_data) == (
        {"request": "set_learning_rate", "value": 3e-3},
        {"request": "extend", "steps": 9},
    )
    assert run.total_steps == run.step == 41

    replayed = created(config(), tmp_path / "whole")
    add_event(replayed, "control", set_at, **set_data)
    add_event(replayed, "control", extended_at, **extended_data)
    start_run(replayed, resume=True)
    assert_equal_runs(run, wait_until_ended(replayed, seconds=SECONDS))

    rates = [rate for _, rate in run.series("step", "learning_rate")]
    plan = make_plan(config())
    lowered = make_plan(config(learning_rate=3e-3))
    longer = lowered.laid_out(config(learning_rate=3e-3, epochs=20, max_steps=41))
    assert rates[:set_at] == pytest.approx(plan.learning_rates[:set_at], rel=1e-12)
    assert rates[set_at:extended_at] == pytest.approx(lowered.learning_rates[set_at:extended_at], rel=1e-12)
    assert rates[extended_at:] == pytest.approx(longer.learning_rates[extended_at:], rel=1e-12)


def wait_for_step_after(path: Path, kind: str, more: int) -> Run:
    """The run once it has done so many steps after a request was granted."""
    found: list[Run] = []
    last = 0

    def is_so(run: Run) -> bool:
        nonlocal last
        last = max(event.step for event in run.of_kind("control") if event.data["request"] == kind)
        return has_done(last + more)(run)

    when(path, is_so, found.append)
    return found[0]


def test_an_extension_goes_on_in_the_same_worker(config: Config, tmp_path: Path) -> None:
    path = started(config(epochs=1), tmp_path)
    worker = read_json(RunLayout(path).status)["pid"]
    run = at_step(path, 2, lambda run: ask(run, "extend", steps=4))
    first, second = run.of_kind("plan")
    ((step, _),) = control(run)
    assert (first.data["total_steps"], second.data["total_steps"]) == (8, 12)
    assert second.data["from_step"] == step
    assert run.state == "finished" and run.step == run.total_steps == 12
    assert [event.step for event in run.of_kind("step")] == list(range(1, 13))
    assert run.layout.checkpoint_steps()[-1] == 12
    assert read_json(run.layout.status)["pid"] == worker


def test_a_finished_run_is_extended_as_if_it_had_been_before_its_end(config: Config, tmp_path: Path) -> None:
    short = ended(config(epochs=1, evaluate_every=4), tmp_path / "short")
    assert short.state == "finished" and short.step == 8
    done = phi("runs", "extend", short.path, "--steps", 5)
    assert done.status == 0, done.err
    assert f"{short.id} goes on for 5 more steps" in done.out
    run = wait_until_ended(short.path, seconds=SECONDS)
    assert run.step == run.total_steps == 13
    before = created(config(epochs=1, evaluate_every=4), tmp_path / "before")
    add_event(before, "control", 8, request="extend", steps=5)
    start_run(before, resume=True)
    assert_equal_runs(run, wait_until_ended(before, seconds=SECONDS))


def test_an_extension_that_would_change_the_past_is_refused_and_the_run_stays(
    config: Config, tmp_path: Path
) -> None:
    run = ended(
        config(epochs=0.33), tmp_path
    )  # its last step holds fewer records than it would in a longer run
    assert run.state == "finished"
    assert phi("runs", "extend", run.path, "--steps", 5).status == 0
    after = wait_until_ended(run.path, seconds=SECONDS)
    assert "extend is refused: a plan of" in warned(after) and control(after) == []
    assert after.state == "finished" and after.step == run.step


def test_checkpoint_and_evaluate_now_are_done_at_that_step(config: Config, tmp_path: Path) -> None:
    path = started(config(checkpoint_every=100, evaluate_every=100, checkpoints_kept=9), tmp_path)
    when(path, has_done(3), lambda run: ask(run, "checkpoint"))
    when(path, was_told("checkpoint"), lambda run: ask(run, "evaluate"))
    run = wait_until_ended(path, seconds=SECONDS)
    (saved, _), (measured, _) = control(run)
    assert [event.step for event in run.of_kind("evaluation")] == [measured, 32]
    reasons = {event.step: event.data["reason"] for event in run.of_kind("checkpoint")}
    assert reasons[saved] == "request" and reasons[32] == "plan"
    assert saved in run.layout.checkpoint_steps()


def test_what_cannot_be_done_is_a_warning_and_the_run_goes_on(config: Config, tmp_path: Path) -> None:
    path = started(config(epochs=1, validation_fraction=0), tmp_path)
    run = at_step(path, 2, lambda run: ask(run, "evaluate"))
    assert "evaluate is refused: the run has neither validation records nor probe prompts" in warned(run)
    assert run.state == "finished" and control(run) == []


def test_a_stop_wins_over_a_pause_and_an_extension_is_not_lost(config: Config, tmp_path: Path) -> None:
    path = started(config(epochs=1), tmp_path)
    for kind, values in (("extend", {"steps": 3}), ("stop", {}), ("pause", {})):
        send_request(RunLayout(path), kind, **values)  # type: ignore[arg-type]
    stopped = wait_until_ended(path, seconds=SECONDS)
    assert (stopped.state, stopped.step, stopped.total_steps) == ("stopped", 1, 11)
    resume_run(stopped)
    run = wait_until_ended(path, seconds=SECONDS)
    assert run.state == "finished" and run.step == run.total_steps == 11


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set-lr", "{run}", "0"), "value must be above 0, got 0"),
        (("set-lr", "{run}", "nan"), "value must be a finite number"),
        (("extend", "{run}", "--steps", "-2"), "steps must be above 0"),
        (("extend", "{run}", "--steps", "0"), "steps must be above 0"),
    ],
)
def test_bad_values_are_refused_where_they_are_typed(
    config: Config, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    path = make_run(tmp_path, "a", state="running")
    done = phi("runs", *(word.format(run=path) for word in words))
    assert done.status == 2 and said in done.err, done.err
    assert not (path / "control").exists()


def test_a_run_without_checkpoints_cannot_be_extended(tmp_path: Path) -> None:
    done = phi("runs", "extend", make_run(tmp_path, "a", state="failed"), "--steps", 3)
    assert done.status == 2 and "has no checkpoint" in done.err
