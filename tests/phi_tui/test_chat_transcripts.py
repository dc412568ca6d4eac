"""Chat: earlier questions edited, the context meter, and a transcript that survives stops, quits and crashes."""

import threading
from pathlib import Path

import pytest
from chat_app import TALK, chatting, said, say
from fake_engine import FakeEngine
from odd_texts import MARKUP_STRINGS
from view_app import screen_text, wait_until

from phi_core.chat.transcript_file import TranscriptFile, read_transcript, saved_chats
from phi_core.chat.turns import Conversation
from phi_tui.chat_files import chats_folder
from phi_tui.widgets.chat_message import ChatReply
from phi_tui.widgets.chat_prompt import ChatPrompt


def kept() -> Conversation:
    """The newest chat on disk."""
    return read_transcript(saved_chats(chats_folder())[0].path)


async def test_up_edits_the_last_question_and_again_the_one_before(talk_folder: Path) -> None:
    engine = FakeEngine(TALK)
    async with chatting(talk_folder, engine) as (app, view, pilot):
        prompt = view.query_one(ChatPrompt)
        for text in ("first", "second", "third"):
            await said(view, pilot, text)
        for key, shown in (("up", "third"), ("up", "second"), ("down", "third"), ("up", "second")):
            await pilot.press(key)
            await wait_until(lambda shown=shown: prompt.text == shown, pilot)
        assert "question 2 of 3" in screen_text(app)
        await pilot.press("!", "up")
        assert prompt.text == "second!"
        await pilot.press("enter")
        await wait_until(lambda: len(engine.calls) == 4 and not view.session.is_answering, pilot)
        assert [message.content for message in engine.calls[-1].messages] == [
            "first",
            "Arr, I be the adapter.",
            "second!",
        ]
        assert [turn.prompt for turn in view.session.turns] == ["first", "second!"]
        assert [turn.prompt for turn in view.session.conversation.left] == ["second", "third"]
        assert len(view.query(ChatReply)) == 2 and "third" not in screen_text(app)
        await wait_until(lambda: kept() == view.session.conversation, pilot)


async def test_esc_leaves_editing_and_nothing_is_cut(talk_folder: Path) -> None:
    engine = FakeEngine(TALK)
    async with chatting(talk_folder, engine) as (app, view, pilot):
        await said(view, pilot, "first")
        await pilot.press("up")
        await wait_until(lambda: "question 1 of 1" in screen_text(app), pilot)
        await pilot.press("escape")
        await wait_until(lambda: view.query_one(ChatPrompt).text == "", pilot)
        await said(view, pilot, "second")
        assert [turn.prompt for turn in view.session.turns] == ["first", "second"]


async def test_an_edited_question_that_is_refused_is_still_being_edited(talk_folder: Path) -> None:
    go = threading.Semaphore(0)
    engine = FakeEngine(TALK, before_chunk=lambda: go.acquire(timeout=10) and None)
    async with chatting(talk_folder, engine) as (_app, view, pilot):
        await say(view, pilot, "first")
        await wait_until(lambda: bool(engine.calls), pilot)
        await pilot.press("up")
        await wait_until(lambda: view.session.editing == 0, pilot)
        await pilot.press("x", "enter")
        assert view.query_one(ChatPrompt).text == "firstx" and view.session.editing == 0
        go.release(50)
        await wait_until(lambda: not view.session.is_answering and view.host.is_free, pilot)
        await pilot.press("enter")
        await wait_until(lambda: len(engine.calls) == 2 and not view.session.is_answering, pilot)
        assert [turn.prompt for turn in view.session.turns] == ["firstx"]


async def test_the_meter_says_how_full_the_context_is_and_what_was_left_out(talk_folder: Path) -> None:
    from dataclasses import replace

    class Full(FakeEngine):
        def stream(self, ask):  # type: ignore[no-untyped-def]
            chunks = super().stream(ask)
            return (replace(chunk, prompt_tokens=90, dropped_turns=3) for chunk in chunks)

    async with chatting(talk_folder, Full(TALK, context_length=100)) as (app, view, pilot):
        await said(view, pilot, "hi")
        assert "context 95/100 · 3 oldest turns left out" in screen_text(app)
        assert view.session.turns[0].newest[0].dropped_turns == 3


async def test_what_was_said_is_on_disk_while_the_answer_comes_and_after_the_app_has_gone(
    talk_folder: Path,
) -> None:
    go = threading.Semaphore(3)
    engine = FakeEngine(TALK, before_chunk=lambda: go.acquire(timeout=10) and None)
    async with chatting(talk_folder, engine) as (app, view, pilot):
        await say(view, pilot, "hi")
        await wait_until(lambda: bool(saved_chats(chats_folder())), pilot)
        assert kept().turns[0].prompt == "hi"
        await wait_until(lambda: "Arr," in screen_text(app), pilot)
        said_so_far = view.session.turns[0].newest[0].text
        go.release(1)
        app.exit()
    go.release(50)
    [reply] = kept().turns[0].newest
    assert reply.text.startswith(said_so_far) and reply.ending == "cancelled"


async def test_an_earlier_chat_is_gone_on_with_in_its_own_file(talk_folder: Path) -> None:
    engine = FakeEngine(TALK)
    async with chatting(talk_folder, engine) as (app, view, pilot):
        view.session.settings = type(view.session.settings)(view.session.settings.sampling, "Be brief.")
        await said(view, pilot, "first")
        await pilot.press("ctrl+f")
        await wait_until(lambda: "no earlier chat" in "".join(app.sentences), pilot)
        await pilot.press("f7")
        await said(view, pilot, "another chat")
        assert len(engine.calls[-1].messages) == 2
    async with chatting(talk_folder, FakeEngine(TALK), runs=0) as (app, view, pilot):
        view.open_run(talk_folder / "runs" / "run-1")
        await pilot.press("ctrl+f")
        await wait_until(lambda: "another chat" in screen_text(app) and "first" in screen_text(app), pilot)
        await pilot.press("down", "enter")
        await wait_until(lambda: bool(view.session.turns), pilot)
        assert "Arr, I be the adapter." in screen_text(app)
        assert view.session.settings.system == "Be brief."
        await said(view, pilot, "second")
    chats = {chat.num_turns: read_transcript(chat.path) for chat in saved_chats(chats_folder())}
    assert [turn.prompt for turn in chats[2].turns] == ["first", "second"]
    assert [turn.prompt for turn in chats[1].turns] == ["another chat"]


async def test_a_chat_that_cannot_be_read_or_kept_is_a_note(
    talk_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (talk_folder / "file").write_text("")
    monkeypatch.setenv("PHI_STATE_DIR", str(talk_folder / "file"))
    async with chatting(talk_folder, FakeEngine(TALK)) as (app, view, pilot):
        await said(view, pilot, "hi")
        await wait_until(lambda: "cannot be kept on disk" in screen_text(app), pilot)
        await said(view, pilot, "still there?")
        assert len(view.session.turns) == 2


async def test_the_export_tells_what_was_said_byte_for_byte(talk_folder: Path) -> None:
    answer = "```python\nx = 1\n\n\ny = 2\n```\n"
    async with chatting(talk_folder, FakeEngine({"base": "", "run-1": answer})) as (_app, view, pilot):
        await said(view, pilot, "code\n\nplease")
        await pilot.press("ctrl+s")
        await wait_until(lambda: len(list(talk_folder.glob("phi-chat-*.md"))) == 1, pilot)
        [path] = talk_folder.glob("phi-chat-*.jsonl")
        [turn] = read_transcript(path).turns
        assert (turn.prompt, turn.newest[0].text) == ("code\n\nplease", answer)
        assert turn.newest[0].versions and turn.newest[0].prompt_format_hash
        assert answer in path.with_suffix(".md").read_text()


@pytest.mark.parametrize("odd", MARKUP_STRINGS[:4])
async def test_earlier_chats_with_markup_are_listed_as_they_are(talk_folder: Path, odd: str) -> None:
    TranscriptFile(chats_folder() / "odd.jsonl").write(Conversation().asked(f"{odd} \x1b[2J", []))
    async with chatting(talk_folder, FakeEngine(TALK)) as (app, _view, pilot):
        await pilot.press("ctrl+f")
        await wait_until(lambda: f"{odd} ␛[2J" in screen_text(app), pilot)


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (160, 50)])
async def test_lists_and_offers_leave_room_for_the_prompt(talk_folder: Path, size: tuple[int, int]) -> None:
    for number in range(30):
        TranscriptFile(chats_folder() / f"{number}.jsonl").write(
            Conversation().asked(f"question {number}", [])
        )
    async with chatting(talk_folder, FakeEngine(TALK), size=size) as (app, view, pilot):
        await pilot.press("f8")
        await said(view, pilot, "word " * 100)
        assert view.query_one(ChatPrompt).region.bottom == size[1]
        await pilot.press("ctrl+f")
        await wait_until(lambda: "esc Back" in screen_text(app), pilot)
        box = app.screen.query_one("#pick-box").region
        assert box.y >= 0 and box.bottom <= size[1] and box.right <= size[0]
