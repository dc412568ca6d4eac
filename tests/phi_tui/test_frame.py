"""The frame: tabs, help and key bar at every size; esc and ctrl+c never quit; errors end in a private file."""

import threading
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from run_factory import make_run
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_core.planning.machine import this_machine
from phi_tui.app import VIEW_KEYS
from phi_tui.engine_choice import ModelChoice
from phi_tui.engine_services import engine_host
from phi_tui.keys import shown_keys
from phi_tui.messages import LogChanged, MachineSampled, RunsChanged
from phi_tui.widgets.key_bar import KeyBar
from phi_tui.widgets.plain import tell


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (100, 30), (160, 50)])
@pytest.mark.parametrize("tab", list(VIEW_KEYS))
async def test_tabs_and_help_are_seen_at_every_size(folder: Path, tab: str, size: tuple[int, int]) -> None:
    async with app_on(folder, tab=tab).run_test(size=size) as pilot:
        await pilot.pause()
        lines = screen_text(pilot.app).splitlines()
        assert "1 Train  2 Runs  3 Chat  4 Compare  5 Data" in lines[0]
        assert lines[-1].endswith("F1 Help")
        assert len(lines[-1]) <= size[0]


@pytest.mark.parametrize("size", [(59, 24), (80, 15), (20, 5)])
async def test_a_small_terminal_gets_one_calm_line_and_recovers(folder: Path, size: tuple[int, int]) -> None:
    async with app_on(folder).run_test(size=size) as pilot:
        await wait_for_text(pilot, "too small")
        shown = " ".join(screen_text(pilot.app).split())
        assert f"60×16 needed, now {size[0]}×{size[1]}; everything keeps running." in shown
        await pilot.resize_terminal(80, 24)
        await wait_for_text(pilot, "1 Train")


@pytest.mark.parametrize("tab", list(VIEW_KEYS))
async def test_help_lists_every_key_of_the_tab(folder: Path, tab: str) -> None:
    async with app_on(folder, tab=tab).run_test(size=(120, 140)) as pilot:
        await pilot.press("f1")
        await wait_for_text(pilot, "Keys everywhere")
        shown = screen_text(pilot.app)
        assert all(shown_keys(key) in shown for key in VIEW_KEYS[tab])
        await pilot.press("escape")
        await wait_until(pilot, lambda: len(pilot.app.screen_stack) == 1)


async def test_under_a_dialog_no_tab_or_launch_key_acts(folder: Path) -> None:
    async with app_on(folder).run_test(size=(80, 24)) as pilot:
        await pilot.press("f1")
        await wait_for_text(pilot, "Keys of Train")
        await pilot.press("f3", "2", "ctrl+r")
        assert pilot.app._tab == "train"  # type: ignore[attr-defined]
        assert len(pilot.app.screen_stack) == 2


async def test_escape_and_control_c_do_not_quit(folder: Path) -> None:
    async with app_on(folder, tab="runs").run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("escape", "escape", "ctrl+c")
        await wait_for_text(pilot, "ctrl+q leaves phi")
        assert pilot.app.is_running


async def test_control_c_stops_the_model_at_work(folder: Path) -> None:
    go = threading.Event()
    app = app_on(folder, tab="chat")
    app.engine_factory = lambda choice: go.wait(10) and FakeEngine({"base": ""})  # type: ignore[attr-defined]
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        host = engine_host(app)
        host.choose(ModelChoice("some/model"))
        host.load(app)
        assert host.state.is_at_work
        await pilot.press("ctrl+c")
        await wait_until(pilot, lambda: not host.state.is_at_work, "the load given up")
        assert "ctrl+q leaves phi" not in screen_text(app)
        go.set()
        await pilot.press("ctrl+c")
        await wait_for_text(pilot, "ctrl+q leaves phi")


async def test_a_new_notice_takes_the_place_of_the_one_before(folder: Path) -> None:
    app = app_on(folder, tab="runs")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        tell(app.screen, "older words", "error")
        await wait_for_text(pilot, "older words")
        tell(app.screen, "newer words")
        await wait_for_text(pilot, "newer words")
        assert "older words" not in screen_text(app)


async def test_quitting_says_how_many_runs_go_on(folder: Path) -> None:
    make_run(folder / "runs", "live", state="running")
    app = app_on(folder, tab="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "1 running")
        await pilot.press("ctrl+q")
    assert app.farewell.startswith("1 run keeps running")


async def test_the_key_bar_leaves_out_what_would_be_refused(folder: Path) -> None:
    make_run(folder / "runs", "done", state="finished")
    async with app_on(folder, tab="runs").run_test(size=(160, 40)) as pilot:
        await wait_for_text(pilot, "finished  done")
        await wait_until(pilot, lambda: "Metric" in pilot.app.query_one(KeyBar).render().plain)
        assert "Pause" not in pilot.app.query_one(KeyBar).render().plain


async def test_an_unforeseen_error_goes_to_a_private_file_without_local_values(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = app_on(folder, tab="runs")

    def fail() -> None:
        secret = "local-value-of-a-prompt"
        raise ZeroDivisionError(len(secret))

    with pytest.raises(ZeroDivisionError):
        async with app.run_test(size=(80, 24)) as pilot:
            app.call_later(fail)
            await pilot.pause()
    [report] = (folder.parent / "state").glob("crash-*.log")
    assert report.stat().st_mode & 0o777 == 0o600
    assert "ZeroDivisionError" in report.read_text()
    assert "local-value-of-a-prompt" not in "".join(str(line) for line in app._exit_renderables)
    assert app.return_code == 1


async def test_facts_that_arrive_while_the_app_ends_are_no_error(folder: Path) -> None:
    app = app_on(folder, tab="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
    app.on_runs_changed(RunsChanged(()))
    app.on_log_changed(LogChanged(folder, ("line",)))
    app.on_machine_sampled(MachineSampled(this_machine()))
    assert app.return_code in (None, 0)
