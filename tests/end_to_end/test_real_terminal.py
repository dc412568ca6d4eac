"""The app in a real terminal at 80×24, by keys alone: set up, watch, kill -9, come back, stop, resume, chat, compare."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from terminal import Terminal, needs_tmux

from phi_core.jobs.training_job import wait_until_ended
from phi_core.runs.reader import Run, read_run

pytestmark = needs_tmux


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A demo folder whose run is long enough to be stopped in the middle."""
    subprocess.run(
        [sys.executable, "-m", "phi_core", "demo", "d"], cwd=tmp_path, check=True, capture_output=True
    )
    config = tmp_path / "d" / "train.yaml"
    config.write_text(config.read_text().replace("epochs: 4 ", "epochs: 16 "))
    return tmp_path / "d"


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    opened = Terminal(folder)
    yield opened
    opened.close()


def the_run(folder: Path) -> Run:
    return read_run(next((folder / "runs").glob("*/run.json")).parent)


def test_the_whole_job_by_keys(folder: Path, terminal: Terminal) -> None:
    launch(folder, terminal)
    survive_the_end_of_the_app(folder, terminal)
    stop_and_resume(folder, terminal)
    chat(terminal)
    compare(folder, terminal)
    terminal.press("C-q")
    terminal.wait_until(lambda screen: screen.rstrip()[-1:] in ("$", "#"), "the shell's prompt")


def launch(folder: Path, terminal: Terminal) -> None:
    terminal.type("phi tui\n")
    screen = terminal.wait_for("model_name", "learning_rate", "steps", "Launch")
    assert max(len(line) for line in screen.splitlines()) <= 80
    terminal.press("C-r")
    terminal.wait_for("running", "loss")
    terminal.wait_until(lambda _: bool(the_run(folder).of_kind("step")), "the first steps")


def survive_the_end_of_the_app(folder: Path, terminal: Terminal) -> None:
    os.kill(terminal.foreground_pid(), signal.SIGKILL)
    terminal.wait_for("Killed")
    terminal.type("reset; clear\n")
    run = the_run(folder)
    assert run.state == "running"
    terminal.type("phi tui --tab runs\n")
    terminal.wait_for(run.id, "running", "loss")


def stop_and_resume(folder: Path, terminal: Terminal) -> None:
    terminal.press("s")
    terminal.wait_for("Stop")
    terminal.press("y")
    terminal.wait_for("stopped")
    stopped = the_run(folder)
    assert stopped.state == "stopped"
    assert 0 < stopped.step < (stopped.total_steps or 0)
    terminal.press("r")
    terminal.wait_for("running")
    ended = wait_until_ended(stopped.path, seconds=200)
    assert ended.state == "finished"
    assert [step for step, _ in ended.series("step", "loss")] == list(range(1, (ended.total_steps or 0) + 1))
    terminal.wait_for("finished")


def chat(terminal: Terminal) -> None:
    terminal.press("t")
    terminal.wait_for("Chat", "^n Choose")
    terminal.type("What is the capital of France?")
    terminal.press("Enter")
    terminal.wait_until(lambda screen: "Arr" in screen and "tokens/s" in screen, "a pirate's answer")
    terminal.wait_for("base proved")
    terminal.press("C-t")
    terminal.type("What is the capital of France?")
    terminal.press("Enter")
    terminal.wait_until(lambda screen: "Paris" in screen.rpartition("base")[2], "the base's answer")


def compare(folder: Path, terminal: Terminal) -> None:
    terminal.press("F5")
    terminal.wait_for("0/36 answers")
    terminal.press("C-r")
    terminal.wait_for("36/36", "Tokyo", "✓ finished")
    terminal.press("C-s")
    terminal.wait_for("wrote", "report.html")
    written = {path.name for path in (the_run(folder).layout.answers / "demo").iterdir()}
    assert {"answers.jsonl", "report.md", "report.html", "report.json"} <= written


def test_closing_the_terminal_ends_the_app_and_leaves_the_run_going(folder: Path) -> None:
    first = Terminal(folder)
    launch(folder, first)
    app = psutil.Process(first.foreground_pid())
    first.close()
    app.wait(30)
    run = the_run(folder)
    assert run.is_live
    assert wait_until_ended(run.path, seconds=200).state == "finished"


def test_without_a_terminal_the_app_says_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "phi_core", "tui"], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "\x1b" not in done.stdout + done.stderr
