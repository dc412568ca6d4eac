"""The host: one engine, one task at a time, facts at most ten a second, and nothing that outlives it."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from textual import on
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget
from view_app import ViewApp, wait_until

from phi_core.chat.engine import BASE, Ask, Engine
from phi_core.chat.messages import conversation
from phi_core.config.sampling import Sampling
from phi_core.errors import EngineFailed, EngineLost, ModelError
from phi_tui import engine_messages as facts
from phi_tui.engine_choice import ModelChoice
from phi_tui.engine_tasks import Question

CHOICE = ModelChoice("fake/model", Path("adapter"), "pirate")
OTHER = ModelChoice("other/model")


class Listener(Widget):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Message] = []

    @on(facts.TokenArrived)
    @on(facts.AnswerDone)
    @on(facts.AnswerFailed)
    @on(facts.RequestEnded)
    @on(facts.EngineChanged)
    def hear(self, fact: Message) -> None:
        self.heard.append(fact)

    def of(self, kind: type[Message]) -> list[Message]:
        return [fact for fact in self.heard if isinstance(fact, kind)]

    @property
    def activities(self) -> list[str]:
        return [fact.state.activity for fact in self.heard if isinstance(fact, facts.EngineChanged)]


@asynccontextmanager
async def hosted(
    factory: Callable[[ModelChoice], Engine], tmp_path: Path
) -> AsyncIterator[tuple[ViewApp, Listener, Pilot[None]]]:
    listener = Listener()
    app = ViewApp(listener, factory, tmp_path)
    async with app.run_test() as pilot:
        app.host.listen(listener)
        app.host.choose(CHOICE)
        yield app, listener, pilot
        app.host.close()


def question(prompt: str, number: int = 1, target: str = BASE) -> Question:
    return Question(number, (Ask(conversation(prompt), target, Sampling()),))


async def test_the_engine_is_loaded_once_and_answers_again_and_again(tmp_path: Path) -> None:
    made: list[ModelChoice] = []

    def factory(choice: ModelChoice) -> Engine:
        made.append(choice)
        return FakeEngine({"base": "one two three", "pirate": "arr"})

    async with hosted(factory, tmp_path) as (app, listener, pilot):
        for number, target in ((1, "base"), (2, "pirate")):
            assert app.host.ask(listener, question("hi", number, target))
            await wait_until(lambda wanted=number: len(listener.of(facts.AnswerDone)) == wanted, pilot)
        assert [fact.text for fact in listener.of(facts.AnswerDone)] == ["one two three", "arr"]
        assert made == [CHOICE]
        assert listener.activities == ["idle", "loading", "busy", "ready", "busy", "busy", "ready"]


async def test_a_second_request_is_refused_while_one_is_under_way(tmp_path: Path) -> None:
    held = threading.Event()
    engine = FakeEngine({"base": "one two"}, before_chunk=lambda: held.wait(10) and None)
    async with hosted(lambda choice: engine, tmp_path) as (app, listener, pilot):
        assert app.host.ask(listener, question("first"))
        await wait_until(lambda: app.host.state.activity == "busy", pilot)
        assert not app.host.is_free
        assert not app.host.ask(listener, question("second", 2))
        held.set()
        await wait_until(lambda: bool(listener.of(facts.AnswerDone)), pilot)
        assert app.host.is_free


async def test_a_request_during_a_load_is_answered_when_it_has_ended(tmp_path: Path) -> None:
    held = threading.Event()

    def factory(choice: ModelChoice) -> Engine:
        held.wait(10)
        return FakeEngine({"base": "late"})

    async with hosted(factory, tmp_path) as (app, listener, pilot):
        assert app.host.load(listener)
        assert app.host.is_free
        assert app.host.ask(listener, question("hi"))
        assert not app.host.is_free
        held.set()
        await wait_until(lambda: bool(listener.of(facts.AnswerDone)), pilot)


async def test_tokens_are_posted_at_most_ten_times_a_second(tmp_path: Path) -> None:
    engine = FakeEngine({"base": "word " * 2000})
    async with hosted(lambda choice: engine, tmp_path) as (app, listener, pilot):
        app.host.ask(listener, Question(1, (Ask(conversation("hi"), BASE, Sampling(max_new_tokens=2000)),)))
        await wait_until(lambda: bool(listener.of(facts.AnswerDone)), pilot)
        assert len(listener.of(facts.TokenArrived)) <= 20
        assert listener.of(facts.AnswerDone)[0].text.split() == ["word"] * 2000


async def test_stop_closes_the_stream_and_keeps_what_was_said(tmp_path: Path) -> None:
    said, go = threading.Semaphore(0), threading.Semaphore(2)

    def before_chunk() -> None:
        said.release()
        go.acquire(timeout=10)

    engine = FakeEngine({"base": "one two three four"}, before_chunk=before_chunk)
    async with hosted(lambda choice: engine, tmp_path) as (app, listener, pilot):
        app.host.ask(listener, question("hi"))
        await wait_until(lambda: said._value >= 3, pilot)
        app.host.stop()
        go.release(10)
        await wait_until(lambda: bool(listener.of(facts.AnswerDone)), pilot)
        done = listener.of(facts.AnswerDone)[0]
        assert (done.text, done.finish_reason) == ("one two three", "cancelled")
        assert engine.open_streams == 0 and app.host.state.activity == "ready"


async def test_a_second_stop_takes_away_an_engine_that_does_not_listen(tmp_path: Path) -> None:
    held = threading.Event()

    class Stuck(FakeEngine):
        def close(self) -> None:
            super().close()
            held.set()

    def before_chunk() -> None:
        held.wait(10)
        raise EngineFailed("the engine was closed")

    engine = Stuck({"base": "one"}, before_chunk=before_chunk)
    async with hosted(lambda choice: engine, tmp_path) as (app, listener, pilot):
        app.host.ask(listener, question("hi"))
        await wait_until(lambda: app.host.state.activity == "busy", pilot)
        app.host.stop()
        assert app.host.state.activity == "stopping"
        app.host.stop()
        await wait_until(lambda: bool(listener.of(facts.AnswerDone)), pilot)
        assert listener.of(facts.AnswerDone)[0].finish_reason == "cancelled"
        assert engine.is_closed and app.host.state.activity == "idle"


async def test_a_question_that_fails_leaves_the_engine_ready(tmp_path: Path) -> None:
    engine = FakeEngine({"base": "fine"}, failing=["bad"])
    async with hosted(lambda choice: engine, tmp_path) as (app, listener, pilot):
        app.host.ask(listener, question("bad"))
        await wait_until(lambda: bool(listener.of(facts.AnswerFailed)), pilot)
        assert listener.of(facts.AnswerFailed)[0].what == "cannot answer 'bad'"
        assert app.host.state.activity == "ready"


async def test_a_dead_engine_is_replaced_by_the_next_request(tmp_path: Path) -> None:
    engines: list[FakeEngine] = []

    def die() -> None:
        if len(engines) == 1:
            engines[0].close()
            raise EngineLost("the engine ended with status -9")

    def factory(choice: ModelChoice) -> Engine:
        engines.append(FakeEngine({"base": "alive"}, before_chunk=die))
        return engines[-1]

    async with hosted(factory, tmp_path) as (app, listener, pilot):
        app.host.ask(listener, question("hi"))
        await wait_until(lambda: bool(listener.of(facts.AnswerFailed)), pilot)
        assert app.host.state.activity == "crashed" and "status -9" in app.host.state.what
        app.host.ask(listener, question("again", 2))
        await wait_until(lambda: bool(listener.of(facts.AnswerDone)), pilot)
        assert len(engines) == 2 and app.host.state.activity == "ready"


@pytest.mark.parametrize(
    "error", [ModelError("no model at x", "Name one"), RuntimeError("CUDA out of memory")]
)
async def test_a_load_that_fails_is_told_and_can_be_tried_again(tmp_path: Path, error: Exception) -> None:
    def factory(choice: ModelChoice) -> Engine:
        raise error

    async with hosted(factory, tmp_path) as (app, listener, pilot):
        app.host.ask(listener, question("hi"))
        await wait_until(lambda: bool(listener.of(facts.RequestEnded)), pilot)
        assert app.host.state.activity == "failed" and str(error.args[0]) in app.host.state.what
        assert app.host.is_free


async def test_another_choice_closes_the_engine(tmp_path: Path) -> None:
    engines: list[FakeEngine] = []

    def factory(choice: ModelChoice) -> Engine:
        assert all(engine.is_closed for engine in engines), "two engines at once"
        engines.append(FakeEngine({"base": "hi"}))
        return engines[-1]

    async with hosted(factory, tmp_path) as (app, listener, pilot):
        for number, choice in enumerate((CHOICE, OTHER), 1):
            app.host.choose(choice)
            app.host.ask(listener, question("hi", number))
            await wait_until(lambda wanted=number: len(listener.of(facts.AnswerDone)) == wanted, pilot)
        assert [engine.is_closed for engine in engines] == [True, False]
