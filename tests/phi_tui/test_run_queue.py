"""The queue in the Runs tab: seen in its order with the reason for waiting, reordered by keys, and looked after."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from run_factory import make_run
from terminal import Terminal, needs_tmux
from textual.pilot import Pilot
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_core.jobs.queue import RUNNER_LOCK, enqueue, has_runner, queued, remove
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run
from phi_tui.widgets.run_table import RunTable


def _queue(root: Path, *names: str, needs_gib: float | None = None) -> None:
    for name in names:
        path = make_run(root, name, losses=[])
        RunLayout(path).status.unlink()
        RunLayout(path).events.unlink()
        enqueue(path, needs_gib=needs_gib)


@pytest.fixture
def with_a_runner(folder: Path) -> Iterator[Path]:
    """A runs folder whose queue somebody looks after, who starts nothing."""
    root = folder / "runs"
    root.mkdir()
    with FileLock(root / RUNNER_LOCK):
        yield root


def _listed(pilot: Pilot[None], count: int) -> list[str]:
    """The names of the first rows, in their order."""
    lines = screen_text(pilot.app).splitlines()[2 : 2 + count]
    return [line.split()[2] for line in lines]


async def test_queued_runs_stand_first_in_their_order_and_say_why_they_wait(with_a_runner: Path) -> None:
    make_run(with_a_runner, "done")
    _queue(with_a_runner, "first", "second", "third")
    RunLayout(with_a_runner / "first").queue_note.write_text('{"why": "needs [b]9[/b] GiB"}')
    async with app_on(with_a_runner.parent, tab="runs").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "3rd")
        assert _listed(pilot, 4) == ["first", "second", "third", "done"]
        assert "next" in screen_text(pilot.app).splitlines()[2]
        await pilot.press("g")
        await wait_for_text(pilot, "next to start: needs [b]9[/b] GiB.")
        assert "J Later" in screen_text(pilot.app) and "u Unqueue" in screen_text(pilot.app)


async def test_keys_move_a_run_in_the_queue_and_the_cursor_goes_along(with_a_runner: Path) -> None:
    _queue(with_a_runner, "first", "second", "third")
    async with app_on(with_a_runner.parent, tab="runs").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "3rd")
        await pilot.press("g", "J")
        await wait_until(pilot, lambda: _listed(pilot, 3) == ["second", "first", "third"])
        assert pilot.app.query_one(RunTable).current == with_a_runner / "first"
        await pilot.press("J")
        await wait_until(pilot, lambda: _listed(pilot, 3) == ["second", "third", "first"])
        await pilot.press("K")
        await wait_until(pilot, lambda: _listed(pilot, 3) == ["second", "first", "third"])
    assert [run.id for run in queued(with_a_runner)] == ["second", "first", "third"]


async def test_a_run_is_taken_out_of_the_queue_and_put_into_it_again(with_a_runner: Path) -> None:
    _queue(with_a_runner, "only")
    async with app_on(with_a_runner.parent, tab="runs").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "queued    only")
        await pilot.press("u")
        await wait_for_text(pilot, "Not started. r starts it, u puts it into the queue.")
        assert queued(with_a_runner) == ()
        assert read_run(with_a_runner / "only").state == "stopped"
        await pilot.press("u")
        await wait_for_text(pilot, "next to start")
    assert [run.id for run in queued(with_a_runner)] == ["only"]


async def test_moving_what_is_not_queued_is_refused_with_the_reason(with_a_runner: Path) -> None:
    make_run(with_a_runner, "done")
    app = app_on(with_a_runner.parent, tab="runs")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await wait_for_text(pilot, "finished  done")
        assert "Later" not in screen_text(pilot.app)
        await pilot.press("J")
        await wait_for_text(pilot, "is not in the queue")


@needs_tmux
def test_the_app_sees_to_it_that_somebody_looks_after_the_queue(folder: Path) -> None:
    """A real queue runner says why the run waits: no machine has so much memory."""
    _queue(folder / "runs", "huge", needs_gib=1e6)
    terminal = Terminal(folder, columns=80, rows=24)
    terminal.type("phi tui --tab runs\n")
    try:
        terminal.wait_for("next to start", "queued    huge", "needs 1000000.0 GiB")
        assert has_runner(folder / "runs")
        terminal.type("u")
        terminal.wait_for("Not started")
        terminal.wait_until(lambda _screen: not has_runner(folder / "runs"), "the queue runner to end")
    finally:
        terminal.close()
        for run in queued(folder / "runs"):
            remove(run.path)  # its runner ends by itself
