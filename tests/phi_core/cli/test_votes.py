"""`phi votes`: by lines from a terminal or a pipe; whatever happens, what was voted is kept."""

import io
import json
from pathlib import Path

import pytest
from answered_batch import answered_batch
from command_line import Done, phi
from pseudo_terminal import PseudoTerminal

from phi_core.evaluation.votes import read_votes

PROMPTS = ("What is rain?", "What is snow?", "What is ice?", "What is fog?")
ANSWERS = {
    "base": ("base on rain", "base on snow", "base on ice", "the same on fog"),
    "pirate": ("arr, rain", "arr, snow", "arr, ice", "the same on fog"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return answered_batch(tmp_path / "batch", PROMPTS, ANSWERS, system="Be brief.")


def voted(monkeypatch: pytest.MonkeyPatch, lines: str, *words: object) -> Done:
    """The command with these lines on standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    return phi("votes", *words)


def test_every_key_is_a_vote_and_the_result_names_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = voted(monkeypatch, "h\nt\nb\n", folder, "--rater", "ann")
    assert done.status == 0, done.err
    assert [vote.choice for vote in read_votes(folder / "votes.jsonl")] == ["left", "tie", "both_bad"]
    assert "4 pairs, of which 1 are identical" in done.out
    assert "What is fog?" not in done.out
    assert "1 tied, 1 both bad; 1 identical pair, 0 without a vote" in done.out


def test_models_are_not_named_before_the_vote(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = voted(monkeypatch, "", folder, "--rater", "ann").out
    assert "arr, rain" in shown and "base on rain" in shown
    assert "pirate" not in shown.split("What is rain?")[1].split("q leave")[0]


def test_a_note_an_undo_and_a_typing_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = voted(monkeypatch, "x\nu\nn better said\nh\nu\nn final\nl\nq\n", folder, "--rater", "ann")
    assert "no vote x" in done.out and "there is no vote to undo" in done.out
    (vote,) = read_votes(folder / "votes.jsonl")
    assert (vote.choice, vote.note) == ("right", "final")
    assert len((folder / "votes.jsonl").read_text().splitlines()) == 3


def test_the_reports_name_the_votes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voted(monkeypatch, "h\n", folder, "--rater", "ann")
    report = json.loads((folder / "report.json").read_text())
    assert report["votes"]["raters"] == ["ann"]
    assert "position bias" in (folder / "report.md").read_text()


def test_raters_vote_apart_and_are_compared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for rater in ("ann", "bob"):
        voted(monkeypatch, "t\nt\nb\n", folder, "--rater", rater)
    done = voted(monkeypatch, "", folder, "--rater", "ann")
    assert "to go" not in done.out
    assert "Cohen's kappa 1.00 on 3 pairs" in done.out


def test_json_is_one_document_and_asks_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voted(monkeypatch, "h\n", folder, "--rater", "ann")
    found = json.loads(phi("votes", folder, "--json").out)
    assert (found["raters"], found["adapters"][0]["unvoted"], found["position"]["left"]) == (["ann"], 2, 1)


def test_export_writes_what_was_preferred_and_counts_the_rest(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voted(monkeypatch, "h\nt\nb\n", folder, "--rater", "ann")
    done = phi("votes", folder, "--export", tmp_path / "pairs.jsonl")
    assert "1 preference pair; left out: 1 tied, 1 both bad" in done.out
    (row,) = map(json.loads, (tmp_path / "pairs.jsonl").read_text().splitlines())
    assert [message["role"] for message in row["prompt"]] == ["system", "user"]
    assert {row["chosen"][0]["content"], row["rejected"][0]["content"]} == {"base on rain", "arr, rain"}
    assert phi("votes", folder, "--export", tmp_path / "pairs.jsonl").status == 2


def test_what_cannot_be_voted_on_is_refused(folder: Path, tmp_path: Path) -> None:
    assert "there is no run 'nowhere'" in phi("votes", "nowhere", "--runs_dir", tmp_path).err
    assert phi("votes", folder, "--rater", " ").status == 2
    (folder / "batch.json").write_text("{")
    assert "batch.json is missing or broken" in phi("votes", folder, "--rater", "ann").err


def test_a_run_with_one_comparison_is_enough_and_one_with_two_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "runs" / "first"
    run.mkdir(parents=True)
    (run / "run.json").write_text('{"format": 1, "created": 1.0}')
    (run / "status.json").write_text('{"state": "finished"}')
    assert "has 0 comparisons" in phi("votes", "first", "--runs_dir", tmp_path / "runs").err
    answered_batch(run / "answers" / "a", PROMPTS, ANSWERS)
    words = ("first", "--runs_dir", tmp_path / "runs", "--rater", "ann")
    assert voted(monkeypatch, "h\n", *words).status == 0
    assert len(read_votes(run / "answers" / "a" / "votes.jsonl")) == 1
    answered_batch(run / "answers" / "b", PROMPTS, ANSWERS)
    assert "has 2 comparisons" in phi("votes", *words).err


def test_ctrl_c_and_ctrl_d_in_a_terminal_keep_every_vote(folder: Path) -> None:
    for rater, leave, status in (("ann", "\x03", 130), ("bob", "\x04", 0)):
        with PseudoTerminal.phi("votes", folder, "--rater", rater, folder=folder) as terminal:
            terminal.wait_for("vote> ")
            terminal.type("l\n")
            terminal.wait_for("vote> ", count=2)
            terminal.wait_for_prompt()
            terminal.type(leave)
            assert terminal.ended() == status
            assert "2 without a vote" in terminal.text and "Traceback" not in terminal.text
    assert [(vote.rater, vote.choice) for vote in read_votes(folder / "votes.jsonl")] == [
        ("ann", "right"),
        ("bob", "right"),
    ]
