"""The panes of a run: answers over time, analysis, differences from a marked run, log. All by keys, at 80 columns."""

from pathlib import Path

import pytest
import yaml
from odd_texts import FORBIDDEN, MARKUP_STRINGS, TERMINAL_SEQUENCES
from run_factory import add_event, make_run, step_data
from textual.pilot import Pilot
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_core.runs.layout import RunLayout
from phi_tui.views.runs import RunsView
from phi_tui.widgets.answer_timeline import AnswerTimeline
from phi_tui.widgets.log_tail import LogTail
from phi_tui.widgets.run_detail import RunDetail
from phi_tui.widgets.run_table import RunTable

SMALL = (80, 24)


def _with_answers(root: Path, count: int = 3) -> Path:
    path = make_run(root, "run", state="running")
    for prompt in ("who are you?", "what is it?"):
        for place in range(count):
            add_event(path, "sample", 10 * place, prompt=prompt, answer=f"{prompt} said {place}")
    return path


async def test_answers_are_shown_prompt_by_prompt_the_untrained_model_first(folder: Path) -> None:
    path = _with_answers(folder / "runs")
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "running   run")
        await pilot.press("b")
        await wait_for_text(pilot, "prompt 1 of 2")
        lines = [line.strip() for line in screen_text(pilot.app).splitlines()]
        start = lines.index("step 0 · before training")
        assert lines[start + 1] == "who are you? said 0" and lines[start + 3] == "step 10"
        await pilot.press("right")
        await wait_for_text(pilot, "what is it? said 0")
        add_event(path, "sample", 30, prompt="what is it?", answer="the newest")
        await pilot.press("end")
        await wait_for_text(pilot, "the newest")
        await pilot.press("less_than_sign")
        await wait_for_text(pilot, "who are you? said 0")


async def test_the_arrows_scroll_the_open_pane_and_j_goes_on_to_the_next_run(folder: Path) -> None:
    _with_answers(folder / "runs", count=12)
    make_run(folder / "runs", "other", created=1.0)
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "running   run")
        await pilot.press("b")
        await wait_for_text(pilot, "prompt 1 of 2")
        await pilot.press("down", "down")
        await wait_until(pilot, lambda: pilot.app.query_one(AnswerTimeline).scroll_y == 2)
        assert pilot.app.query_one(RunTable).current == folder / "runs" / "run"
        await pilot.press("j")
        await wait_for_text(pilot, "No probe prompts were answered")
        await pilot.press("escape")
        await wait_until(pilot, lambda: pilot.app.focused is pilot.app.query_one(RunTable))


@pytest.mark.parametrize("text", [*MARKUP_STRINGS, *TERMINAL_SEQUENCES])
async def test_answers_are_text_and_nothing_else(folder: Path, text: str) -> None:
    path = make_run(folder / "runs", "run")
    add_event(path, "sample", 0, prompt=f"p {text}", answer=f"begin {text} end")
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "finished  run")
        await pilot.press("b")
        await wait_for_text(pilot, "end")
        assert not FORBIDDEN & set(screen_text(pilot.app))
        if text in MARKUP_STRINGS:
            assert f"begin {text} end" in screen_text(pilot.app)
            assert f"p {text}" in screen_text(pilot.app)


async def test_flags_are_seen_without_opening_anything_and_the_pane_has_the_slope(folder: Path) -> None:
    path = make_run(folder / "runs", "run", state="running", losses=[3.0 - 0.05 * step for step in range(40)])
    for step, loss in ((50, 1.0), (60, 1.5), (70, 1.8), (80, 2.1)):
        add_event(path, "step", step, **step_data(1.0 - step / 1000, step))
        add_event(path, "evaluation", step, validation_loss=loss, perplexity=1.0)
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "over-fitting: validation loss was lowest (1) at step 50")
        await pilot.press("i")
        await wait_for_text(pilot, "per 100 steps")
        await pilot.press("i")
        await wait_until(pilot, lambda: "per 100 steps" not in screen_text(pilot.app))


async def _mark_and_go_on(pilot: Pilot[None]) -> None:
    await wait_for_text(pilot, "finished  two")
    await pilot.press("g", "space", "j")
    await wait_for_text(pilot, "A one · B two")


def _two_runs(root: Path) -> None:
    for name, created, rate in (("one", 2e9, 1e-3), ("two", 1e9, 2e-4)):
        path = make_run(root, name, created=created)
        RunLayout(path).config.write_text(yaml.safe_dump({"learning_rate": rate}))


async def test_a_marked_run_is_overlaid_and_its_differences_are_listed(folder: Path) -> None:
    _two_runs(folder / "runs")
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await _mark_and_go_on(pilot)
        assert "◆A one" in screen_text(pilot.app)
        assert "─ training  • validation" in screen_text(pilot.app)
        await pilot.press("m")
        await wait_for_text(pilot, "─ by step")
        await pilot.press("f")
        await wait_for_text(pilot, "learning_rate  0.001 → 0.0002")
        await pilot.press("z")
        await wait_until(pilot, lambda: "◆A one" not in screen_text(pilot.app))
        assert "learning_rate  0.001 → 0.0002" in screen_text(pilot.app)


async def test_curves_stay_beside_the_differences_where_there_is_room(folder: Path) -> None:
    _two_runs(folder / "runs")
    async with app_on(folder, tab="runs").run_test(size=(120, 40)) as pilot:
        await _mark_and_go_on(pilot)
        await pilot.press("f")
        await wait_for_text(pilot, "learning_rate  0.001 → 0.0002")
        assert "─ training  • validation" in screen_text(pilot.app)


async def test_a_mark_is_taken_away_by_the_same_key(folder: Path) -> None:
    _two_runs(folder / "runs")
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await _mark_and_go_on(pilot)
        await pilot.press("k", "space", "j")
        await wait_until(pilot, lambda: "A one" not in screen_text(pilot.app))
        await pilot.press("f")
        await wait_for_text(pilot, "No other run is marked")


async def test_the_log_ends_with_what_happened_and_stays_where_its_reader_is(folder: Path) -> None:
    path = make_run(folder / "runs", "run", state="running")
    RunLayout(path).log.write_text("".join(f"line {number}\n" for number in range(60)))
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "running   run")
        await pilot.press("l")
        await wait_for_text(pilot, "step 20  validation loss")
        await pilot.press("home")
        await wait_for_text(pilot, "line 0")
        add_event(path, "control", 20, request="checkpoint")
        RunLayout(path).log.write_text("".join(f"line {number}\n" for number in range(61)))
        log = pilot.app.query_one(LogTail)
        await wait_until(pilot, lambda: any("checkpoint after step 20" in line for line in log.lines))
        assert "line 0" in screen_text(pilot.app)


async def test_every_pane_opens_on_a_run_that_has_told_nothing(folder: Path) -> None:
    make_run(folder / "runs", "run", losses=[])
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "finished  run")
        for key in "bilfbz":
            await pilot.press(key)
            await pilot.pause()
        assert pilot.app.query_one(RunsView).selected and pilot.app.query_one(RunDetail).pane == "answers"
