"""Looking at runs by keys: filter and order, cursor and window on the curves, several runs, search, events, notes, storage."""

import json
import time
from pathlib import Path

from odd_texts import FORBIDDEN, MARKUP_STRINGS, TERMINAL_SEQUENCES
from run_factory import add_event, make_run, step_data
from textual.pilot import Pilot
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_core.runs.layout import RunLayout
from phi_tui.keys import RUNS
from phi_tui.views.runs import RunsView
from phi_tui.widgets.log_tail import LogTail
from phi_tui.widgets.run_chart import RunChart
from phi_tui.widgets.run_table import RunTable

SMALL = (80, 24)


def _lines(pilot: Pilot[None]) -> list[str]:
    return screen_text(pilot.app).splitlines()


def _header(pilot: Pilot[None]) -> str:
    return next(line for line in _lines(pilot) if line.strip().startswith("state"))


def _losses(path: Path) -> dict[int, str]:
    """The losses as they stand in the file, by step."""
    events = map(json.loads, RunLayout(path).events.read_text().splitlines())
    return {event["step"]: json.dumps(event["loss"]) for event in events if event["kind"] == "step"}


async def test_the_list_is_filtered_as_one_types_and_whole_again_after_escape(folder: Path) -> None:
    for number, state in enumerate(("finished", "failed", "stopped")):
        make_run(
            folder / "runs", f"run-{number}", state=state, losses=[3.0, 1.0 + number], created=1e9 - number
        )
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "run-2")
        await pilot.press("slash", *"loss>1.5")
        await wait_for_text(pilot, "2 of 3 runs")
        assert "run-0" not in screen_text(pilot.app)
        await pilot.press(*" state:fa", "enter")
        await wait_for_text(pilot, "1 of 3 runs")
        assert isinstance(pilot.app.focused, RunTable)
        await pilot.press("escape")
        await wait_for_text(pilot, "run-0")
        await pilot.press("ctrl+f", *"los<1")
        await wait_for_text(pilot, "los is no option or figure: loss?")
        assert "3 of 3 runs" in screen_text(pilot.app)
        await pilot.press("ctrl+u", *"nothing like it")
        await wait_for_text(pilot, "No run fits the filter")
        await pilot.press("escape")
        await wait_for_text(pilot, "run-1")


async def test_the_order_is_turned_by_a_key_and_stands_in_the_header(folder: Path) -> None:
    make_run(folder / "runs", "new", losses=[2.0], created=2e9)
    make_run(folder / "runs", "old", losses=[1.0], created=1e9)
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "finished  old")
        assert _header(pilot).endswith("age ↑")
        await pilot.press("O")
        await wait_until(pilot, lambda: "loss ↑" in _header(pilot))
        names = [line.split()[2] for line in _lines(pilot)[2:4]]
        assert names == ["old", "new"]
        assert pilot.app.query_one(RunTable).current == folder / "runs" / "new"  # the cursor stays on its run


async def test_the_cursor_tells_what_the_file_has_and_escape_takes_it_away(folder: Path) -> None:
    path = make_run(folder / "runs", "run", steps=40)
    losses = _losses(path)
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "• validation")
        await pilot.press("left")
        await wait_for_text(pilot, f"training {losses[40]} at step 40")
        await pilot.press("left", "shift+left")
        await wait_for_text(pilot, f"training {losses[29]} at step 29")
        await pilot.press("right", "shift+right")
        await wait_for_text(pilot, f"training {losses[40]} at step 40")
        await pilot.press("escape")
        await wait_for_text(pilot, "• validation")


async def test_window_smoothing_and_axis_are_named_and_undone(folder: Path) -> None:
    make_run(folder / "runs", "run", steps=40)
    async with app_on(folder, tab="runs").run_test(size=(120, 40)) as pilot:
        await wait_for_text(pilot, "• validation")
        await pilot.press("plus")
        await wait_for_text(pilot, "zoomed")
        assert any(line.split()[:1] == ["20"] or line.split()[:1] == ["21"] for line in _lines(pilot))
        await pilot.press("minus")
        await wait_until(pilot, lambda: "zoomed" not in screen_text(pilot.app))
        await pilot.press("equals_sign", "h")
        await wait_for_text(pilot, "zoomed · smoothed: half-life 5, factor 0.871")
        await pilot.press("0", "X")
        await wait_for_text(pilot, "by trained tokens · smoothed")
        assert "82k" in screen_text(pilot.app)
        await pilot.press("X")
        await wait_for_text(pilot, "by time of the steps")
        await pilot.press("X", "h", "h", "h")
        await wait_until(pilot, lambda: "smoothed" not in screen_text(pilot.app))


async def test_marked_runs_keep_letter_and_colour_after_reordering_and_a_restart(folder: Path) -> None:
    for number in range(4):
        make_run(folder / "runs", f"run-{number}", losses=[3.0, float(number + 1)], created=1e9 - number)
    app = app_on(folder, tab="runs")
    async with app.run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "run-3")
        await pilot.press("g", "space", "j", "space", "j", "space", "j")
        await wait_for_text(pilot, "A run-0 · B run-1 · C run-2 · D run-3")
        await pilot.press("O", "O", "O")
        await wait_for_text(pilot, "A run-0 · B run-1 · C run-2 · D run-3")
        colours = [line.colour for line in app.query_one(RunChart)._curves.lines if line.letter]
        app.remember({})
        await pilot.press("ctrl+q")
    again = app_on(folder, tab="runs")
    async with again.run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "A run-0 · B run-1 · C run-2 · D run-3")
        assert [line.colour for line in again.query_one(RunChart)._curves.lines if line.letter] == colours
        assert len(set(colours)) == 4


async def test_the_log_is_searched_and_says_whether_it_follows(folder: Path) -> None:
    path = make_run(folder / "runs", "run", state="running")
    RunLayout(path).log.write_text(
        "".join(f"line {n} {'error' if n % 40 == 0 else ''}\n" for n in range(200))
    )
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "running   run")
        await pilot.press("l")
        await wait_for_text(pilot, "follows the end")
        await pilot.press("slash", *"ERROR", "enter")
        await wait_for_text(pilot, "5 of 5 lines have it")
        assert "line 160 error" in screen_text(pilot.app)
        await pilot.press("N")
        await wait_for_text(pilot, "4 of 5 lines have it")
        assert "line 120 error" in screen_text(pilot.app) and "paused at line" in screen_text(pilot.app)
        await pilot.press("n", "n")
        await wait_for_text(pilot, "1 of 5 lines have it")
        with RunLayout(path).log.open("a") as file:
            file.write("the newest\n")
        await wait_until(pilot, lambda: "the newest" in pilot.app.query_one(LogTail).lines)
        assert "line 0 error" in screen_text(pilot.app)
        await pilot.press("end")
        await wait_for_text(pilot, "follows the end")
        await pilot.press("escape", "n")
        await wait_for_text(pilot, "Name of run run")


async def test_a_long_log_with_rewritten_lines_is_opened_at_its_end(folder: Path) -> None:
    path = make_run(folder / "runs", "run", state="running")
    log = "".join(f"{n % 10}%\r{n % 10 + 1}%\rline {n}\n" for n in range(100_000))
    RunLayout(path).log.write_text(log)
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "running   run")
        await pilot.press("l")
        await wait_until(pilot, lambda: "line 99999" in pilot.app.query_one(LogTail).lines)
        assert len(pilot.app.query_one(LogTail).lines) <= 5000


async def test_events_have_a_pane_with_the_newest_last(folder: Path) -> None:
    path = make_run(folder / "runs", "run", state="running", steps=400)
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "running   run")
        await pilot.press("E")
        await wait_for_text(pilot, "step 400  validation loss")
        add_event(path, "checkpoint", 400, reason="interval")
        await wait_for_text(pilot, "step 400  checkpoint written: interval")
        await pilot.press("E")
        await wait_for_text(pilot, "─ training")


async def test_notes_and_tags_are_written_by_keys_and_seen(folder: Path) -> None:
    path = make_run(folder / "runs", "run")
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "finished  run")
        await pilot.press("N")
        await wait_for_text(pilot, "Notes of run")
        await pilot.press(*"best [b]yet", "tab", *"base long", "enter")
        await wait_for_text(pilot, "#base #long · best [b]yet")
        assert json.loads(RunLayout(path).labels.read_text()) == {
            "note": "best [b]yet",
            "tags": ["base", "long"],
        }


async def test_notes_of_others_are_text_and_nothing_else(folder: Path) -> None:
    texts = [*MARKUP_STRINGS, "".join(TERMINAL_SEQUENCES)]
    for number, text in enumerate(texts):
        path = make_run(folder / "runs", f"run-{number}", created=2e9 - number)
        labels = {"name": f"n {text}", "note": f"begin {text} end", "tags": [text]}
        RunLayout(path).labels.write_text(json.dumps(labels))
    async with app_on(folder, tab="runs").run_test(size=(160, 50)) as pilot:
        await wait_for_text(pilot, "begin")
        await pilot.press("space")
        for text in texts[:-1]:
            await wait_for_text(pilot, f"#{text} · begin {text} end")
            await pilot.press("j")
        await wait_for_text(pilot, f"A n {texts[0]} · B n")
        assert not FORBIDDEN & set(screen_text(pilot.app))
        await pilot.press("N")
        await wait_for_text(pilot, "Notes of n")
        assert not FORBIDDEN & set(screen_text(pilot.app))


async def test_storage_shows_what_goes_and_frees_it_after_a_question(folder: Path) -> None:
    path = make_run(folder / "runs", "run")
    for step in (10, 20):
        RunLayout(path).checkpoint(step).mkdir(parents=True)
        (RunLayout(path).checkpoint(step) / "adapter.bin").write_bytes(b"x" * 4096)
    async with app_on(folder, tab="runs").run_test(size=SMALL, notifications=True) as pilot:
        await wait_for_text(pilot, "finished  run")
        await pilot.press("C")
        await wait_for_text(pilot, "1 run together")
        await pilot.press("enter")
        await wait_for_text(pilot, "Nothing is chosen to go yet")
        await pilot.press("c", "c")
        await wait_for_text(pilot, "4 KiB in 1 folder would be freed")
        await pilot.press("enter")
        await wait_for_text(pilot, "This cannot be undone")
        await pilot.press("escape")
        assert RunLayout(path).checkpoint_steps() == [10, 20]
        await pilot.press("enter")
        await wait_for_text(pilot, "This cannot be undone")
        await pilot.press("enter")
        await wait_until(pilot, lambda: RunLayout(path).checkpoint_steps() == [20])
        await wait_for_text(pilot, "Freed 4 KiB")
        await pilot.press("f", "p", "o", "a")
        await wait_for_text(pilot, "only what is older than: 7 days")
        await pilot.press("escape")
        await wait_for_text(pilot, "─ training")


async def test_hidden_curves_are_not_put_together_and_fast_news_are_drawn_together(folder: Path) -> None:
    path = make_run(folder / "runs", "run", state="running", steps=3, total_steps=9)
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "─ training")
        view, chart = pilot.app.query_one(RunsView), pilot.app.query_one(RunChart)
        await pilot.press("l")
        before = chart._curves
        add_event(path, "step", 4, **step_data(1.0, 4))
        await wait_until(pilot, lambda: view.selected and view.selected.step == 4)
        assert chart._curves is before
        await pilot.press("l")
        await wait_until(pilot, lambda: chart._curves is not before)
        view._drawn_at = time.monotonic() + 60  # whatever comes now waits for one drawing
        shown = view._runs
        for _ in range(20):
            view.show_runs(view._all, ())
        assert view._runs is shown and view._is_due


async def test_no_key_fails_on_an_empty_list(folder: Path) -> None:
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "No runs here yet")
        for key in RUNS:
            await pilot.press(key.keys.split(",")[0])
            await pilot.pause()
            while len(pilot.app.screen_stack) > 1:
                await pilot.press("escape")
                await pilot.pause()
        assert pilot.app.is_running


async def test_five_runs_with_long_names_are_all_named_in_80_columns(folder: Path) -> None:
    for number in range(5):
        make_run(
            folder / "runs", f"run-{number}", label=f"{number} a name that is long", created=1e9 - number
        )
    async with app_on(folder, tab="runs").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "4 a name")
        await pilot.press("g", "space", "j", "space", "j", "space", "j", "space", "j")
        await wait_for_text(pilot, "E 4 a")
        line = next(line for line in _lines(pilot) if "E 4 a" in line)
        assert all(f"{letter} {number} a" in line for number, letter in enumerate("ABCDE"))
