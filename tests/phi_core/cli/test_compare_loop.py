"""The prompt loop of `phi compare`, with a fake engine: from a pipe, and under a terminal of its own."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from pseudo_terminal import PROJECT, PseudoTerminal

from phi_core.chat.engine import Chunk
from phi_core.chat.messages import Message
from phi_core.cli.compare_loop import HELP, prompt_loop

SCRIPTS = {"base": "I am the base", "tuned": lambda prompt: f"Arr, {prompt}"}


def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], engine: FakeEngine, *lines: str
) -> str:
    """What is printed after the header for these lines."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    assert prompt_loop(lambda: engine) == 0
    assert engine.is_closed
    header, _, rest = capsys.readouterr().out.partition("\n")
    assert "base proved" in header
    return rest


Say = Callable[..., str]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    return lambda engine, *lines: said(monkeypatch, capsys, engine, *lines)


def test_every_line_is_a_question_to_all_models(say: Say) -> None:
    engine = FakeEngine(SCRIPTS)
    assert say(engine, "who?", "", "why?") == (
        "  base: I am the base\n  tuned: Arr, who?\n  base: I am the base\n  tuned: Arr, why?\n"
    )
    assert engine.batches == [2, 2]
    assert [call.messages for call in engine.calls][-1] == (Message("user", "why?"),)


def test_answers_that_come_together_are_printed_one_below_the_other(say: Say) -> None:
    class Together(FakeEngine):
        def stream_batch(self, asks, *, whole=False):  # type: ignore[no-untyped-def]
            pieces = list(super().stream_batch(asks, whole=whole))
            return iter(sorted(pieces, key=lambda piece: piece[1].tokens))

    assert say(Together(SCRIPTS), "x y z") == "  base: I am the base\n  tuned: Arr, x y z\n"


def test_a_model_that_fails_leaves_the_others_their_answers(say: Say) -> None:
    engine = FakeEngine(SCRIPTS, failing=lambda prompt, target: target == "base")
    assert say(engine, "who?") == "  base:  [cannot answer 'who?']\n  tuned: Arr, who?\n"


def test_settings_change_live_and_bad_ones_are_refused(say: Say) -> None:
    engine = FakeEngine(SCRIPTS)
    told = say(
        engine,
        *("/temp 0.5", "/set seed 7", "/tokens 2", "/temp hot", "/system Be a pirate.", "who?", "/nonsense"),
    )
    sampling = engine.calls[-1].sampling
    assert sampling and (sampling.temperature, sampling.seed, sampling.max_new_tokens) == (0.5, 7, 2)
    assert engine.calls[-1].messages[0] == Message("system", "Be a pirate.")
    assert "'hot'" in told and "no command /nonsense" in told
    assert "temperature 0.5 · top_p 1 · top_k 0 · repetition_penalty 1 · max_new_tokens 2 · seed 7" in told
    assert "base: I am [cut at the longest answer]" in told


def test_a_setting_that_there_is_not_is_told_with_those_that_there_are(say: Say) -> None:
    told = say(FakeEngine(SCRIPTS), "/set top_b 1", "/set")
    assert "no setting 'top_b'. There are temperature, top_p, top_k" in told
    assert told.splitlines()[-1].startswith("temperature 0 · top_p 1 · top_k 0 · repetition_penalty 1 · ")


def test_the_help_fits_eighty_columns() -> None:
    assert max(map(len, HELP.splitlines())) < 80


def test_quit_leaves_the_rest_unasked(say: Say) -> None:
    engine = FakeEngine(SCRIPTS)
    say(engine, "/quit", "who?")
    assert engine.calls == []


def test_ctrl_c_stops_all_answers_and_the_loop_goes_on(say: Say) -> None:
    words = iter(range(1, 100))

    def second_word() -> None:
        if next(words) == 2:
            raise KeyboardInterrupt

    engine = FakeEngine(SCRIPTS, before_chunk=second_word)
    told = say(engine, "who?", "why?")
    assert told.startswith("  base: I [stopped]\n  tuned:  [stopped]\n  base: I am the base\n")
    assert engine.open_streams == 0


def test_ctrl_c_while_an_answer_is_printed_closes_the_stream(say: Say) -> None:
    class Held:
        is_closed = False

        def __iter__(self) -> "Held":
            return self

        def __next__(self) -> tuple[int, Chunk]:
            raise KeyboardInterrupt

        def close(self) -> None:
            self.is_closed = True

    class Holding(FakeEngine):
        held = Held()

        def stream_batch(self, asks, *, whole=False):  # type: ignore[no-untyped-def]
            return self.held

    engine = Holding(SCRIPTS)
    say(engine, "who?")
    assert engine.held.is_closed


def test_text_that_a_terminal_would_obey_is_printed_as_text(say: Say) -> None:
    told = say(FakeEngine({"base": "\x1b]0;owned\x07 red", "tuned": "[b]x[/b] \u202e"}), "who?")
    assert not {"\x1b", "\x07", "\u202e"} & set(told)
    assert "[b]x[/b]" in told


def test_in_a_terminal_it_has_history_help_and_leaves_by_ctrl_d(tmp_path: Path) -> None:
    script = (
        "from fake_engine import FakeEngine\n"
        "from phi_core.cli.compare_loop import prompt_loop\n"
        "prompt_loop(lambda: FakeEngine({'base': 'I am the base', 'tuned': lambda prompt: 'Arr, ' + prompt}))\n"
    )
    paths = os.pathsep.join([str(PROJECT), str(PROJECT / "tests" / "support")])
    with PseudoTerminal(
        [sys.executable, "-c", script], folder=tmp_path, environment={"PYTHONPATH": paths}
    ) as terminal:
        terminal.wait_for("compare> ")
        terminal.type("who?\n")
        terminal.wait_for("tuned: Arr, who?")
        terminal.wait_for("compare> ", count=2)
        terminal.wait_for_prompt()
        terminal.type("\x1b[A\n")  # the line before
        terminal.wait_for("tuned: Arr, who?", count=2)
        terminal.wait_for("compare> ", count=3)
        terminal.wait_for_prompt()
        terminal.type("\x03")
        terminal.wait_for("Ctrl-D leaves", count=2)
        terminal.type("/help\n")
        terminal.wait_for("/system TEXT", count=2)
        terminal.wait_for_prompt()
        terminal.type("\x04")
        assert terminal.ended() == 0
    assert "Traceback" not in terminal.text
