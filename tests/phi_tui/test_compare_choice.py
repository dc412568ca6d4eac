"""What is compared: adapters and checkpoints of runs, typed models and endpoints, question files; found again later."""

from dataclasses import replace
from pathlib import Path

import pytest
from comparing import ANSWERS, compared, comparing, sees
from run_factory import make_run
from textual.pilot import Pilot
from textual.widgets import Input
from view_app import ViewApp, finished_run, wait_until

from phi_core.errors import AdapterError, ModelError, QuestionSetError, RequestError
from phi_core.evaluation.batch_folder import read_batch
from phi_core.evaluation.bundled_sets import bundled
from phi_core.runs.reader import read_run
from phi_tui.compare_choice import (
    agreeing,
    candidates,
    choice_of,
    of_run,
    still_there,
    typed_choice,
    with_judge,
)
from phi_tui.compare_folder import begin, first_look, open_choice, open_run
from phi_tui.question_files import question_files


def with_checkpoints(path: Path, *steps: int) -> Path:
    for step in steps:
        folder = path / "checkpoints" / f"step-{step:06d}"
        folder.mkdir(parents=True)
        (folder / "adapter_config.json").write_text("{}")
    return path


async def dialog(app: ViewApp, pilot: Pilot[None]) -> None:
    await wait_until(lambda: app.view._opened.choice is not None, pilot)  # type: ignore[attr-defined]
    await pilot.press("ctrl+n")
    await sees(app, pilot, "final adapter", "Questions", "Judge")


async def test_space_marks_several_adapters_and_enter_takes_them_on_one_base(here: Path) -> None:
    with_checkpoints(finished_run(here / "runs", "run-1"), 5)
    async with comparing(here) as (app, _, pilot):
        await dialog(app, pilot)
        await pilot.press("space", "down", "space", "enter")
        await sees(app, pilot, "0/9 answers", "fake/model + run-1 + step-5")


async def test_enter_takes_the_highlighted_adapter_if_none_is_marked(here: Path) -> None:
    with_checkpoints(finished_run(here / "runs", "run-1"), 5)
    async with comparing(here) as (app, _, pilot):
        await dialog(app, pilot)
        await pilot.press("down", "enter")
        await sees(app, pilot, "0/6 answers", "fake/model + step-5")


async def test_adapters_of_different_bases_are_refused_with_both_names(here: Path) -> None:
    finished_run(here / "runs", "run-1")
    finished_run(here / "runs", "run-2", model="other/model", created=2.0)
    async with comparing(here) as (app, _, pilot):
        await dialog(app, pilot)
        await pilot.press("space", "down", "space", "enter")
        await sees(app, pilot, "One comparison has one base", "other/model")


async def test_a_bundled_question_set_is_listed_and_taken(here: Path) -> None:
    finished_run(here / "runs", "run-1")
    async with comparing(here) as (app, view, pilot):
        await dialog(app, pilot)
        await sees(app, pilot, "(brought by phi)")
        app.screen.query_one("#choose-files").focus()
        await pilot.press("down", "down", "enter")
        first = bundled()[0]
        await wait_until(
            lambda: bool(view._opened.question_set and view._opened.question_set.path == first), pilot
        )
        assert view._opened.choice is not None and "run-1" in view._opened.choice.targets


async def test_a_judge_is_off_until_one_is_named(here: Path) -> None:
    finished_run(here / "runs", "run-1")
    async with comparing(here) as (app, view, pilot):
        await dialog(app, pilot)
        assert view._opened.choice is not None and view._opened.choice.request.judge is None
        field = app.screen.query_one("#choose-judge", Input)
        field.value, _ = "base", field.focus()
        await pilot.press("enter")
        await wait_until(lambda: view._opened.choice.request.judge == "base", pilot)  # type: ignore[union-attr]


async def test_choosing_the_same_again_or_more_adapters_keeps_the_answers_that_are_there(here: Path) -> None:
    batch = compared(here).answer()
    batch.end()
    with_checkpoints(batch.run.path, 5)
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "6/6 answers")
        await dialog(app, pilot)
        await pilot.press("enter")
        await sees(app, pilot, "6/6 answers", "Paris, arr!")
        await dialog(app, pilot)
        await pilot.press("space", "down", "space", "enter")
        await sees(app, pilot, "6/9 answers", "Other models were asked here before", "Paris, arr!", "✓✓· fr")


async def test_escape_leaves_everything_as_it_was(here: Path) -> None:
    finished_run(here / "runs", "run-1")
    async with comparing(here) as (app, view, pilot):
        await dialog(app, pilot)
        before = view._opened
        await pilot.press("space", "escape")
        await sees(app, pilot, "0/6 answers")
        assert view._opened == before


def test_the_newest_run_comes_first_and_in_it_the_final_adapter_then_the_newest_checkpoint(
    here: Path,
) -> None:
    with_checkpoints(finished_run(here / "runs", "run-1"), 5, 10)
    finished_run(here / "runs", "run-2", created=2.0)
    found = candidates(here / "runs")
    assert [item.label for item in found] == ["run-2", "run-1", "step-10", "step-5"]


def test_adapters_of_several_runs_are_told_apart_by_their_runs(here: Path) -> None:
    for number in (1, 2):
        with_checkpoints(finished_run(here / "runs", f"run-{number}"), 5)
    found = [item for item in candidates(here / "runs") if item.label == "step-5"]
    assert choice_of(found).targets[1:] == tuple(item.long_label for item in found)


def test_a_running_run_offers_its_newest_checkpoint_under_its_own_name(tmp_path: Path) -> None:
    path = with_checkpoints(make_run(tmp_path / "runs", "busy", state="running"), 20, 40)
    newest, older = of_run(read_run(path))
    assert newest.label == "busy" and newest.adapter.name == "step-000040" and older.label == "step-20"


def test_what_is_typed_may_be_folders_and_endpoints_on_a_base(here: Path) -> None:
    adapter = finished_run(here / "runs", "run-1") / "final_adapter"
    choice = typed_choice("fake/model", f"{adapter}, http://localhost:8000/v1#small")
    assert choice.targets == ("base", "run-1", "small")
    assert typed_choice("", "http://localhost:8000/v1#small").targets == ("small",)
    two = typed_choice("fake/model", "http://one/v1#small, http://other/v1#small")
    assert list(two.request.endpoints.items()) == [
        ("small", "http://one/v1#small"),
        ("small-2", "http://other/v1#small"),
    ]


def test_what_is_typed_wrongly_is_named(here: Path) -> None:
    with pytest.raises(ModelError, match="no model is named"):
        typed_choice(" ", " , ")
    with pytest.raises(AdapterError, match="holds no adapter"):
        typed_choice("fake/model", str(here))
    with pytest.raises(RequestError, match="OPENAI_API_KEY"):
        typed_choice("fake/model", "https://me:word@host/v1#m")


def test_the_app_finds_the_comparison_that_was_open_last_unless_a_run_began_after_it(here: Path) -> None:
    folder = compared(here).answer(2).end("stopped")
    created = read_batch(folder).batch.created
    finished_run(here / "runs", "older", created=created - 5)
    assert first_look(here / "runs", str(folder)).folder == folder
    finished_run(here / "runs", "newer", created=created + 5)
    opened = first_look(here / "runs", str(folder))
    assert opened.folder is not None and opened.folder.parent.parent.name == "newer"
    assert first_look(here / "runs", str(here / "deleted")).choice == opened.choice


def test_a_run_without_a_question_file_at_hand_shows_its_newest_answers(here: Path) -> None:
    folder = compared(here).answer(2).end("stopped")
    (here / "questions.yaml").unlink()
    assert first_look(here / "runs", "").folder == folder


def test_a_run_is_opened_with_all_models_that_were_compared_with_it(here: Path) -> None:
    compared(here, {**ANSWERS, "second": "Aye."}).answer().end()
    opened = open_run(here / "runs" / "run-1", here / "runs", Path("questions.yaml"))
    assert opened.choice is not None and opened.choice.targets == ("base", "run-1", "second")


def test_only_answers_of_the_same_weights_agree(here: Path) -> None:
    batch = read_batch(compared(here).answer().end()).batch
    choice = choice_of(of_run(read_run(here / "runs" / "run-1")))
    assert agreeing(choice, batch) == ("base", "run-1")
    moved = replace(choice, request=replace(choice.request, adapters={"run-1": "/elsewhere"}))
    assert agreeing(moved, batch) == ("base",)
    other = replace(choice, request=replace(choice.request, model_name="other"))
    assert agreeing(other, batch) == ()
    assert agreeing(with_judge(choice, "base"), batch) == ("base", "run-1")


def test_a_file_without_a_usable_question_starts_no_worker(here: Path) -> None:
    choice = choice_of(of_run(read_run(finished_run(here / "runs", "run-1"))))
    (here / "bad.yaml").write_text("questions:\n  - {prompt: Bad, score: nope}\n")
    opened = open_choice(choice, here / "bad.yaml", here / "runs")
    with pytest.raises(QuestionSetError, match="no usable question"):
        begin(opened, here / "runs")
    assert opened.folder is not None and not opened.folder.exists()


def test_question_files_of_the_folder_come_before_those_that_phi_brings(here: Path) -> None:
    (here / "my-questions.yaml").write_text("- Hi?\n")
    words = [found.words for found in question_files()]
    assert words[:2] == ["my-questions.yaml", "questions.yaml"]
    assert any(word.startswith("capitals (") for word in words)


def test_a_newest_checkpoint_that_is_gone_gives_way_to_the_one_that_is_newest_now(here: Path) -> None:
    run = finished_run(here / "runs", "run-1")
    chosen = choice_of(of_run(read_run(run))[:1])
    kept = still_there(chosen, read_run(run))
    assert kept == chosen
    vanished = dict.fromkeys(chosen.request.adapters, str(run / "checkpoints" / "step-000007"))
    stale = replace(chosen, request=replace(chosen.request, adapters=vanished))
    assert still_there(stale, read_run(run)) == chosen
    other = replace(chosen, request=replace(chosen.request, adapters={"step-7": str(run / "none")}))
    with pytest.raises(RequestError, match="step-7 is gone"):
        still_there(other, read_run(run))
