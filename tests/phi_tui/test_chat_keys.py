"""Chat's keys beside talking: copying what was said, the prompt in an editor, and the keys that a text area has too."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from chat_app import TALK, chatting, said
from fake_engine import FakeEngine
from view_app import wait_until

from phi_core.chat.transcript import transcript_markdown
from phi_tui.widgets.chat_conversation import ChatConversation
from phi_tui.widgets.chat_prompt import ChatPrompt


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a script the person's editor; it gets the file as $1."""

    def become(script: str) -> None:
        path = tmp_path / "editor.sh"
        path.write_text(f"#!/bin/sh\nfor file; do :; done\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("VISUAL", str(path))

    return become


async def test_an_answer_and_the_conversation_are_copied_as_they_were_said(
    talk_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    async with chatting(talk_folder, FakeEngine(TALK)) as (app, view, pilot):
        await said(view, pilot, "who?")
        await pilot.press("y", "Y")
        assert view.query_one(ChatPrompt).text == "yY" and not app.clipboard
        view.query_one(ChatConversation).focus()
        await pilot.press("y")
        await wait_until(lambda: app.clipboard == TALK["run-1"], pilot)
        await pilot.press("Y")
        whole = transcript_markdown(view.session.conversation)
        await wait_until(lambda: app.clipboard == whole, pilot)
        assert app.sentences[-1].startswith("Copied the conversation ")


async def test_without_an_answer_nothing_is_copied(talk_folder: Path) -> None:
    async with chatting(talk_folder, FakeEngine(TALK)) as (app, view, _):
        view.action_copy_answer()
        assert app.sentences[-1] == "There is no answer to copy yet"


async def test_the_prompt_is_written_in_an_editor(
    talk_folder: Path, editor: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    editor('cat "$file" > seen; printf "two\\nlines\\n" > "$file"')
    async with chatting(talk_folder, FakeEngine(TALK)) as (app, view, pilot):
        monkeypatch.setattr(app, "suspend", nullcontext)
        await pilot.press("o", "n", "e", "ctrl+g")
        assert view.query_one(ChatPrompt).text == "two\nlines"
        assert (talk_folder / "seen").read_text() == "one"


async def test_an_editor_that_fails_leaves_the_prompt(
    talk_folder: Path, editor: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    editor('echo lost > "$file"; exit 3')
    async with chatting(talk_folder, FakeEngine(TALK)) as (app, view, pilot):
        monkeypatch.setattr(app, "suspend", nullcontext)
        await pilot.press("o", "n", "e", "ctrl+g")
        assert view.query_one(ChatPrompt).text == "one"
        assert "ended with status 3" in app.sentences[-1]


async def test_f7_begins_a_new_chat_from_inside_the_prompt(talk_folder: Path) -> None:
    async with chatting(talk_folder, FakeEngine(TALK)) as (_, view, pilot):
        await said(view, pilot, "who?")
        await pilot.press("f7")
        await wait_until(lambda: not view.session.turns, pilot)
