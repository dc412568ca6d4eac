"""The batch folder: what its files say, whatever state they are in."""

import json
import math
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from batch_factory import CAPITALS, batch_of, capitals, make_batch, right
from fake_engine import FakeEngine
from run_factory import DEAD

from phi_core.chat.engine import TokenChange
from phi_core.errors import AdapterError, Problem, RequestError
from phi_core.evaluation.answers import append_answer, read_answers, text_hash
from phi_core.evaluation.batch_folder import BatchFolder, BatchReader, engine_record, read_batch
from phi_core.evaluation.batch_report import write_batch_report
from phi_core.evaluation.batch_request import batch_from, batch_record
from phi_core.evaluation.batch_status import BatchStatus, status_from
from phi_core.evaluation.batch_votes import batch_pairs, batch_vote_results
from phi_core.evaluation.batch_writer import BatchWriter
from phi_core.evaluation.judge import Judgement
from phi_core.evaluation.votes import append_vote, ballot_of, cast
from phi_core.files import read_json, write_json
from phi_core.json_lines import append_record
from phi_core.runs.identity import identity_of

SCRIPTS = {"base": "no idea", "tuned": right}


def test_a_batch_is_read_as_it_was_written() -> None:
    problems = (Problem("line 3", "is empty"),)
    batch = batch_of(replace(capitals(), problems=problems), ["one", "other"])
    assert batch_from(json.loads(json.dumps(batch_record(batch)))) == batch


def test_fields_of_a_later_version_are_passed_over() -> None:
    record = batch_record(batch_of(capitals()))
    record["new"] = record["request"]["new"] = record["question_set"]["questions"][0]["new"] = 1
    assert batch_from(record) == batch_of(capitals())


@pytest.mark.parametrize(
    "record", [[], {}, {"format": 2}, {"id": "x", "created": 1, "request": {}, "question_set": {}}]
)
def test_what_is_no_batch_is_refused(record: object) -> None:
    with pytest.raises(RequestError):
        batch_from(record)


def test_the_answers_of_a_finished_batch_come_question_by_question_with_their_token_changes(
    tmp_path: Path,
) -> None:
    make_batch(tmp_path, SCRIPTS)
    found = read_batch(tmp_path)
    expected = [(str(place), model) for place in range(1, 6) for model in ("base", "tuned")]
    assert [(answer.id, answer.model) for answer in found.answers] == expected
    assert found.answers[1].reference_log_likelihood == -1.0
    assert set(found.token_changes) == {(str(place), "tuned") for place in range(1, 6)}
    assert found.token_changes["1", "tuned"] == (TokenChange("Paris", -1.0, -0.5, 0.0),)
    assert (found.info and found.info.targets, found.batch.run_id) == (("base", "tuned"), "run-1")
    assert (found.status.state, found.status.done, found.status.total) == ("finished", 10, 10)


def test_an_answer_to_another_question_or_by_another_model_is_not_shown(tmp_path: Path) -> None:
    make_batch(tmp_path, SCRIPTS)
    files = BatchFolder(tmp_path)
    first = capitals().questions[0]
    changed = replace(
        capitals(), questions=(replace(first, prompt="Who are you?"), *capitals().questions[1:])
    )
    write_json(files.batch, batch_record(batch_of(changed)))
    found = read_batch(tmp_path)
    assert {answer.id for answer in found.answers} == {"2", "3", "4", "5"}
    assert set(found.token_changes) == {(str(place), "tuned") for place in range(2, 6)}


def test_until_the_models_of_a_batch_are_loaded_no_answer_is_known_to_be_theirs(tmp_path: Path) -> None:
    make_batch(tmp_path, SCRIPTS)
    write_json(BatchFolder(tmp_path).batch, batch_record(batch_of(capitals(), ["tuned", "other"])))
    found = read_batch(tmp_path)
    assert (found.info, found.answers) == (None, ())


def test_torn_and_foreign_lines_are_passed_over(tmp_path: Path) -> None:
    make_batch(tmp_path, SCRIPTS)
    before = read_batch(tmp_path)
    files = BatchFolder(tmp_path)
    with files.answers.open("ab") as file:
        file.write(b'\xff{\n[1]\n{"id": 3, "prompt": "", "model": "base"}\n\n{"id": "1", "mod')
    with files.token_changes.open("ab") as file:
        file.write(b'{"id": "1", "model": "tuned", "tokens": 3}\n{"id": "1"}\nno\n{"id": "1", "model": "tu')
    after = read_batch(tmp_path)
    assert (after.answers, after.token_changes) == (before.answers, before.token_changes)


def test_token_changes_of_an_earlier_answer_to_the_question_are_not_shown(tmp_path: Path) -> None:
    make_batch(tmp_path, SCRIPTS)
    files = BatchFolder(tmp_path)
    first, *others = files.token_changes.read_text().splitlines(keepends=True)
    files.token_changes.write_text(
        "".join([json.dumps({**json.loads(first), "settings": "other"}), "\n", *others])
    )
    assert set(read_batch(tmp_path).token_changes) == {(str(place), "tuned") for place in range(2, 6)}


def test_a_figure_that_is_not_finite_is_kept_as_no_figure_and_breaks_no_batch(tmp_path: Path) -> None:
    """As of an adapter that has diverged."""
    answers = make_batch(tmp_path, SCRIPTS)
    writer = BatchWriter(tmp_path)
    writer.token_changes(answers[1], [TokenChange("Paris", -math.inf, -0.5, math.nan)])
    writer.end("finished")
    ((change,),) = [read_batch(tmp_path).token_changes["1", "tuned"]]
    assert (change.text, change.adapter) == ("Paris", -0.5)
    assert math.isnan(change.base) and math.isnan(change.kl)
    write_batch_report(tmp_path)


def test_a_judgement_of_earlier_answers_to_the_question_is_not_shown(tmp_path: Path) -> None:
    make_batch(tmp_path, SCRIPTS)
    files = BatchFolder(tmp_path)
    batch = batch_of(capitals())
    judged = replace(batch, request=replace(batch.request, judge="base"))
    write_json(files.batch, batch_record(judged))
    write_json(files.engine, engine_record(FakeEngine(SCRIPTS).info, judged))
    for id, base in (("1", "no idea"), ("2", "what it said before")):
        answers = text_hash(base, right(f"{id}: {dict(zip('12', CAPITALS, strict=False))[id]}?"))
        found = Judgement(id, "tuned", "win", "adapter", "adapter", answers=answers)
        append_record(files.judgements, found.as_json())
    snapshot = read_batch(tmp_path)
    assert [found.id for found in snapshot.judgements] == ["1"]
    append_vote(files.votes, cast(ballot_of(batch_pairs(snapshot)[0], "ann"), "tie"))
    assert [found.items for found in batch_vote_results(snapshot).agreements] == [1]


def test_a_reader_sees_each_answer_when_it_is_there(tmp_path: Path) -> None:
    whole = make_batch(tmp_path, SCRIPTS)
    files = BatchFolder(tmp_path)
    files.answers.write_bytes(b"")
    reader = BatchReader(tmp_path)
    seen = []
    for answer in whole[:3]:
        append_answer(files.answers, answer)
        seen.append(len(reader.read().answers))
    assert seen == [1, 2, 3]


def test_the_status_alone_is_told_without_a_look_at_the_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_batch(tmp_path, SCRIPTS)
    reader = BatchReader(tmp_path)
    with BatchFolder(tmp_path).answers.open("a") as file:
        file.write("{}\n")
    monkeypatch.setattr(reader, "_read_all", lambda: pytest.fail("the answers were read"))
    write_json(BatchFolder(tmp_path).status, {"state": "finished", "done": 7})
    assert reader.status().done == 7


def test_a_folder_without_a_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="holds no batch"):
        read_batch(tmp_path)


def state_of(record: object) -> str:
    return status_from(record, created=0.0).state


def test_a_batch_whose_process_is_gone_is_lost() -> None:
    own = identity_of(os.getpid()).as_json()
    assert state_of({"state": "running", **own}) == "running"
    assert state_of({"state": "running", **own, "start_time": 1.0}) == "lost"
    assert state_of({"state": "running", **DEAD}) == "lost"
    assert state_of({"state": "finished", **DEAD}) == "finished"
    assert state_of({"state": "nonsense", **own}) == "lost"


def test_a_batch_whose_worker_has_not_spoken_is_new_at_first_and_then_lost() -> None:
    assert status_from(None, created=time.time()).state == "created"
    assert status_from(None, created=time.time() - 1000).state == "lost"


def test_a_batch_on_another_machine_lives_while_it_speaks() -> None:
    elsewhere = {"pid": 1, "start_time": 1.0, "boot_id": "other", "host": "other"}
    spoken = {"state": "running", **elsewhere, "heartbeat": time.time()}
    assert state_of(spoken) == "running"
    assert state_of({**spoken, "heartbeat": time.time() - 1000}) == "lost"
    assert state_of({**spoken, "heartbeat": "now"}) == "lost"


def test_the_time_left_follows_from_this_start_s_own_pace() -> None:
    status = BatchStatus(
        "running", done=30, total=50, answered_before=20, asking_since=100.0, heartbeat=105.0
    )
    assert status.seconds_left == 10.0
    assert replace(status, done=20).seconds_left is None
    assert replace(status, state="stopped").seconds_left is None


def test_an_answer_told_again_with_its_likelihood_counts_once(tmp_path: Path) -> None:
    writer = BatchWriter(tmp_path)
    (answer,) = make_batch(tmp_path / "other", SCRIPTS, answered=1)
    writer.begin((), total=4)
    writer.answer(replace(answer, tokens=7))
    writer.answer(replace(answer, tokens=7, reference_log_likelihood=-1.0, error="out of memory"))
    writer.end("stopped")
    found = status_from(read_json(BatchFolder(tmp_path).status), created=0.0)
    assert (found.done, found.total, found.failed, found.state) == (1, 4, 1, "stopped")
    (kept,) = read_answers(BatchFolder(tmp_path).answers)
    assert kept.reference_log_likelihood == -1.0


def test_a_failed_batch_says_why_with_every_fault(tmp_path: Path) -> None:
    writer = BatchWriter(tmp_path)
    writer.fail(AdapterError("no adapter", "Name another"))
    found = status_from(read_json(BatchFolder(tmp_path).status), created=0.0)
    assert (found.state, found.error, found.error_kind, found.remedy) == (
        "failed",
        "no adapter",
        "AdapterError",
        "Name another",
    )


def test_putting_answers_in_order_keeps_those_to_other_questions(tmp_path: Path) -> None:
    whole = make_batch(tmp_path, SCRIPTS)
    files = BatchFolder(tmp_path)
    first_lines = len(files.answers.read_bytes().splitlines())
    other = replace(whole[0], id="of another set", settings="other")
    append_answer(files.answers, other)
    wanted = read_batch(tmp_path).answers
    writer = BatchWriter(tmp_path)
    writer.put_in_order(wanted)
    writer.end("finished")
    assert first_lines == 20
    assert read_answers(files.answers) == (*wanted, other)
    assert len(files.answers.read_bytes().splitlines()) == 11
