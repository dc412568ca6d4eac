"""Data in a real terminal at 80×24, by keys alone: read the faults, repair them in $EDITOR, see it pass, launch."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import Terminal, needs_tmux

from phi_core.jobs.training_job import wait_until_ended
from phi_core.runs.reader import read_run

pytestmark = needs_tmux

EDITOR = """#!/bin/sh
# Notes how it was called, shows that it has the terminal, and corrects the line as a person would.
echo "$@" >> calls
echo "the editor has the terminal"
line=$(echo "$1" | tr -d +)
sed -i "${line}s/.*/{\\"prompt\\": \\"What did line $line ask?\\", \\"response\\": \\"Arr, it be repaired, matey.\\"}/" "$2"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A demo folder, a copy of whose data has two faulty records, and an editor."""
    subprocess.run(
        [sys.executable, "-m", "phi_core", "demo", "d"], cwd=tmp_path, check=True, capture_output=True
    )
    folder = tmp_path / "d"
    rows = (folder / "pirate.jsonl").read_text().splitlines()[:120]
    rows[6] = '{"prompt": "What is a [red]fault[/red]?", "response": ""}'
    rows[40] = '{"prompt": "What broke off?", "resp'
    (folder / "broken.jsonl").write_text("\n".join(rows) + "\n")
    config = folder / "train.yaml"
    config.write_text(config.read_text().replace("epochs: 4 ", "epochs: 1 "))
    editor = folder / "my editor"
    editor.write_text(EDITOR)
    editor.chmod(0o755)
    return folder


@pytest.fixture
def terminal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("EDITOR", f"'{folder / 'my editor'}'")
    monkeypatch.delenv("VISUAL", raising=False)
    opened = Terminal(folder)
    yield opened
    opened.close()


def test_a_broken_file_is_read_repaired_and_launched(folder: Path, terminal: Terminal) -> None:
    open_the_broken_file(terminal)
    read_its_faults(terminal)
    repair_them_in_the_editor(folder, terminal)
    look_at_its_tokens(terminal)
    use_it_in_train_and_launch(folder, terminal)


def open_the_broken_file(terminal: Terminal) -> None:
    terminal.type("phi tui --tab data\n")
    terminal.wait_for("pirate.jsonl", "370 good, 0 faulty")
    terminal.press("C-n")
    terminal.wait_for("Which data?")
    terminal.press(
        "C-e", "C-u"
    )  # Textual lets letters overtake a key with a binding: wait until it has acted
    terminal.wait_until(lambda screen: screen.count("pirate.jsonl") == 1, "an empty line")
    terminal.type("bro")
    terminal.wait_for("broken.jsonl")
    terminal.press("Tab")
    terminal.press("Enter")


def read_its_faults(terminal: Terminal) -> None:
    screen = terminal.wait_for(
        "118 good, 2 faulty",
        "broken.jsonl line 7, field response: empty",
        "broken.jsonl line 41: not JSON at column",
        "e Edit",
    )
    assert max(len(line) for line in screen.splitlines()) <= 80
    terminal.press("Enter")
    terminal.wait_for("[red]fault[/red]", "▸     7")
    terminal.press("Escape")
    terminal.wait_for("2 faults")


def repair_them_in_the_editor(folder: Path, terminal: Terminal) -> None:
    terminal.press("e")
    terminal.wait_for("119 good, 1 faulty", "broken.jsonl line 41: not JSON")
    terminal.press("Enter")
    terminal.wait_for("What broke off?")
    terminal.press("e")
    terminal.wait_for("120 good, 0 faulty", "no faults")
    broken = folder / "broken.jsonl"
    assert (folder / "calls").read_text().splitlines() == [f"+7 {broken}", f"+41 {broken}"]
    assert json.loads(broken.read_text().splitlines()[6])["response"]


def look_at_its_tokens(terminal: Terminal) -> None:
    terminal.wait_for("gate open")
    terminal.press("t")
    terminal.wait_for("masked │ Instruct:", "trained │", "stop │ <|endoftext|>")
    terminal.press("g")
    terminal.wait_for("Which record? 1 to 120")
    terminal.type("7")
    terminal.press("Enter")
    terminal.wait_for("broken.jsonl line 7", "Arr, it be repaired, matey.")


def use_it_in_train_and_launch(folder: Path, terminal: Terminal) -> None:
    terminal.press("C-t")
    terminal.wait_for("Launch", "broken.jsonl", "model_name")
    terminal.press("C-r")
    terminal.wait_for("loss", "step")
    terminal.wait_until(lambda _: bool(list((folder / "runs").glob("*/run.json"))), "the run's directory")
    run = next((folder / "runs").glob("*/run.json")).parent
    ended = wait_until_ended(run, seconds=200)
    assert ended.state == "finished"
    assert str(read_run(run).path) == str(run)
    assert "broken.jsonl" in (run / "config.yaml").read_text()
    terminal.wait_for("finished")
