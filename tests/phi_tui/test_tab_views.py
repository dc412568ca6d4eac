"""Views are made when they are needed; facts and what is remembered reach them all the same. And how much is sent."""

from pathlib import Path
from typing import Any

from run_factory import make_run, write_status
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_core.config.problems import SPECS
from phi_tui.app import PhiApp
from phi_tui.display import Display
from phi_tui.output_rate import OutputRate, rate_words
from phi_tui.services import MACHINE_SECONDS, WATCH_SECONDS, MachinePoller, RunWatcher
from phi_tui.views.train import TrainView
from phi_tui.widgets.option_form import OptionForm, OptionRow
from phi_tui.widgets.tab_views import TabViews


def _there(app: PhiApp) -> set[str | None]:
    return {view.id for view in app.query_one(TabViews).children}


async def test_only_the_open_tab_is_made_at_the_start_and_a_key_typed_meanwhile_waits(folder: Path) -> None:
    make_run(folder / "runs", "done", state="finished")
    app = app_on(folder, tab="chat")
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: _there(app) == {"chat"})
        await pilot.press("f3", "m")
        await wait_for_text(pilot, "learning rate")
        assert _there(app) == {"chat", "runs"}
        await pilot.press("f6")
        await wait_until(pilot, lambda: _there(app) == {"chat", "runs", "data", "train"})
        await wait_until(pilot, lambda: app.open_tab == "data")
        assert app.query_one("#data").display and not app.query_one("#train").display


async def test_the_end_of_a_run_is_told_although_runs_was_never_opened(folder: Path) -> None:
    path = make_run(folder / "runs", "live", state="running")
    app = app_on(folder, tab="compare")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await wait_until(pilot, lambda: "runs" in _there(app))
        write_status(path, state="finished", step=20, total_steps=20)
        app.watcher.look_now()
        await wait_for_text(pilot, "live: finished")


async def test_rows_of_options_are_made_when_they_are_first_seen(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test(size=(100, 40)) as pilot:
        await wait_for_text(pilot, "model_name")
        form = app.query_one(TrainView).query_one(OptionForm)
        assert len(form.query(OptionRow)) < len(SPECS) / 2
        await pilot.press("f9")
        await wait_until(pilot, lambda: len(form.query(OptionRow)) == len(SPECS))
        assert [row.spec.name for row in form.query(OptionRow)] == list(SPECS)


async def test_the_rate_of_output_is_shown_on_demand(folder: Path) -> None:
    app = app_on(folder, tab="compare")
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "4 Compare")
        app.toggle_rate()
        await wait_for_text(pilot, "KB/s")
        app.toggle_rate()
        await wait_until(pilot, lambda: "KB/s" not in screen_text(app))


def test_the_rate_is_of_the_bytes_that_leave() -> None:
    told: list[str] = []
    sent: list[str] = []

    class Timer:
        def stop(self) -> None:
            told.append("stopped")

    class App:
        def __init__(self) -> None:
            self._driver: Any = type("Driver", (), {"write": staticmethod(sent.append)})()

        def set_interval(self, _seconds: float, _say: object) -> Timer:
            return Timer()

    app: Any = App()
    rate = OutputRate(app, told.append)
    rate.toggle()
    app._driver.write("⣀" * 5000)
    rate._say()
    rate._say()
    rate.toggle()
    assert told == ["… KB/s", "3.0 KB/s", "0.0 KB/s", "stopped", ""]
    assert sent == ["⣀" * 5000]


def test_a_rate_is_told_in_few_digits() -> None:
    assert rate_words(6949) == "6.9 KB/s"


def test_on_a_slow_line_runs_and_machine_are_looked_at_less_often(folder: Path) -> None:
    app = PhiApp(folder / "runs", display=Display(is_slow=True))
    assert app.watcher._every >= 5 * WATCH_SECONDS and app._poller._every >= 10 * MACHINE_SECONDS
    assert RunWatcher(app, folder)._every == WATCH_SECONDS and MachinePoller(app)._every == MACHINE_SECONDS
