"""Chat by keys in a real terminal at 80×24: the newest checkpoint of a run that is running, and an engine that is killed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from chat_server import chat_server
from command_line import PROJECT
from pseudo_terminal import PseudoTerminal
from terminal import Terminal, needs_tmux
from tiny_models import save_tiny_model
from toy_run import toy_config, write_toy_dataset
from worker_runs import has_done, started, when

from phi_core.chat.transcript_file import read_transcript, saved_chats
from phi_core.jobs.training_job import wait_until_ended
from phi_core.runs.control import RequestKind, send_request
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chat")
    save_tiny_model(folder / "model", max_position_embeddings=4096)
    write_toy_dataset(folder / "data.jsonl")
    return folder


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Path]:
    """A run that goes on until the tests are done, without a checkpoint unless one is asked for."""
    config = toy_config(
        folder / "model",
        folder / "data.jsonl",
        epochs=20_000,
        checkpoint_every=100_000,
        validation_fraction=0,
    )
    path = started(config, folder / "runs")
    when(path, has_done(1), lambda run: None)
    yield path
    ask(path, "stop")
    wait_until_ended(path, seconds=60)


def ask(run: Path, kind: RequestKind) -> None:
    send_request(RunLayout(run), kind)


@needs_tmux
def test_the_newest_checkpoint_of_a_running_run_and_a_killed_engine(folder: Path, running: Path) -> None:
    terminal = Terminal(folder)
    try:
        terminal.type("phi tui --tab chat\n")
        terminal.wait_for("Talk to", "answers: base")
        say(terminal, "hello")
        terminal.wait_until(lambda screen: "tokens/s" in screen and "ready" in screen, "the base's answer")
        label = talk_to_newest_checkpoint(terminal, running, folder)
        answer_at_length(terminal)
        kill_engine(terminal)
        ask_again(terminal)
        assert read_run(running).state == "running"
        terminal.press("C-q")
        terminal.wait_until(lambda screen: screen.rstrip()[-1:] in ("$", "#"), "the shell's prompt")
    finally:
        terminal.close()
    everything_is_in_the_transcript(folder, label)


def say(terminal: Terminal, text: str) -> None:
    terminal.type(text)
    terminal.press("Enter")


def talk_to_newest_checkpoint(terminal: Terminal, running: Path, folder: Path) -> str:
    ask(running, "checkpoint")
    screen = terminal.wait_for("newest checkpoint: step")
    terminal.press("F9")
    terminal.wait_for("esc Back")
    terminal.press("Enter")
    step = re.search(r"newest checkpoint: step (\d+)", screen)
    assert step
    terminal.wait_for(f"step-{step[1]} answers from now on", f"answers: adapter step-{step[1]} ×1")
    say(terminal, "and you?")
    terminal.wait_until(lambda _: len(ended_answers(folder)) == 2, "the checkpoint's answer")
    terminal.wait_for("ready")
    return f"step-{step[1]}"


def ended_answers(folder: Path) -> list[str]:
    """How each answer of the one chat on disk ended, as far as it has."""
    [chat] = saved_chats(folder / ".state" / "chats")
    endings = [reply.ending for turn in read_transcript(chat.path).turns for reply in turn.replies]
    return [how for how in endings if how in ("stop", "length")]


def answer_at_length(terminal: Terminal) -> None:
    """The longest answer is set by keys; the base, which was never trained to stop, begins one."""
    terminal.press("F10")
    terminal.wait_for("temperature")
    terminal.press("Tab", "Tab", "Tab", "Tab", "C-u")
    terminal.wait_until(lambda screen: bool(re.search(r"max_new_tokens +│", screen)), "the emptied field")
    terminal.type("3800")
    terminal.wait_until(lambda screen: bool(re.search(r"max_new_tokens +3800", screen)), "the field")
    terminal.press("Enter")
    terminal.wait_until(lambda screen: "max_new_tokens" not in screen, "the chat")
    terminal.press("C-t")
    terminal.wait_for("answers: base")
    say(terminal, "tell me all")
    terminal.wait_for("tell me all", "answering", "esc Stop")


def kill_engine(terminal: Terminal) -> None:
    app = psutil.Process(terminal.foreground_pid())
    [engine] = [child for child in app.children() if "phi_core.workers.engine" in child.cmdline()]
    os.kill(engine.pid, signal.SIGKILL)
    terminal.wait_for("crashed: ctrl+r tries again", "status -9", "ctrl+r asks again")


def ask_again(terminal: Terminal) -> None:
    terminal.press("C-r")
    terminal.wait_for("base (again, 2)", "answering")
    terminal.press("Escape")
    terminal.wait_for("stopped", "ready")


def everything_is_in_the_transcript(folder: Path, label: str) -> None:
    [chat] = saved_chats(folder / ".state" / "chats")
    turns = read_transcript(chat.path).turns
    assert [turn.prompt for turn in turns] == ["hello", "and you?", "tell me all"]
    assert [reply.target for turn in turns for reply in turn.replies] == ["base", label, "base", "base"]
    killed, again = turns[2].replies
    assert (killed.ending, again.ending) == ("failed", "cancelled")
    assert killed.text and again.text.startswith(killed.text[:20])
    assert turns[1].replies[0].adapter.endswith(f"step-{int(label[5:]):06d}")


def test_a_plain_terminal_stops_an_answer_and_ends(folder: Path, running: Path) -> None:
    """One process: history, Ctrl-C at the prompt and in an answer, the newest checkpoint, Ctrl-D."""
    state = folder / ".plain"
    flags = ("--run", running.name, "--runs_dir", running.parent, "--max_new_tokens", "3800")
    ask(running, "checkpoint")
    when(running, lambda run: run.adapter is not None, lambda run: None)
    with PseudoTerminal.phi("chat", *flags, folder=folder, environment={"PHI_STATE_DIR": str(state)}) as chat:
        chat.wait_for("/help  /quit")
        chat.wait_for("> ")
        chat.type("/base\n")
        chat.wait_for("base answers now\n\nbase> ")
        chat.type("half a line")
        chat.wait_for("base> half a line")
        chat.settle()
        chat.type("\x03")
        chat.wait_for("Ctrl-D leaves\n\nbase> ")
        chat.type("tell me all\n")
        chat.wait_for("base> tell me all\n")
        chat.wait_for(chat_begun(chat))
        chat.type("\x03")
        chat.wait_for("stopped · context")
        chat.wait_for_prompt()
        ask(running, "checkpoint")
        chat.type("/set max_new_tokens 5\n/checkpoint\n")
        chat.wait_for("step-", count=2)
        chat.wait_for_prompt()
        chat.type("\x1b[A\x1b[A\x1b[A\n")  # the question before the two commands
        chat.wait_for("context", count=2)
        chat.wait_for_prompt()
        chat.type("\x04")
        assert chat.ended() == 0
    [kept] = saved_chats(state / "chats")
    assert [turn.prompt for turn in read_transcript(kept.path).turns] == ["tell me all", "tell me all"]
    assert (state / "chat_history").stat().st_mode & 0o077 == 0


def chat_begun(chat: PseudoTerminal) -> str:
    """Once the first characters of an answer are there: all that was written."""
    asked = chat.text.rpartition("tell me all\n")[0]
    while len(chat.text) < len(asked) + 30:
        assert chat._read(60), chat.text
    return chat.text


def test_questions_from_a_pipe_are_answered_and_nothing_else_is_printed(tmp_path: Path) -> None:
    with chat_server({"m": lambda prompt: f"{prompt}!"}) as server:
        done = subprocess.run(
            [sys.executable, "-m", "phi_core", "chat", "--endpoint", f"{server.url}#m"],
            input=b"one\n/strength 9\n//tw\xf6\n",
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONIOENCODING": "utf-8"},
            timeout=120,
        )
    assert (done.returncode, done.stdout.decode()) == (2, "one!\n/tw\ufffd!\n")
    assert b"from 0 to 2, got '9'" in done.stderr
    assert b"\x1b" not in done.stderr
