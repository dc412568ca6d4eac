"""The Runs tab: every run is listed as it is, steered by keys, and nothing in its files can break the screen."""

import json
import math
from pathlib import Path

import pytest
from odd_texts import FORBIDDEN, MARKUP_STRINGS, TERMINAL_SEQUENCES
from run_factory import add_event, make_run, step_data, write_status
from terminal import Terminal, needs_tmux
from textual.pilot import Pilot
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run
from phi_tui import run_text
from phi_tui.run_notice import notice
from phi_tui.views.runs import RunsView
from phi_tui.widgets.option_form import OptionForm
from phi_tui.widgets.run_table import RunTable


def _requests(path: Path) -> list[str]:
    return [json.loads(file.read_text())["kind"] for file in sorted(RunLayout(path).control.glob("*.json"))]


async def _select(pilot: Pilot[None], path: Path) -> None:
    pilot.app.query_one(RunsView).open_run(path)
    await wait_until(pilot, lambda: pilot.app.query_one(RunTable).current == path, "run selected")
    await pilot.pause()


async def test_without_runs_the_next_key_is_named(folder: Path) -> None:
    async with app_on(folder, tab="runs").run_test() as pilot:
        await wait_for_text(pilot, "No runs here yet")
        assert "F2" in screen_text(pilot.app) and "phi demo" in screen_text(pilot.app)


async def test_runs_are_listed_newest_first_with_their_state(folder: Path) -> None:
    states = ("running", "paused", "finished", "stopped", "failed")
    for age, state in enumerate(states):
        make_run(folder / "runs", f"run-{state}", state=state, created=1e9 - age)
    make_run(folder / "runs", "run-lost", state="running", alive=False, created=1e8)
    async with app_on(folder, tab="runs").run_test(size=(100, 40)) as pilot:
        await wait_for_text(pilot, "run-lost")
        lines = [line for line in screen_text(pilot.app).splitlines() if " run-" in line]
        assert [line.split()[1] for line in lines[:6]] == [*states, "lost"]
        assert "20/20" in lines[0]


@pytest.mark.parametrize("size", [(160, 50), (80, 24)])
async def test_a_single_run_is_listed_under_its_header_at_once(folder: Path, size: tuple[int, int]) -> None:
    make_run(folder / "runs", "only")
    async with app_on(folder, tab="runs").run_test(size=size) as pilot:
        await wait_for_text(pilot, "finished  only")
        assert screen_text(pilot.app).splitlines()[1].split()[:2] == ["state", "run"]


@needs_tmux
def test_a_single_run_is_listed_in_a_terminal_that_is_not_resized(folder: Path) -> None:
    make_run(folder / "runs", "only")
    terminal = Terminal(folder, columns=160, rows=50)
    terminal.type("phi tui --tab runs\n")
    try:
        terminal.wait_for("finished  only", "state       run", seconds=30)
    finally:
        terminal.close()


async def test_an_empty_log_gives_way_to_what_happened(folder: Path) -> None:
    path = make_run(folder / "runs", "run", state="running", steps=10)
    RunLayout(path).log.write_text("")
    async with app_on(folder, tab="runs").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "running   run")
        await pilot.press("l")
        await wait_for_text(pilot, "nothing in worker.log yet")
        await wait_for_text(pilot, "step 10  validation loss")
        add_event(path, "checkpoint", 10, reason="interval")
        add_event(path, "warning", 10, message="memory is [b]tight[/b]")
        await wait_for_text(pilot, "step 10  note: memory is [b]tight[/b]")
        assert "step 10  checkpoint" in screen_text(pilot.app)
        RunLayout(path).log.write_text("a word\n")
        await wait_for_text(pilot, "a word")
        assert "nothing in worker.log yet" not in screen_text(pilot.app)


async def test_new_steps_and_new_runs_appear(folder: Path) -> None:
    path = make_run(folder / "runs", "one", state="running", steps=3, total_steps=9, created=1e9)
    async with app_on(folder, tab="runs").run_test(size=(100, 40)) as pilot:
        await wait_for_text(pilot, "3/9")
        add_event(path, "step", 4, **step_data(0.1234, 4))
        write_status(path, state="running", step=4, total_steps=9)
        await wait_for_text(pilot, "4/9")
        assert "0.1234" in screen_text(pilot.app)
        make_run(folder / "runs", "two", created=2e9)
        await wait_for_text(pilot, "two")
        assert pilot.app.query_one(RunTable).current == path  # the cursor stays on its run


async def test_what_is_not_finite_is_named_and_a_torn_line_is_not_yet(folder: Path) -> None:
    path = make_run(
        folder / "runs",
        "odd",
        state="running",
        losses=[2.0, math.nan, 1.0, math.inf, -math.inf],
        total_steps=9,
    )
    with RunLayout(path).events.open("a") as file:
        file.write('garbage\n{"kind": "step", "step": 6, "time": 1.0, "lo')
    async with app_on(folder, tab="runs").run_test(size=(100, 40)) as pilot:
        await wait_for_text(pilot, "not finite at steps 2, 4, 5")
        for _ in range(6):
            await pilot.press("m", "a")
        await wait_for_text(pilot, "odd")


async def test_a_log_axis_without_positive_values_explains_itself(folder: Path) -> None:
    make_run(folder / "runs", "zero", losses=[1.0, 0.0, -1.0])
    async with app_on(folder, tab="runs").run_test(size=(100, 40)) as pilot:
        await wait_for_text(pilot, "zero")
        await pilot.press("a")
        await wait_for_text(pilot, "a logarithm needs values above 0")


async def test_markup_in_names_errors_and_logs_is_shown_as_it_is(folder: Path) -> None:
    for number, text in enumerate(MARKUP_STRINGS):
        path = make_run(folder / "runs", f"run-{number}", state="failed", label=text, created=1e9 - number)
        add_event(path, "failed", 20, error=f"E {text}", remedy="")
        RunLayout(path).log.write_text(f"log {text}\n")
    async with app_on(folder, tab="runs").run_test(size=(160, 50)) as pilot:
        for text in MARKUP_STRINGS:
            await wait_for_text(pilot, f"log {text}")
            await wait_for_text(pilot, f"✗ failed    {text}")
            assert f"E {text}" in screen_text(pilot.app)
            await pilot.press("j")


async def test_no_sequence_that_a_terminal_obeys_is_shown(folder: Path) -> None:
    for number, text in enumerate(TERMINAL_SEQUENCES):
        path = make_run(
            folder / "runs", f"run-{number}", state="failed", label=f"n{text}", created=1e9 - number
        )
        add_event(path, "failed", 20, error=text, remedy=text)
        RunLayout(path).log.write_text(f"begin {text}\nend of log {number}\n")
    async with app_on(folder, tab="runs").run_test(size=(160, 50)) as pilot:
        for number, _ in enumerate(TERMINAL_SEQUENCES):
            await wait_for_text(pilot, f"end of log {number}")
            assert not FORBIDDEN & set(screen_text(pilot.app))
            await pilot.press("j")


async def test_keys_ask_a_live_run_and_stopping_asks_back(folder: Path) -> None:
    path = make_run(folder / "runs", "live", state="running", steps=3, total_steps=9)
    async with app_on(folder, tab="runs").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "live")
        await pilot.press("p", "w")
        await wait_until(pilot, lambda: sorted(_requests(path)) == ["checkpoint", "pause"])
        await pilot.press("s")
        await wait_for_text(pilot, "Stop live?")
        await pilot.press("escape")
        await pilot.press("s")
        await wait_for_text(pilot, "Stop live?")
        await pilot.press("enter")
        await wait_until(pilot, lambda: _requests(path)[-1] == "stop")


async def test_a_refusal_is_told(folder: Path) -> None:
    make_run(folder / "runs", "done", state="finished")
    async with app_on(folder, tab="runs").run_test(size=(80, 24), notifications=True) as pilot:
        await wait_for_text(pilot, "done")
        await pilot.press("p")
        await wait_for_text(pilot, "Only a running run can be asked")


async def test_deleting_asks_and_removes_the_folder_only_then(folder: Path) -> None:
    path = make_run(folder / "runs", "old")
    async with app_on(folder, tab="runs").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "old")
        await pilot.press("d", "escape")
        assert path.exists()
        await pilot.press("d")
        await wait_for_text(pilot, "cannot be undone")
        await pilot.press("enter")
        await wait_for_text(pilot, "No runs here yet")
    assert not path.exists()


async def test_a_run_gets_a_name(folder: Path) -> None:
    make_run(folder / "runs", "run")
    async with app_on(folder, tab="runs").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "run")
        await pilot.press("n")
        await wait_for_text(pilot, "Name of run")
        await pilot.press(*"[b]x", "enter")
        await wait_for_text(pilot, "finished  [b]x")


async def test_a_run_outside_the_runs_folder_is_listed_when_opened(folder: Path) -> None:
    elsewhere = make_run(folder / "elsewhere", "mine")
    async with app_on(folder, tab="runs").run_test(size=(80, 24)) as pilot:
        await _select(pilot, elsewhere)
        await wait_for_text(pilot, "mine")


async def test_escape_comes_back_from_zoom_and_log_and_keys_go_on_working(folder: Path) -> None:
    make_run(folder / "runs", "run")
    async with app_on(folder, tab="runs").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "finished  run")
        await pilot.press("z")
        await wait_until(pilot, lambda: "finished  run" not in screen_text(pilot.app))
        await pilot.press("m")
        await wait_for_text(pilot, "learning rate")
        await pilot.press("l")
        await wait_for_text(pilot, "nothing in worker.log yet")
        await pilot.press("escape")
        await wait_for_text(pilot, "finished  run")


async def test_a_copy_of_a_runs_options_is_loaded_into_the_form(folder: Path) -> None:
    make_run(folder / "runs", "run")
    async with app_on(folder, tab="runs").run_test(size=(100, 40)) as pilot:
        await wait_for_text(pilot, "finished  run")
        await pilot.press("e")
        await wait_for_text(pilot, "data.jsonl")


async def test_a_copy_of_a_runs_options_asks_before_unsaved_edits_are_lost(folder: Path) -> None:
    make_run(folder / "runs", "run")
    async with app_on(folder).run_test(size=(100, 40)) as pilot:
        await wait_until(pilot, lambda: pilot.app.focused is not None, "the first focus")
        pilot.app.query_one(OptionForm).focus_option("dataset_path")
        await pilot.press(*"mine")
        await pilot.press("f3")
        await wait_for_text(pilot, "finished  run")
        await pilot.press("e")
        await wait_for_text(pilot, "Forget the unsaved changes?")
        await pilot.press("escape")
        await wait_for_text(pilot, "mine")
        await pilot.press("f3", "e")
        await wait_for_text(pilot, "Forget the unsaved changes?")
        await pilot.press("enter")
        await wait_for_text(pilot, "data.jsonl")


def test_words_for_every_state_name_the_next_step(tmp_path: Path) -> None:
    for state in ("running", "paused", "finished", "stopped", "failed"):
        run = read_run(make_run(tmp_path, state, state=state))
        assert notice(run)[0]
    lost = read_run(make_run(tmp_path, "lost", state="running", alive=False))
    RunLayout(lost.path).checkpoint(10).mkdir(parents=True)
    assert "r resumes after step 10" in notice(lost)[0]


def test_a_silent_run_is_called_silent(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path, "run", state="running"))
    later = (run.heartbeat or 0) + 660
    assert run_text.state(run, later) == "● silent"
    assert "11m" in notice(run, later)[0]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0, "0s"), (59.9, "59s"), (60, "1m"), (3661, "1h01m"), (200_000, "2d")],
)
def test_durations_are_short(seconds: float | None, words: str) -> None:
    assert run_text.duration(seconds) == words
