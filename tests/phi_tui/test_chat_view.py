"""The Chat tab: what keys do, what stays after a stop or a crash, and text that is shown exactly."""

import threading
from pathlib import Path

import pytest
from chat_app import TALK, chatting, said, say
from fake_engine import FakeEngine
from odd_texts import FORBIDDEN, MARKUP_STRINGS, TERMINAL_SEQUENCES
from textual import events
from textual.widgets import Input, Markdown
from view_app import screen_text, wait_until

from phi_core.chat.engine import Engine
from phi_core.errors import EngineFailed, EngineLost
from phi_tui.engine_choice import ModelChoice
from phi_tui.widgets.chat_conversation import MOUNTED_MESSAGES
from phi_tui.widgets.chat_message import ChatMessage, ChatReply
from phi_tui.widgets.chat_prompt import ChatPrompt


async def test_without_a_model_the_next_key_is_named(talk_folder: Path) -> None:
    async with chatting(talk_folder, FakeEngine(TALK), runs=0) as (app, view, pilot):
        assert "No model yet: ctrl+n chooses one, or train one on F2." in screen_text(app)
        await say(view, pilot, "hello")
        assert app.sentences and not view.session.turns
        assert view.query_one(ChatPrompt).text == "hello"


async def test_the_newest_finished_run_answers_and_says_how(talk_folder: Path) -> None:
    async with chatting(talk_folder, FakeEngine({**TALK, "run-2": "Newest."}), runs=2) as (app, view, pilot):
        await said(view, pilot, "who are you?")
        text = screen_text(app)
        assert "who are you?" in text and "Newest." in text
        assert "adapter run-2" in text and "1 tokens" in text
        assert "base proved" in text
        assert view.query_one(ChatPrompt).text == ""


async def test_an_answer_grows_while_it_comes(talk_folder: Path) -> None:
    go = threading.Semaphore(1)
    engine = FakeEngine(TALK, before_chunk=lambda: go.acquire(timeout=10) and None)
    async with chatting(talk_folder, engine) as (app, view, pilot):
        await say(view, pilot, "hi")
        await wait_until(lambda: "Arr," in screen_text(app), pilot)
        assert "adapter." not in screen_text(app)
        go.release(20)
        await wait_until(lambda: "Arr, I be the adapter." in screen_text(app), pilot)


async def test_double_enter_sends_once_and_a_draft_stays_while_an_answer_comes(talk_folder: Path) -> None:
    go = threading.Semaphore(0)
    engine = FakeEngine(TALK, before_chunk=lambda: go.acquire(timeout=10) and None)
    async with chatting(talk_folder, engine) as (_app, view, pilot):
        view.query_one(ChatPrompt).load_text("hi")
        await pilot.press("enter", "enter", "d", "r", "enter")
        assert len(view.session.turns) == 1 and view.query_one(ChatPrompt).text == "dr"
        go.release(20)
        await wait_until(lambda: not view.session.is_answering, pilot)
        assert [call.messages[-1].content for call in engine.calls] == ["hi"]


async def test_keys_in_one_burst_send_one_text_and_begin_the_next(talk_folder: Path) -> None:
    engine = FakeEngine(TALK)
    async with chatting(talk_folder, engine) as (app, view, pilot):
        for key in (*"Lima?", "enter", *"next"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await wait_until(lambda: len(engine.calls) == 1 and not view.session.is_answering, pilot)
        assert engine.calls[0].messages[-1].content == "Lima?"
        assert view.query_one(ChatPrompt).text == "next"


async def test_escape_stops_and_keeps_the_partial_answer(talk_folder: Path) -> None:
    go = threading.Semaphore(2)
    engine = FakeEngine(TALK, before_chunk=lambda: go.acquire(timeout=10) and None)
    async with chatting(talk_folder, engine) as (app, view, pilot):
        await say(view, pilot, "hi")
        await wait_until(lambda: "Arr," in screen_text(app), pilot)
        await pilot.press("escape")
        go.release(20)
        await wait_until(lambda: not view.session.is_answering, pilot)
        reply = view.session.turns[-1].reply
        assert reply is not None and reply.ending == "cancelled" and reply.text.startswith("Arr, I")
        await wait_until(lambda: "stopped" in screen_text(app), pilot)
        await said(view, pilot, "again")
        assert [message.role for message in engine.calls[-1].messages] == ["user", "assistant", "user"]


async def test_the_target_switches_in_the_middle_and_is_recorded(talk_folder: Path) -> None:
    engine = FakeEngine(TALK)
    async with chatting(talk_folder, engine) as (app, view, pilot):
        await said(view, pilot, "one")
        await pilot.press("ctrl+t")
        await said(view, pilot, "two")
        assert [turn.reply.target for turn in view.session.turns if turn.reply] == ["run-1", "base"]
        assert [call.target for call in engine.calls] == ["run-1", "base"]
        assert "answers: base" in screen_text(app)


async def test_a_crash_keeps_the_partial_answer_and_one_key_starts_again(talk_folder: Path) -> None:
    engines: list[FakeEngine] = []

    def crash() -> None:
        if len(engines) == 1 and len(engines[0].calls) == 1:
            engines[0].close()
            raise EngineLost("the engine ended with status -9", "Its last words: Killed")

    def factory(choice: ModelChoice) -> Engine:
        engines.append(FakeEngine(TALK, before_chunk=crash))
        return engines[-1]

    async with chatting(talk_folder, factory) as (app, view, pilot):
        await said(view, pilot, "hi")
        assert "the engine ended with status -9. Its last words: Killed" in screen_text(app)
        assert "crashed: ctrl+r tries again" in screen_text(app)
        await pilot.press("ctrl+r")
        await wait_until(lambda: "I be the adapter." in screen_text(app), pilot)
        assert len(engines) == 2 and len(view.session.turns) == 1
        assert [reply.ending for reply in view.session.turns[0].replies] == ["failed", "stop"]


async def test_what_was_said_before_a_crash_stays_on_screen_and_in_the_chat(talk_folder: Path) -> None:
    words = iter(range(100))

    def crash() -> None:
        if next(words) == 2:
            raise EngineLost("the engine ended with status -9", "Its last words: Killed")

    async with chatting(talk_folder, FakeEngine(TALK, before_chunk=crash)) as (app, view, pilot):
        await said(view, pilot, "hi")
        (reply,) = view.session.turns[0].replies
        assert (reply.text, reply.ending) == ("Arr, I", "failed")
        assert "Arr, I" in screen_text(app) and "crashed: ctrl+r tries again" in screen_text(app)


async def test_a_failed_turn_is_not_told_to_the_model(talk_folder: Path) -> None:
    engine = FakeEngine(TALK, failing=["bad"])
    async with chatting(talk_folder, engine) as (_app, view, pilot):
        await said(view, pilot, "bad")
        await said(view, pilot, "good")
        assert [message.content for message in engine.calls[-1].messages] == ["good"]


async def test_regenerate_asks_the_same_and_keeps_the_earlier_reply(talk_folder: Path) -> None:
    engine = FakeEngine(TALK)
    async with chatting(talk_folder, engine) as (_app, view, pilot):
        await said(view, pilot, "hi")
        await pilot.press("ctrl+t", "ctrl+r")
        await wait_until(lambda: len(engine.calls) == 2 and not view.session.is_answering, pilot)
        assert engine.calls[0].messages == engine.calls[1].messages
        assert [reply.target for reply in view.session.turns[0].replies] == ["run-1", "base"]
        assert len(view.query(ChatReply)) == 1


@pytest.mark.parametrize("odd", MARKUP_STRINGS)
async def test_markup_is_shown_as_it_is(talk_folder: Path, odd: str) -> None:
    async with chatting(talk_folder, FakeEngine({"base": odd, "run-1": odd})) as (app, view, pilot):
        await said(view, pilot, f"q {odd}")
        await wait_until(lambda: screen_text(app).count(odd) >= 2, pilot)
        assert f"q {odd}" in screen_text(app)


@pytest.mark.parametrize("odd", TERMINAL_SEQUENCES)
async def test_terminal_sequences_are_shown_and_never_sent(talk_folder: Path, odd: str) -> None:
    async with chatting(talk_folder, FakeEngine({"base": odd, "run-1": f"**{odd}**"})) as (app, view, pilot):
        for prompt in ("one", odd):
            await said(view, pilot, prompt)
            await pilot.press("ctrl+t")
        text = screen_text(app)
        assert not FORBIDDEN & set(text)
        assert odd[-3:] in text


async def test_an_error_with_markup_and_sequences_is_harmless(talk_folder: Path) -> None:
    def factory(choice: ModelChoice) -> Engine:
        raise EngineFailed("[/x] \x1b[2J died")

    async with chatting(talk_folder, factory) as (app, view, pilot):
        await said(view, pilot, "hi")
        assert "[/x] ␛[2J died" in screen_text(app)


async def test_a_finished_answer_with_structure_becomes_markdown_and_others_do_not(talk_folder: Path) -> None:
    answers = {"list": "Here:\n\n- one\n- two\n", "html": "- <b>x</b>\n", "poem": "a rose\nis a rose"}
    async with chatting(talk_folder, FakeEngine({"base": "", "run-1": answers})) as (app, view, pilot):
        for count, (prompt, expected) in enumerate((("list", 1), ("html", 1), ("poem", 1)), 1):
            await said(view, pilot, prompt)
            assert len(view.session.turns) == count and len(view.query(Markdown)) == expected
        assert "- <b>x</b>" in screen_text(app) and "a rose\n" in screen_text(app).replace(
            " \n", "\n"
        ).replace("  ", "")


async def test_ctrl_j_is_a_new_line(talk_folder: Path) -> None:
    async with chatting(talk_folder, FakeEngine(TALK)) as (_app, view, pilot):
        await pilot.press("a", "ctrl+j", "b")
        assert view.query_one(ChatPrompt).text == "a\nb"


async def test_only_sixty_messages_are_mounted_and_all_are_kept(talk_folder: Path) -> None:
    async with chatting(talk_folder, FakeEngine(TALK)) as (_app, view, pilot):
        for number in range(35):
            await said(view, pilot, f"question {number}")
        assert len(view.session.turns) == 35
        assert len(view.query(ChatMessage)) == MOUNTED_MESSAGES


async def test_clear_forgets_the_conversation(talk_folder: Path) -> None:
    engine = FakeEngine(TALK)
    async with chatting(talk_folder, engine) as (_app, view, pilot):
        await said(view, pilot, "hi")
        await pilot.press("f7")
        await pilot.pause()
        assert not view.session.turns and not view.query(ChatMessage)
        await said(view, pilot, "new")
        assert len(engine.calls[-1].messages) == 1


async def test_settings_are_checked_and_used(talk_folder: Path) -> None:
    engine = FakeEngine(TALK)
    async with chatting(talk_folder, engine) as (app, view, pilot):
        await pilot.press("f10")
        await pilot.pause()
        app.screen.query_one("#settings-temperature", Input).value = "hot"
        app.screen.query_one("#settings-system", Input).value = "Be brief."
        await pilot.press("enter")
        await wait_until(lambda: "'hot'" in screen_text(app), pilot)
        app.screen.query_one("#settings-temperature", Input).value = "0.7"
        await pilot.press("enter")
        await said(view, pilot, "hi")
        call = engine.calls[-1]
        assert call.sampling is not None and call.sampling.temperature == 0.7
        assert call.messages[0].content == "Be brief."


async def test_a_model_is_chosen_from_the_list_or_typed(talk_folder: Path) -> None:
    made: list[ModelChoice] = []

    def factory(choice: ModelChoice) -> Engine:
        made.append(choice)
        return FakeEngine({"base": "b", **dict.fromkeys(choice.adapters, "a")})

    async with chatting(talk_folder, factory, runs=2) as (app, _view, pilot):
        await pilot.press("ctrl+n")
        await wait_until(lambda: "run-1" in screen_text(app), pilot)
        await pilot.press("down", "enter")
        await wait_until(lambda: app.host.state.activity == "ready", pilot)
        await pilot.press("ctrl+n")
        await pilot.pause()
        app.screen.query_one("#choose-adapter", Input).value = "nowhere"
        app.screen.query_one("#choose-adapter", Input).focus()
        await pilot.press("enter")
        await wait_until(lambda: "nowhere holds no adapter" in screen_text(app), pilot)
        app.screen.query_one("#choose-adapter", Input).value = ""
        app.screen.query_one("#choose-name", Input).value = "some/model"
        await pilot.press("enter")
        await wait_until(lambda: len(made) == 2 and app.host.state.activity == "ready", pilot)
        assert made[0].label == "run-1" and made[1] == ModelChoice("some/model")


async def test_open_run_takes_that_run_and_says_if_it_cannot(talk_folder: Path) -> None:
    async with chatting(talk_folder, FakeEngine({**TALK, "run-2": "two"}), runs=2) as (app, view, pilot):
        view.open_run(talk_folder / "runs" / "run-1")
        await wait_until(lambda: app.host.choice is not None and app.host.choice.label == "run-1", pilot)
        (talk_folder / "runs" / "run-2" / "final_adapter" / "adapter_config.json").unlink()
        view.open_run(talk_folder / "runs" / "run-2")
        await wait_until(lambda: "has no adapter" in screen_text(app), pilot)


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (160, 50)])
async def test_the_prompt_is_on_the_screen_at_every_size(talk_folder: Path, size: tuple[int, int]) -> None:
    async with chatting(talk_folder, FakeEngine({"base": "", "run-1": "word " * 400}), size=size) as (
        _app,
        view,
        pilot,
    ):
        await said(view, pilot, "long")
        region = view.query_one(ChatPrompt).region
        assert region.bottom == size[1] and region.width == size[0]
