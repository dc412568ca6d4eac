"""The Compare tab follows a comparison's folder: it finds it, shows answers as they come, starts, stops and goes on."""

import json
from pathlib import Path

from comparing import QUESTIONS, compared, comparing, sees
from odd_texts import FORBIDDEN, MARKUP_STRINGS, TERMINAL_SEQUENCES
from textual.widgets import Input
from view_app import finished_run, screen_text, wait_until

from phi_core.chat.engine import BaseProof
from phi_core.evaluation.answers import text_hash
from phi_core.evaluation.batch_folder import BatchFolder
from phi_core.evaluation.judge import Judgement
from phi_core.evaluation.overlap import Overlap
from phi_core.evaluation.question_set import read_question_set
from phi_core.files import write_json
from phi_tui.compare_folder import Opened
from phi_tui.widgets.answer_board import EXAMPLE


def test_the_example_of_the_empty_state_is_a_question_set(tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(EXAMPLE)
    question_set = read_question_set(tmp_path / "example.yaml")
    assert len(question_set.questions) == 2 and not question_set.problems


async def test_without_questions_the_next_key_and_an_example_are_shown(here: Path) -> None:
    (here / "questions.yaml").unlink()
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "No questions yet. ctrl+n opens a file of them")
        await pilot.press("ctrl+r")
        await sees(app, pilot, "Nothing to run yet")


async def test_what_would_be_asked_is_shown_before_anything_was(here: Path) -> None:
    finished_run(here / "runs", "run-1")
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "0/6 answers", "fake/model + run-1", "not answered yet", "·· fr")


async def test_a_comparison_on_disk_is_found_with_answers_scores_and_totals(here: Path) -> None:
    compared(here).answer().end()
    async with comparing(here) as (app, _, pilot):
        text = await sees(app, pilot, "It is Paris.", "Paris, arr!", "✓ finished")
        assert "base 0.50 · adapter 1.00 on 2 scored · 1/3 identical" in text
        assert "✓✓ fr" in text and "✗✓ jp" in text and "•• free" in text
        assert "6/6 answers" in text and "base proved" in text and "greedy, 64 tokens, seed 42" in text
        assert "reference: Paris (contains) · tags: europe" in text and "a token)" in text


async def test_a_base_that_is_not_proved_is_said_in_the_header(here: Path) -> None:
    compared(here, proof=BaseProof(0.5, {"run-1": 1.0})).answer().end()
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "base NOT proved")


async def test_answers_appear_while_the_worker_runs_and_its_end_is_told(here: Path) -> None:
    batch = compared(here).answer(2)
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "2/6 answers", "● answering", "It is Paris.")
        batch.answer(2)
        await sees(app, pilot, "4/6 answers")
        batch.answer()
        batch.end()
        await sees(app, pilot, "6/6 answers", "✓ finished", "Done: s shows the verdict")


async def test_ctrl_r_starts_the_worker_of_this_run_and_set_and_follows_it(here: Path) -> None:
    finished_run(here / "runs", "run-1")
    begun: list[Opened] = []

    def begin(opened: Opened, root: Path) -> Path:
        begun.append(opened)
        return compared(here).answer(2).folder

    async with comparing(here, begin=begin) as (app, _, pilot):
        await sees(app, pilot, "0/6 answers")
        await pilot.press("ctrl+r")
        await sees(app, pilot, "2/6 answers", "● answering")
        await pilot.press("ctrl+r")
        await sees(app, pilot, "It runs already")
    assert len(begun) == 1 and begun[0].folder == here / "runs" / "run-1" / "answers" / "capitals"


async def test_escape_asks_a_running_worker_to_end_and_closes_what_is_open_first(here: Path) -> None:
    batch = compared(here).answer(2)
    ended: list[Path] = []

    def end(folder: Path) -> str:
        ended.append(folder)
        return "stopping"

    async with comparing(here, end=end) as (app, view, pilot):
        await sees(app, pilot, "● answering")
        await pilot.press("d", "escape")
        assert view.board.view == "answers" and not ended
        await pilot.press("escape")
        await wait_until(lambda: bool(ended), pilot)
        batch.end("stopped")
        await sees(app, pilot, "■ stopped", "ctrl+r goes on with what is missing")
    assert ended == [batch.folder]


async def test_a_killed_worker_is_lost_and_ctrl_r_goes_on_with_the_same_answers(here: Path) -> None:
    batch = compared(here).answer(3)
    batch.lose()
    lines = BatchFolder(batch.folder).answers.read_bytes()
    async with comparing(here, begin=lambda opened, root: compared(here).answer().end()) as (app, _, pilot):
        await sees(app, pilot, "? lost", "gone without a word: ctrl+r goes on", "3/6 answers")
        await pilot.press("ctrl+r")
        await sees(app, pilot, "✓ finished", "6/6 answers")
    assert BatchFolder(batch.folder).answers.read_bytes().startswith(lines)


async def test_a_hidden_tab_reads_nothing_and_catches_up_when_it_is_entered(here: Path) -> None:
    batch = compared(here).answer(2)
    async with comparing(here) as (app, view, pilot):
        await sees(app, pilot, "2/6 answers")
        view.leave()
        await pilot.pause(0.6)
        batch.answer(2)
        await pilot.pause(0.6)
        assert "2/6 answers" in screen_text(app)
        view.enter()
        await sees(app, pilot, "4/6 answers")
    batch.end("stopped")


async def test_one_failing_question_shows_its_error_and_the_others_their_answers(here: Path) -> None:
    compared(here, failing=["Capital of Japan?"]).answer().end()
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "4/6 answers", "2 failed", "!! jp")
        await pilot.press("j")
        await sees(app, pilot, "failed: cannot answer 'Capital of Japan?'")


async def test_a_question_file_changed_since_says_so_and_keeps_what_is_still_asked(here: Path) -> None:
    compared(here).answer().end()
    (here / "questions.yaml").write_text(QUESTIONS.replace("Say something.", "Say anything."))
    async with comparing(here) as (app, _, pilot):
        text = await sees(app, pilot, "The question file has changed since", "4/6 answers")
        assert "·· free" in text and "✓✓ fr" in text


async def test_faults_of_the_file_are_shown_by_position_beside_the_good_questions(here: Path) -> None:
    (here / "questions.yaml").write_text("questions:\n  - Good?\n  - {prompt: Bad, score: nope}\n  - 7\n")
    finished_run(here / "runs", "run-1")
    async with comparing(here) as (app, _, pilot):
        text = await sees(app, pilot, "0/2 answers")
        assert "left out: line 3, question 2: unknown scorer 'nope'" in text and "question 3" in text


async def test_ctrl_s_writes_the_reports_into_the_folder_and_says_where(here: Path) -> None:
    folder = compared(here).answer().end()
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "✓ finished")
        await pilot.press("ctrl+s")
        await sees(app, pilot, "wrote", "report.html")
    report = json.loads((folder / "report.json").read_text())
    assert report["run_id"] == "run-1" and len(report["answers"]) == 6


async def test_the_summary_has_verdict_models_and_what_was_compared(here: Path) -> None:
    compared(here).answer().end()
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "✓ finished")
        await pilot.press("s")
        text = await sees(
            app, pilot, "Verdict", "undecided", "What was compared", "won/tied/lost", "europe  "
        )
        assert "base: mean score 0.5 on 2" in text and "It is Paris." not in text
        await pilot.press("s")
        await sees(app, pilot, "It is Paris.")


async def test_a_dead_batch_file_is_named_and_nothing_breaks(here: Path) -> None:
    folder = compared(here).answer(2).end("stopped")
    BatchFolder(folder).batch.write_text('{"format": 99}')
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "format 99", "0/6 answers")


async def test_markup_and_terminal_sequences_are_shown_and_harmless(here: Path) -> None:
    odd = [*MARKUP_STRINGS, *TERMINAL_SEQUENCES]
    (here / "questions.yaml").write_text(
        "questions:\n" + "".join(f"  - {json.dumps(text)}\n" for text in odd)
    )
    compared(here, {"base": lambda prompt: prompt, "run-1": lambda prompt: f"{prompt} too"}).answer().end()
    async with comparing(here, size=(160, 60)) as (app, _, pilot):
        await sees(app, pilot, "✓ finished")
        for turn in range(3):
            for text in odd:
                shown = text.strip() if text in MARKUP_STRINGS else text[-3:]
                wanted = 3 if turn == 0 else 2
                await wait_until(
                    lambda shown=shown, wanted=wanted: screen_text(app).count(shown) >= wanted, pilot
                )
                assert not FORBIDDEN & set(screen_text(app))
                await pilot.press("j")
            await pilot.press("g", "d")


async def test_a_thousand_questions_are_listed_and_followed(here: Path) -> None:
    questions = "questions:\n" + "".join(f"  - question {number}?\n" for number in range(1000))
    (here / "questions.yaml").write_text(questions)
    compared(here, {"base": "yes", "run-1": "no"}).answer().writer.end("finished")
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "2000/2000 answers")
        await pilot.press("G")
        await sees(app, pilot, "question 999?")


async def test_a_question_file_that_is_none_is_refused_and_the_comparison_stays(here: Path) -> None:
    (here / "broken.yaml").write_text("questions: [a\n")
    compared(here).answer().end()
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "6/6 answers")
        await pilot.press("ctrl+n")
        await sees(app, pilot, "final adapter")
        field = app.screen.query_one("#choose-questions", Input)
        field.value, _ = "nowhere.yaml", field.focus()
        await pilot.press("enter")
        await sees(app, pilot, "question file nowhere.yaml does not exist")
        field.value = "broken.yaml"
        await pilot.press("enter")
        await sees(app, pilot, "is not YAML", "6/6 answers")


async def test_overlap_with_the_training_data_is_marked_and_the_judge_is_quoted(here: Path) -> None:
    batch = compared(here, judge="base").answer()
    write_json(BatchFolder(batch.folder).overlap, [Overlap("jp", "train.jsonl:3", "same", 1.0).as_json()])
    judged = text_hash(*[answer.answer for answer in batch.given if answer.id == "free"][:2])
    batch.writer.judgement(Judgement("free", "run-1", "loss", "base", "base", answers=judged).as_json())
    batch.end()
    async with comparing(here) as (app, view, pilot):
        text = await sees(app, pilot, "✗✓≈ jp", "✓✓  fr")
        await pilot.press("G")
        await sees(app, pilot, "judge: worse")
        await pilot.press("g", "j")
        await sees(app, pilot, "≈ the training data holds this question")
        await pilot.press("f", "f", "f")
        assert [question.id for question in view.board.listed] == ["free"] and text


async def test_votes_given_since_stand_in_the_summary(here: Path) -> None:
    compared(here).answer().end()
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "✓ finished")
        await pilot.press("v")
        await sees(app, pilot, "Which is better?")
        await pilot.press("h", "escape", "s")
        await sees(app, pilot, "Votes", "position bias")


async def test_while_models_load_again_the_answers_that_are_there_stay_in_sight(here: Path) -> None:
    batch = compared(here).answer(4)
    batch.end("stopped")
    async with comparing(here) as (app, _, pilot):
        await sees(app, pilot, "4/6 answers", "■ stopped")
        again = compared(here)
        BatchFolder(batch.folder).engine.unlink()
        again.writer.status(activity="loading the models")
        await sees(app, pilot, "● loading the models", "4/6 answers", "It is Paris.")
        again.writer.end("stopped")
