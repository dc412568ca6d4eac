"""Live control by keys: what is asked reaches the worker, and what became of it is told."""

import json
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml
from run_factory import add_event, make_run, step_data, write_status
from terminal import Terminal, needs_tmux
from textual.pilot import Pilot
from toy_run import toy_config, write_toy_dataset
from tui import app_on, screen_text, wait_for_text, wait_until
from worker_runs import created

from phi_core.jobs.training_job import kill, start_run
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run


def _requests(path: Path) -> list[dict[str, object]]:
    files = sorted(RunLayout(path).control.glob("*.json"))
    return [{k: v for k, v in json.loads(file.read_text()).items() if k != "time"} for file in files]


def _joined(pilot: Pilot[None]) -> str:
    """The screen in one line: a notice is broken into several."""
    return " ".join(screen_text(pilot.app).replace("▌", " ").split())


async def test_evaluate_is_asked_and_its_refusal_is_a_warning(folder: Path) -> None:
    path = make_run(folder / "runs", "live", state="running", steps=3, total_steps=9)
    async with app_on(folder, tab="runs").run_test(size=(80, 24), notifications=True) as pilot:
        await wait_for_text(pilot, "running   live")
        await pilot.press("v")
        await wait_until(pilot, lambda: _requests(path) == [{"kind": "evaluate"}])
        await wait_for_text(pilot, "asked to evaluate after this step")
        add_event(path, "warning", 3, message="evaluate is refused: no validation records")
        add_event(path, "step", 4, **step_data(1.0, 4))
        await wait_for_text(pilot, "live: evaluate is refused: no validation")


async def test_another_learning_rate_begins_with_the_one_that_holds(folder: Path) -> None:
    path = make_run(folder / "runs", "live", state="running", steps=3, total_steps=9)
    RunLayout(path).config.write_text(yaml.safe_dump({"learning_rate": 3e-4}))
    async with app_on(folder, tab="runs").run_test(size=(80, 24), notifications=True) as pilot:
        await wait_for_text(pilot, "running   live")
        await pilot.press("L")
        await wait_for_text(pilot, "Peak learning rate of live")
        assert "0.0003" in screen_text(pilot.app)
        await pilot.press(*"1e-3", "enter")
        await wait_until(pilot, lambda: _requests(path) == [{"kind": "set_learning_rate", "value": 1e-3}])
        add_event(path, "control", 4, request="set_learning_rate", value=1e-3)
        await wait_for_text(pilot, "live: peak learning rate 0.001 from step 5 on")


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("L", "fast", "must be a number, got 'fast'"),
        ("L", "0", "value must be above 0, got 0"),
        ("L", "nan", "must be a number, got 'nan'"),
        ("x", "1.5", "must be a whole number above 0, got 1.5"),
        ("x", "inf", "must be a number, got 'inf'"),
        ("x", "99999999", "steps must be a whole number up to 10,000,000"),
    ],
)
async def test_a_value_that_cannot_be_is_refused_and_sent_to_nobody(
    folder: Path, key: str, text: str, words: str
) -> None:
    path = make_run(folder / "runs", "live", state="running", steps=3, total_steps=9)
    async with app_on(folder, tab="runs").run_test(size=(120, 30), notifications=True) as pilot:
        await wait_for_text(pilot, "running   live")
        await pilot.press(key)
        await wait_for_text(pilot, "enter OK")
        await pilot.press(*text, "enter")
        await wait_until(pilot, lambda: words in _joined(pilot))
    assert _requests(path) == []


async def test_more_steps_are_asked_of_a_live_run(folder: Path) -> None:
    path = make_run(folder / "runs", "live", state="running", steps=3, total_steps=9)
    async with app_on(folder, tab="runs").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "running   live")
        await pilot.press("x")
        await wait_for_text(pilot, "3 of 9 steps are done")
        await pilot.press(*"50", "enter")
        await wait_until(pilot, lambda: _requests(path) == [{"kind": "extend", "steps": 50}])


async def test_an_ended_run_without_a_checkpoint_cannot_be_extended_and_says_so(folder: Path) -> None:
    make_run(folder / "runs", "done")
    async with app_on(folder, tab="runs").run_test(size=(120, 30), notifications=True) as pilot:
        await wait_for_text(pilot, "finished  done")
        await pilot.press("x")
        await wait_for_text(pilot, "enter OK")
        await pilot.press(*"5", "enter")
        await wait_until(pilot, lambda: "has no checkpoint" in _joined(pilot))


async def test_the_bell_rings_once_when_a_run_ends_on_whatever_tab(folder: Path) -> None:
    make_run(folder / "runs", "old")
    path = make_run(folder / "runs", "live", state="running", steps=3, total_steps=9)
    app = app_on(folder, tab="runs")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        with patch.object(app, "bell") as bell:
            await wait_for_text(pilot, "running   live")
            await pilot.press("f5")
            write_status(path, state="finished", step=9, total_steps=9)
            await wait_for_text(pilot, "live: finished")
            await pilot.press("f3")
            await wait_for_text(pilot, "finished  live")
            add_event(path, "warning", 9, message="a late word")
            await pilot.press("l")
            await wait_for_text(pilot, "a late word")
            assert bell.call_count == 1


@needs_tmux
def test_a_real_worker_does_what_the_keys_ask(tiny_phi: Path, tmp_path: Path) -> None:
    """Evaluate, another learning rate, more steps, stop; the log says that each was done."""
    data = write_toy_dataset(tmp_path / "data.jsonl")
    config = toy_config(tiny_phi, data, epochs=4000, validation_fraction=0.2, evaluate_every=1_000_000)
    path = created(config, tmp_path / "runs")
    start_run(path)
    terminal = Terminal(tmp_path, columns=100, rows=40)
    terminal.type("phi tui --tab runs\n")
    try:
        terminal.wait_for("● running")
        terminal.type("v")
        terminal.wait_for("evaluated after step")
        terminal.type("L")
        terminal.wait_for("Peak learning rate")
        terminal.type("5e-3")
        terminal.press("Enter")
        terminal.wait_for("peak learning rate 0.005")
        terminal.type("x")
        terminal.wait_for("steps are done")
        terminal.type("7")
        terminal.press("Enter")
        terminal.wait_for("7 more steps")
        terminal.type("l")
        terminal.wait_for("as asked: 7 more steps")
        terminal.type("s")
        terminal.wait_for("Stop")
        terminal.press("Enter")
        terminal.wait_for("■ stopped", "as asked: stop after step")
    finally:
        terminal.close()
        if (run := read_run(path)).is_live:
            kill(run)
    run = read_run(path)
    asked = [event.data.get("request") for event in run.of_kind("control")]
    assert asked == ["evaluate", "set_learning_rate", "extend", "stop"]
