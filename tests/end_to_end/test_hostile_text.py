"""Text that breaks terminal apps, from models, files and names: shown exactly as `plain` shows it, never obeyed.

Real processes under a pseudo-terminal, whose bytes are what a terminal would receive; the model is a server that says
whatever a test wants.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from answered_batch import answered_batch
from chat_server import ChatServer, chat_server
from compared_run import ComparedRun
from fake_engine import FakeEngine
from odd_texts import FORBIDDEN, MARKUP_STRINGS, TERMINAL_SEQUENCES
from pseudo_terminal import PseudoTerminal
from view_app import ViewApp, finished_run, screen_text, wait_until

from phi_core.plain_text import plain
from phi_core.runs.reader import read_run
from phi_core.runs.store import RunStore
from phi_tui.views.chat import ChatView
from phi_tui.widgets.chat_prompt import ChatPrompt

TEXTS = (*MARKUP_STRINGS, *TERMINAL_SEQUENCES)
SAID = {str(place): text for place, text in enumerate(TEXTS)}
ODD_MODEL = "[/foo]\x1b]0;t\x07"
DUMB = {"TERM": "dumb"}
"""A terminal for which line editing writes no sequences of its own, so that none at all may be seen."""


def said(prompt: str) -> str:
    """A number is answered with the hostile text of that place, anything else with itself."""
    return SAID.get(prompt, prompt)


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with chat_server({"echo": said, ODD_MODEL: said, "loud": lambda prompt: f"{said(prompt)}!"}) as running:
        yield running


def obeyed(terminal: PseudoTerminal) -> set[str]:
    """What was written that a terminal would obey; phi itself rewrites lines of progress, and ends lines."""
    rewritten = {"over\rwritten"} if "over\rwritten" in terminal.text else set()
    return rewritten | (FORBIDDEN & set(terminal.text)) - {"\r"}


def test_there_are_thirteen_markup_strings_and_eight_sequences() -> None:
    assert (len(MARKUP_STRINGS), len(TERMINAL_SEQUENCES)) == (13, 8)
    assert all(plain(text) == text for text in MARKUP_STRINGS)
    assert all(plain(text) != text and not FORBIDDEN & set(plain(text)) for text in TERMINAL_SEQUENCES)


def test_chat_shows_a_hostile_model_and_its_name_exactly(server: ChatServer, tmp_path: Path) -> None:
    name = "[bold]\x1b[2J\x9bm"
    words = ("chat", "--endpoint", f"{name}={server.url}#echo")
    with PseudoTerminal.phi(*words, folder=tmp_path, environment=DUMB) as terminal:
        for count, (number, text) in enumerate(SAID.items(), 1):
            terminal.wait_for(f"{plain(name)}> ", count=count)
            terminal.type(f"{number}\n")
            terminal.wait_for(f"{plain(name)}> ", count=count + 1)
            assert f"\n{plain(text)}\n" in terminal.text
        terminal.type("\x04")
        assert terminal.ended() == 0
        assert obeyed(terminal) == set() and "Traceback" not in terminal.text


def test_chat_sends_hostile_prompts_as_they_are_and_shows_what_comes_back(
    server: ChatServer, tmp_path: Path
) -> None:
    prompts = [text for text in TEXTS if "\r" not in text]  # which ends a line of a pipe
    words = ("chat", "--endpoint", f"m={server.url}#echo")
    with PseudoTerminal.phi(*words, folder=tmp_path, typed="\n".join(prompts) + "\n") as terminal:
        assert terminal.ended() == 0
        lines = [line.rpartition("\r")[2] for line in terminal.text.split("\n")]
        assert [line for line in lines if line] == [plain(text) for text in prompts]
        assert obeyed(terminal) == set()
    asked = [request["messages"][-1]["content"] for request in server.asked[-len(prompts) :]]
    assert asked == prompts


def test_the_prompt_loop_of_compare_shows_hostile_models_exactly(server: ChatServer, tmp_path: Path) -> None:
    words = ("compare", "--endpoint", f"{server.url}#{ODD_MODEL}", "--endpoint", f"b={server.url}#loud")
    with PseudoTerminal.phi(*words, folder=tmp_path, environment=DUMB) as terminal:
        for count, (number, text) in enumerate(SAID.items(), 1):
            terminal.wait_for("compare> ", count=count)
            terminal.type(f"{number}\n")
            terminal.wait_for("compare> ", count=count + 1)
            assert f"  {plain(ODD_MODEL)}: {plain(text)}\n" in terminal.text
            assert f"  b: {plain(text)}!\n" in terminal.text
        terminal.type("\x04")
        assert terminal.ended() == 0
        assert obeyed(terminal) == set() and "Traceback" not in terminal.text


def test_a_batch_of_hostile_questions_is_asked_shown_and_voted_on_exactly(
    server: ChatServer, tmp_path: Path
) -> None:
    questions = [{"id": f"{text} id", "prompt": text, "tags": [text], "reference": text} for text in TEXTS]
    (tmp_path / "odd.yaml").write_text(yaml.safe_dump({"name": "[/]\x1b[2J", "questions": questions}))
    words = ("compare", "--questions", "odd.yaml", "--out", "out")
    models = ("--endpoint", f"base={server.url}#echo", "--endpoint", f"[red]\x1b[2J={server.url}#loud")
    with PseudoTerminal.phi(*words, *models, folder=tmp_path, environment=DUMB) as terminal:
        assert terminal.ended() == 0, terminal.text
        for text in TEXTS:
            assert f"\n{plain(text)} id: {plain(text)}\n" in terminal.text
            assert f"{plain(text)}!\n" in terminal.text
        assert obeyed(terminal) == set() and "Traceback" not in terminal.text
    with PseudoTerminal.phi(
        "votes", "out", "--rater", "[/]\x1b[2J", folder=tmp_path, environment=DUMB
    ) as terminal:
        for count, text in enumerate(TEXTS, 1):
            terminal.wait_for("vote> ", count=count)
            assert f"· {plain(text)} id\n{plain(text)}\n" in terminal.text
            terminal.type("t\n")
        assert terminal.ended() == 0
        assert plain("[red]\x1b[2J: ") in terminal.text
        assert obeyed(terminal) == set() and "Traceback" not in terminal.text


def test_hostile_names_of_adapters_in_a_finished_comparison(tmp_path: Path) -> None:
    answers = {"base": ["fine"], **{name: [f"{name}!"] for name in TEXTS}}
    folder = answered_batch(tmp_path / "out", ["What?"], answers)
    with PseudoTerminal.phi("compare", "--follow", folder, folder=tmp_path, environment=DUMB) as terminal:
        assert terminal.ended() == 0, terminal.text
        for name in TEXTS:
            assert f"\n  {plain(name)} " in terminal.text and f" {plain(name)}!\n" in terminal.text
            assert f"\n{plain(name)}: undecided" in terminal.text
        assert obeyed(terminal) == set()


def test_the_compare_tab_of_the_app_shows_every_hostile_question_and_obeys_none(tmp_path: Path) -> None:
    questions = [{"id": text, "prompt": text, "tags": [text], "reference": text} for text in TEXTS]
    (tmp_path / "questions.yaml").write_text(yaml.safe_dump({"name": "odd", "questions": questions}))
    scripts = {"base": said, "run-1": lambda prompt: f"{said(prompt)}!", "[/x]\x1b[2J": said}
    ComparedRun(tmp_path / "runs", tmp_path / "questions.yaml", scripts).begin().answer().end()
    environment = {"PHI_STATE_DIR": str(tmp_path / "state"), "TERM": "xterm-256color"}
    words = ("tui", "--tab", "compare", "--runs_dir", "runs")
    with PseudoTerminal.phi(*words, folder=tmp_path, environment=environment) as terminal:
        terminal.wait_for(f"{plain(TEXTS[0])}: ")
        terminal.type("\x1b[C")  # to the adapter: 80 columns show one model
        terminal.wait_for(f"{plain(TEXTS[0])}!")
        for text in TEXTS[1:]:
            terminal.type("j")
            terminal.wait_for(plain(text))
        for key in ("g", "d", "d", "d", "s", "s", "f", "v", "t", "t", "u", "\x1b"):
            terminal.type(key)
            terminal.settle(0.1)
        terminal.type("\x11")
        assert terminal.ended() == 0
        assert [text for text in TERMINAL_SEQUENCES if text in terminal.text] == []
        assert "\x9b" not in terminal.text and "]52;" not in terminal.text.replace("␛]52;", "")
        assert "Traceback" not in terminal.text


async def test_the_chat_tab_shows_hostile_prompts_answers_and_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHI_STATE_DIR", str(tmp_path / "state"))
    name = "[/foo]\x1b[2J\x9bm"
    RunStore(tmp_path / "runs").label(read_run(finished_run(tmp_path / "runs", "run-1")), {"name": name})
    view, engine = ChatView(id="chat"), FakeEngine({"base": said, name: said})
    app = ViewApp(view, lambda choice: engine, tmp_path / "runs")
    async with app.run_test(size=(160, 50)) as pilot:
        view.enter()
        await wait_until(lambda: app.host.choice is not None, pilot)
        assert f"adapter {plain(name)}" in screen_text(app)
        for count, text in enumerate(TEXTS, 1):
            view.query_one(ChatPrompt).load_text(text)
            await pilot.press("enter")
            await wait_until(lambda: len(engine.calls) == count and not view.session.is_answering, pilot)  # noqa: B023
            await pilot.pause()
            assert screen_text(app).count(plain(text)) >= 2, text
            assert not FORBIDDEN & set(screen_text(app))
        assert {call.target for call in engine.calls} == {name}
        assert [call.messages[-1].content for call in engine.calls] == list(TEXTS)
