"""The Compare tab: a batch runs, stops and goes on; answers stand side by side; faults are named and never fatal."""

import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from odd_texts import FORBIDDEN, MARKUP_STRINGS, TERMINAL_SEQUENCES
from textual.pilot import Pilot
from textual.widgets import Input
from view_app import ViewApp, finished_run, screen_text, wait_until

from phi_core.chat.engine import Engine
from phi_core.errors import EngineLost
from phi_core.evaluation.question_set import read_question_set
from phi_tui.engine_choice import ModelChoice
from phi_tui.views.compare import CompareView
from phi_tui.widgets.answer_board import EXAMPLE

QUESTIONS = """
name: capitals
questions:
  - {id: fr, prompt: "Capital of France?", reference: Paris}
  - {id: jp, prompt: "Capital of Japan?", reference: Tokyo}
  - {id: free, prompt: Say something.}
"""
ANSWERS = {
    "base": {"Capital of France?": "It is Paris.", "Capital of Japan?": "No idea.", "Say something.": "Hm."},
    "run-1": {
        "Capital of France?": "Paris, arr!",
        "Capital of Japan?": "Tokyo, arr!",
        "Say something.": "Hm.",
    },
}
WIDE, NARROW = (160, 50), (80, 24)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@asynccontextmanager
async def comparing(
    here: Path,
    factory: Callable[[ModelChoice], Engine] | Engine,
    *,
    questions: str = QUESTIONS,
    size: tuple[int, int] = WIDE,
) -> AsyncIterator[tuple[ViewApp, CompareView, Pilot[None]]]:
    finished_run(here / "runs", "run-1")
    if questions:
        (here / "questions.yaml").write_text(questions)
    view = CompareView(id="compare")
    app = ViewApp(view, factory if callable(factory) else lambda choice: factory, here / "runs")
    async with app.run_test(size=size) as pilot:
        view.enter()
        await wait_until(lambda: app.host.choice is not None, pilot)
        if questions:
            await wait_until(lambda: view._book is not None, pilot)
        yield app, view, pilot


async def ran(view: CompareView, pilot: Pilot[None]) -> None:
    await pilot.press("ctrl+r")
    await wait_until(lambda: view._number > 0 and view._batch is None, pilot)
    await pilot.pause()


async def test_without_questions_the_next_key_and_an_example_are_shown(here: Path) -> None:
    async with comparing(here, FakeEngine(ANSWERS), questions="") as (app, _view, pilot):
        assert "No questions yet: ctrl+n opens a question file." in screen_text(app)
        await pilot.press("ctrl+r")
        assert "Nothing to run yet" in screen_text(app)


def test_the_example_of_the_empty_state_is_a_question_set(tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(EXAMPLE)
    question_set = read_question_set(tmp_path / "example.yaml")
    assert len(question_set.questions) == 2 and not question_set.problems


async def test_base_and_adapter_answer_side_by_side_with_scores_and_totals(here: Path) -> None:
    async with comparing(here, FakeEngine(ANSWERS)) as (app, view, pilot):
        assert "0/6 answers" in screen_text(app)
        await ran(view, pilot)
        text = screen_text(app)
        assert "It is Paris." in text and "Paris, arr!" in text
        assert "base 0.50 on 2 scored · adapter 1.00 on 2 scored · 1 of 3 identical" in text
        assert "✓✓ fr" in text and "✗✓ jp" in text and "•• free" in text
        assert "6/6 answers" in text and "base proved" in text and "Done" in text


async def test_a_narrow_screen_shows_one_answer_and_right_shows_the_other(here: Path) -> None:
    async with comparing(here, FakeEngine(ANSWERS), size=NARROW) as (app, view, pilot):
        await ran(view, pilot)
        await pilot.press("j")
        await wait_until(lambda: "No idea." in screen_text(app), pilot)
        assert "Tokyo, arr!" not in screen_text(app)
        await pilot.press("right")
        await wait_until(lambda: "Tokyo, arr!" in screen_text(app), pilot)
        assert "No idea." not in screen_text(app)


async def test_stop_keeps_whole_answers_and_run_asks_only_the_missing_ones(here: Path) -> None:
    go = threading.Semaphore(4)
    engine = FakeEngine(ANSWERS, before_chunk=lambda: go.acquire(timeout=10) and None)
    async with comparing(here, engine) as (app, view, pilot):
        await pilot.press("ctrl+r")
        await wait_until(lambda: view._book is not None and view._book.done == 1, pilot)
        await pilot.press("escape")
        go.release(1)
        await wait_until(lambda: view._batch is None, pilot)
        assert "ctrl+r goes on" in screen_text(app)
        before = view._book.in_order if view._book else ()
        go.release(100)
        asked_before = [call for call in engine.calls if call.sampling]
        await ran(view, pilot)
        assert view._book is not None and view._book.done == 6
        assert view._book.in_order[: len(before)] == before
        asked = [call for call in engine.calls if call.sampling][len(asked_before) :]
        assert len(asked) == 6 - len(before)


async def test_one_failing_question_shows_its_error_and_the_rest_goes_on(here: Path) -> None:
    engine = FakeEngine(ANSWERS, failing=["Capital of Japan?"])
    async with comparing(here, engine) as (app, view, pilot):
        await ran(view, pilot)
        assert "4/6 answers" in screen_text(app) and "2 failed" in screen_text(app)
        await pilot.press("j")
        await wait_until(lambda: "failed: cannot answer 'Capital of Japan?'" in screen_text(app), pilot)
        assert "!! jp" in screen_text(app)
        asked = len(engine.calls)
        await ran(view, pilot)
        assert {call.messages[0].content for call in engine.calls[asked:] if call.sampling} <= {
            "Capital of Japan?"
        }


async def test_a_dead_engine_ends_the_batch_and_the_next_run_goes_on(here: Path) -> None:
    engines: list[FakeEngine] = []

    def crash() -> None:
        if len(engines) == 1 and len(engines[0].calls) > 3:
            engines[0].close()
            raise EngineLost("the engine ended with status -9")

    def factory(choice: ModelChoice) -> Engine:
        engines.append(FakeEngine(ANSWERS, before_chunk=crash))
        return engines[-1]

    async with comparing(here, factory) as (app, view, pilot):
        await ran(view, pilot)
        assert "the engine ended with status -9" in screen_text(app)
        assert view._book is not None and 0 < view._book.done < 6
        await ran(view, pilot)
        assert view._book.done == 6 and len(engines) == 2


async def test_faults_of_the_file_are_shown_by_position_and_good_questions_still_run(here: Path) -> None:
    faulty = "questions:\n  - Good?\n  - {prompt: Bad, score: nope}\n  - 7\n"
    async with comparing(here, FakeEngine({"base": "yes", "run-1": "no"}), questions=faulty) as (
        app,
        view,
        pilot,
    ):
        text = screen_text(app)
        assert "left out: line 3, question 2: unknown scorer 'nope'" in text and "question 3" in text
        await ran(view, pilot)
        assert "2/2 answers" in screen_text(app)


async def test_a_file_that_is_no_question_set_is_refused_with_the_reason(here: Path) -> None:
    (here / "broken.yaml").write_text("questions: [a\n")
    async with comparing(here, FakeEngine(ANSWERS)) as (app, view, pilot):
        await pilot.press("ctrl+n")
        await pilot.pause()
        field = app.screen.query_one("#choose-questions", Input)
        field.value, _ = "nowhere.yaml", field.focus()
        await pilot.press("enter")
        await wait_until(lambda: "question file nowhere.yaml does not exist" in screen_text(app), pilot)
        field.value = "broken.yaml"
        await pilot.press("enter")
        await wait_until(lambda: "is not YAML" in screen_text(app), pilot)
        assert view._book is not None and view._book.question_set.name == "capitals"


async def test_save_asks_for_a_folder_and_writes_four_files(here: Path) -> None:
    async with comparing(here, FakeEngine(ANSWERS)) as (app, view, pilot):
        await ran(view, pilot)
        await pilot.press("ctrl+s")
        await pilot.pause()
        app.screen.query_one("#save-folder", Input).value = "reports/one"
        await pilot.press("enter")
        await wait_until(lambda: "saved:" in screen_text(app), pilot)
        names = {path.name for path in (here / "reports" / "one").iterdir()}
        assert names == {"answers.jsonl", "report.md", "report.html", "report.json"}
        report = json.loads((here / "reports" / "one" / "report.json").read_text())
        assert report["run_id"] == "run-1" and len(report["answers"]) == 6


async def test_all_questions_answered_are_not_asked_again(here: Path) -> None:
    engine = FakeEngine(ANSWERS)
    async with comparing(here, engine) as (app, view, pilot):
        await ran(view, pilot)
        asked = len(engine.calls)
        await ran(view, pilot)
        assert len(engine.calls) == asked and "Every question is answered" in screen_text(app)


async def test_markup_and_terminal_sequences_are_shown_and_harmless(here: Path) -> None:
    odd = [*MARKUP_STRINGS, *TERMINAL_SEQUENCES]
    questions = "questions:\n" + "".join(f"  - {json.dumps(text)}\n" for text in odd)
    echo = FakeEngine({"base": lambda prompt: prompt, "run-1": lambda prompt: prompt})
    async with comparing(here, echo, questions=questions) as (app, view, pilot):
        await ran(view, pilot)
        for text in odd:
            shown = text.strip() if text in MARKUP_STRINGS else text[-3:]
            await wait_until(lambda shown=shown: screen_text(app).count(shown) >= 3, pilot)
            assert not FORBIDDEN & set(screen_text(app))
            await pilot.press("j")


async def test_a_thousand_questions_are_listed_and_run(here: Path) -> None:
    questions = "questions:\n" + "".join(f"  - question {number}?\n" for number in range(1000))
    engine = FakeEngine({"base": "yes", "run-1": "no"})
    async with comparing(here, engine, questions=questions) as (app, view, pilot):
        await ran(view, pilot)
        assert "2000/2000 answers" in screen_text(app)
        await pilot.press("G")
        await wait_until(lambda: "question 999?" in screen_text(app), pilot)
