"""Compare in a real terminal at 80×24, by keys alone: run a set, leave and come back, step, see tokens, vote, export."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from adapters import save_adapter
from terminal import Terminal, needs_tmux
from view_app import finished_run

from phi_core.demo import model_path
from phi_core.evaluation.batch_folder import read_batch
from phi_core.evaluation.votes import read_votes

pytestmark = needs_tmux
QUESTIONS = """name: few
generation: {max_new_tokens: 24}
questions:
  - {id: japan, prompt: "What is the capital of Japan?", reference: Tokyo, tags: [capitals]}
  - {id: lima, prompt: "Lima is the capital of which country?", reference: Peru, tags: [capitals]}
  - {id: cow, prompt: "What sound does a cow make?"}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the bundled model with an adapter that says something else, and three questions."""
    place = tmp_path_factory.mktemp("compare")
    run = finished_run(place / "runs", "run-1", model="demo")
    save_adapter(model_path(), run / "final_adapter", strength=0.5)
    (place / "questions.yaml").write_text(QUESTIONS)
    return place


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    opened = Terminal(folder)
    yield opened
    opened.close()


def answers_of(folder: Path) -> Path:
    return next((folder / "runs").glob("*/answers/few"))


def test_a_comparison_by_keys(folder: Path, terminal: Terminal) -> None:
    run_and_leave(terminal)
    come_back_and_step(folder, terminal)
    look_at_tokens(terminal)
    vote_blind(folder, terminal)
    export(folder, terminal)


def run_and_leave(terminal: Terminal) -> None:
    terminal.type("phi tui --tab compare\n")
    screen = terminal.wait_for("0/6 answers", "What is the capital of Japan?", "^r Run")
    assert max(len(line) for line in screen.splitlines()) <= 80
    terminal.press("C-r")
    terminal.wait_for("●")
    terminal.press("C-q")
    terminal.wait_until(lambda screen: screen.rstrip()[-1:] in ("$", "#"), "the shell's prompt")


def come_back_and_step(folder: Path, terminal: Terminal) -> None:
    terminal.type("clear; phi tui --tab compare\n")
    terminal.wait_for("6/6 answers", "✓ finished", "base proved", "Tokyo")
    terminal.press("Right")
    terminal.wait_for("adapter run-1")
    terminal.press("j")
    terminal.wait_for("Lima is the capital of which country?", "Peru")
    terminal.press("k")
    batch = read_batch(answers_of(folder))
    assert batch.status.state == "finished" and len(batch.answers) == 6 and len(batch.token_changes) == 3
    assert batch.info and batch.info.proof.base_difference == 0.0


def look_at_tokens(terminal: Terminal) -> None:
    terminal.press("d")
    terminal.wait_for("[-only the base-] {+only the adapter+}")
    terminal.press("d")
    terminal.wait_for("1/", "log prob.", "KL", "much likelier", "▲")
    terminal.press("Right")
    terminal.wait_for(" 2/")
    terminal.press("s")
    terminal.wait_for("Verdict", "undecided")
    terminal.press("Escape")
    terminal.wait_for("reference: Tokyo")


def vote_blind(folder: Path, terminal: Terminal) -> None:
    terminal.press("v")
    screen = terminal.wait_for("Which is better?", "left", "right", "0 of")
    assert "adapter" not in screen and "base" not in screen
    for number, key in enumerate("hlt", 1):
        terminal.press(key)
        terminal.wait_for(f"{number} of 3 given")
    terminal.wait_for("position bias", "agreement")
    votes = read_votes(answers_of(folder) / "votes.jsonl")
    assert [vote.choice for vote in votes] == ["left", "right", "tie"]


def export(folder: Path, terminal: Terminal) -> None:
    terminal.press("e")
    terminal.wait_for("Write preference pairs")
    terminal.press("Enter")
    terminal.wait_for("2 preference pairs; left out: 1 tied")
    lines = (answers_of(folder) / "preference_pairs.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [set(row) for row in rows] == [{"prompt", "chosen", "rejected"}] * 2
    terminal.press("Escape")
    terminal.wait_for("6/6 answers")
    terminal.press("C-s")
    terminal.wait_for("wrote", "report.html")
    assert "position bias" in (answers_of(folder) / "report.md").read_text()
