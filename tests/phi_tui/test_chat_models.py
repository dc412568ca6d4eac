"""Chat with several models: both at once, strengths, checkpoints of a run that is running, endpoints, crashes of all."""

import json
import os
import shutil
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

from chat_app import TALK, chatting, said
from fake_engine import FakeEngine
from textual.widgets import Input
from view_app import ViewApp, finished_run, screen_text, wait_until

from phi_core.chat.engine import Engine
from phi_core.errors import EngineLost
from phi_core.runs.identity import identity_of
from phi_core.runs.layout import RunLayout
from phi_tui.engine_choice import ModelChoice
from phi_tui.widgets.chat_message import ReplyRow


def has_choice(app: ViewApp) -> bool:
    return app.host.choice is not None


def is_shown(app: ViewApp, text: str) -> bool:
    return text in screen_text(app)


def checkpoint(run: Path, step: int) -> Path:
    """As a trainer leaves it."""
    folder = RunLayout(run).checkpoint(step)
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text("{}")
    return folder


def running_run(root: Path) -> Path:
    """A run whose worker lives (this process) and has no final adapter."""
    path = finished_run(root, "run-1")
    shutil.rmtree(path / "final_adapter")
    status = {"state": "running", "step": 1, "total_steps": 9, **identity_of(os.getpid()).as_json()}
    (path / "status.json").write_text(json.dumps(status))
    return path


async def test_both_answer_one_question_side_by_side_where_there_is_room(talk_folder: Path) -> None:
    for size, is_wide in (((120, 30), True), ((80, 24), False)):
        engine = FakeEngine(TALK)
        async with chatting(talk_folder, engine, runs=0 if is_wide is False else 1, size=size) as (
            app,
            view,
            pilot,
        ):
            if app.host.choice is None:
                view.open_run(talk_folder / "runs" / "run-1")
                await wait_until(partial(has_choice, app), pilot)
            await pilot.press("f8")
            await said(view, pilot, "hi")
            assert [reply.target for reply in view.session.turns[-1].newest] == ["base", "run-1"]
            assert engine.batches == [2]
            rows = [row.has_class("-wide") for row in view.query(ReplyRow)]
            assert rows == [is_wide]
            lines = screen_text(app)
            assert "I am the base." in lines and "Arr, I be the adapter." in lines
            assert "answers: base and adapter run-1" in lines


async def test_each_of_both_is_told_its_own_answers(talk_folder: Path) -> None:
    engine = FakeEngine(TALK)
    async with chatting(talk_folder, engine) as (_app, view, pilot):
        await pilot.press("f8")
        await said(view, pilot, "one")
        await said(view, pilot, "two")
        told = {call.target: [message.content for message in call.messages] for call in engine.calls}
        assert told == {
            "base": ["one", "I am the base.", "two"],
            "run-1": ["one", "Arr, I be the adapter.", "two"],
        }


async def test_both_is_refused_in_words_where_there_is_one_model(talk_folder: Path) -> None:
    async with chatting(talk_folder, FakeEngine({"base": "b"}), runs=0) as (app, view, pilot):
        app.host.choose(ModelChoice("some/model"))
        await pilot.press("f8", "alt+up")
        assert not view.session.is_both and view.session.strength == 1.0
        assert "only one model" in app.sentences[0] and "Only an adapter" in app.sentences[1]


async def test_the_strength_goes_from_0_to_2_is_shown_and_is_recorded(talk_folder: Path) -> None:
    engine = FakeEngine(TALK)
    async with chatting(talk_folder, engine) as (app, view, pilot):
        await pilot.press("alt+up", "alt+up")
        await wait_until(lambda: "adapter run-1 ×1.5" in screen_text(app), pilot)
        await said(view, pilot, "strong")
        for _ in range(12):
            await pilot.press("alt+down")
        await said(view, pilot, "weak")
        for _ in range(12):
            await pilot.press("alt+up")
        await pilot.press("ctrl+t")
        await said(view, pilot, "base has none")
        assert [call.strength for call in engine.calls] == [1.5, 0.0, 1.0]
        assert [turn.newest[0].strength for turn in view.session.turns] == [1.5, 0.0, 1.0]
        assert view.session.strength == 2.0


async def test_the_newest_checkpoint_of_a_running_run_is_offered_and_answers(talk_folder: Path) -> None:
    run = running_run(talk_folder / "runs")
    engine = FakeEngine({"base": "I am the base."})
    async with chatting(talk_folder, engine, runs=0) as (app, view, pilot):
        view.open_run(run)
        await wait_until(lambda: app.host.choice is not None, pilot)
        assert app.host.choice is not None and app.host.choice.adapter is None
        await said(view, pilot, "hi")
        assert "newest checkpoint" not in screen_text(app)
        checkpoint(run, 20)
        await wait_until(lambda: "newest checkpoint: step 20" in screen_text(app), pilot)
        checkpoint(run, 40)
        await wait_until(lambda: "newest checkpoint: step 40" in screen_text(app), pilot)
        await pilot.press("f9")
        await wait_until(lambda: "checkpoint of step 20" in screen_text(app), pilot)
        await pilot.press("enter")
        await wait_until(lambda: view.session.target == "step-40", pilot)
        await said(view, pilot, "and you?")
        assert engine.calls[-1].target == "step-40"
        reply = view.session.turns[-1].newest[0]
        assert reply.adapter.endswith("step-000040") and reply.text == "step-000040"
        await wait_until(lambda: "newest checkpoint" not in screen_text(app), pilot)


async def test_a_checkpoint_that_is_gone_gives_a_note_and_no_crash(talk_folder: Path) -> None:
    run = running_run(talk_folder / "runs")
    folders = {step: checkpoint(run, step) for step in (20, 40)}

    class Strict(FakeEngine):
        def add(self, label: str, adapter: Path):  # type: ignore[no-untyped-def]
            if not adapter.is_dir():
                raise FileNotFoundError(adapter)
            return super().add(label, adapter)

    async with chatting(talk_folder, Strict({"base": "b", "step-40": "forty"}), runs=0) as (app, view, pilot):
        view.open_run(run)
        await wait_until(lambda: app.host.choice is not None and bool(view.adapters.adapters), pilot)
        await pilot.press("f9", "down")
        shutil.rmtree(folders[20])
        await pilot.press("enter")
        await wait_until(lambda: "step-20 is gone" in screen_text(app), pilot)
        assert "the newest is that of step 40" in " ".join(screen_text(app).split())
        await said(view, pilot, "hi")
        assert view.session.turns[-1].newest[0].text == "forty"


async def test_a_restart_leaves_out_a_checkpoint_that_vanished_meanwhile(talk_folder: Path) -> None:
    run = running_run(talk_folder / "runs")
    checkpoint(run, 40)
    made: list[ModelChoice] = []
    engines: list[FakeEngine] = []

    def factory(choice: ModelChoice) -> Engine:
        made.append(choice)
        engines.append(FakeEngine({"base": "b", **{label: label for label in choice.adapters}}))
        return engines[-1]

    async with chatting(talk_folder, factory, runs=0) as (app, view, pilot):
        view.open_run(run)
        await wait_until(lambda: app.host.choice is not None, pilot)
        newer = checkpoint(run, 60)
        await wait_until(lambda: "step 60" in screen_text(app), pilot)
        await pilot.press("f9", "enter")
        await wait_until(lambda: view.session.target == "step-60", pilot)
        shutil.rmtree(newer)
        engines[0].close()
        await said(view, pilot, "are you there?")
        assert view.session.turns[-1].newest[0].ending == "failed"
        await pilot.press("ctrl+r")
        await wait_until(lambda: "step-60 is gone" in screen_text(app), pilot)
        await wait_until(lambda: not view.session.is_answering, pilot)
        await pilot.press("ctrl+r")
        await wait_until(lambda: view.session.turns[-1].newest[0].text == "step-40", pilot)
        assert [tuple(choice.adapters) for choice in made] == [("step-40",), ("step-40",)]


async def test_a_crash_while_both_answer_keeps_both_and_one_key_asks_both_again(talk_folder: Path) -> None:
    engines: list[FakeEngine] = []
    count = threading.Semaphore(6)

    def crash() -> None:
        if len(engines) == 1 and not count.acquire(blocking=False):
            engines[0].close()
            raise EngineLost("the engine ended with status -9")

    def factory(choice: ModelChoice) -> Engine:
        engines.append(FakeEngine(TALK, before_chunk=crash))
        return engines[-1]

    async with chatting(talk_folder, factory) as (app, view, pilot):
        await pilot.press("f8")
        await said(view, pilot, "hi")
        first, second = view.session.turns[-1].newest
        assert (first.text, first.ending) == ("I am the base.", "stop")
        assert second.text.startswith("Arr,") and second.ending == "failed"
        assert "crashed: ctrl+r tries again" in screen_text(app)
        await pilot.press("ctrl+r")
        await wait_until(lambda: len(engines) == 2 and not view.session.is_answering, pilot)
        assert [reply.ending for reply in view.session.turns[-1].newest] == ["stop", "stop"]
        assert len(view.session.turns[-1].replies) == 4


async def test_an_endpoint_is_a_partner(talk_folder: Path) -> None:
    made: list[ModelChoice] = []

    class Endpoint(FakeEngine):
        @property
        def info(self):  # type: ignore[no-untyped-def]

            return replace(super().info, targets=("llama",), serving={"llama": "remote"}, context_length=0)

    def factory(choice: ModelChoice) -> Engine:
        made.append(choice)
        return Endpoint({"llama": "from afar"})

    async with chatting(talk_folder, factory, runs=0) as (app, view, pilot):
        for address, said_of_it in (
            ("http://localhost:1/v1", "is no URL#MODEL"),
            ("http://localhost:1/v1#llama", ""),
        ):
            await pilot.press("ctrl+n")
            await pilot.pause()
            app.screen.query_one("#choose-name", Input).value = address
            app.screen.query_one("#choose-name", Input).focus()
            await pilot.press("enter")
            await wait_until(partial(is_shown, app, said_of_it), pilot)
            await pilot.press("escape") if said_of_it else None
        await wait_until(lambda: app.host.state.activity == "ready", pilot)
        await said(view, pilot, "hi")
        reply = view.session.turns[-1].newest[0]
        assert made[0].endpoint == reply.model == "http://localhost:1/v1#llama"
        assert reply.text == "from afar" and reply.who == "llama"
        assert "answers: llama" in screen_text(app) and "cannot be looked into" in screen_text(app)


async def test_a_checkpoint_that_is_gone_before_a_load_gives_way_to_the_newest(talk_folder: Path) -> None:
    run = running_run(talk_folder / "runs")
    old = checkpoint(run, 5)
    engine = FakeEngine({**TALK, "step-5": "Five.", "step-9": "Nine."})
    async with chatting(talk_folder, engine, runs=0) as (app, view, pilot):
        view.open_run(run)
        await wait_until(partial(has_choice, app), pilot)
        assert app.host.choice.label == "step-5"
        checkpoint(run, 9)
        shutil.rmtree(old)
        view._look()
        await wait_until(lambda: bool(view.adapters.adapters) and view.adapters.adapters[0].step == 9, pilot)
        await said(view, pilot, "hi")
        assert view.session.turns[-1].newest[0].target == "step-9"
        assert is_shown(app, "step-5 is gone: a run keeps only its newest checkpoints.")


async def test_an_engine_that_died_while_idle_is_loaded_anew_by_the_next_question(talk_folder: Path) -> None:
    class Mortal(FakeEngine):
        has_died = False

    first, second = Mortal(TALK), Mortal(TALK)
    engines = iter((first, second))
    async with chatting(talk_folder, lambda choice: next(engines)) as (_, view, pilot):
        await said(view, pilot, "hi")
        first.has_died = True
        await said(view, pilot, "hello")
        assert [reply.error for turn in view.session.turns for reply in turn.newest] == ["", ""]
        assert first.is_closed and len(second.calls) == 1


async def test_a_run_that_was_trained_after_the_first_look_is_found(talk_folder: Path) -> None:
    async with chatting(talk_folder, FakeEngine(TALK), runs=0) as (app, view, pilot):
        await wait_until(lambda: is_shown(app, "No model yet"), pilot)
        finished_run(talk_folder / "runs", "run-7")
        view.leave()
        view.enter()
        await wait_until(partial(has_choice, app), pilot)
        assert app.host.choice.label == "run-7"
