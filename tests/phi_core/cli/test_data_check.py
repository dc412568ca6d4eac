"""`phi data check`: figures, findings and overlaps as a page and as JSON, faults as an error."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, phi, phi_process

LONG_QUESTION = "Which river flows through the old town of the city of Ljubljana?"


def _rows(count: int) -> list[dict[str, str]]:
    return [{"prompt": f"What is {number}?", "response": f"It is {number}"} for number in range(count)]


def _file(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _document(done: Done) -> Any:
    assert (done.status, done.err) == (0, "")
    return json.loads(done.out)


def _folded(text: str) -> str:
    return " ".join(text.split())


def test_good_data_ends_with_its_figures(tmp_path: Path) -> None:
    done = phi("data", "check", _file(tmp_path / "a.jsonl", *_rows(10)))
    assert (done.status, done.err) == (0, "")
    for line in (
        "records      10 good, 0 faulty",
        "formats      10 prompt/response",
        "duplicates   0, and 0 nearly the same",
        "characters   17 to 17, median 17, 95 % up to 17",
        "  prompt     10 to 10, median 10, 95 % up to 10",
        "  answer     7 to 7, median 7, 95 % up to 7",
    ):
        assert f"{line}\n" in done.out
    assert "note" not in done.out and "turns" not in done.out


def test_findings_are_notes_and_no_error(tmp_path: Path) -> None:
    rows = [*_rows(3), {"text": "\x1b[2J"}, *_rows(1)]
    done = phi("data", "check", _file(tmp_path / "a.jsonl", *rows))
    assert done.status == 0
    page = _folded(done.out)
    assert "note a.jsonl: formats are mixed: 4 prompt/response, 1 text" in page
    assert "note a.jsonl: same content as an earlier record: 1 record, in line 5. Training sees" in page
    assert "note a.jsonl: control or escape characters (\\x1b × 1): 1 record, in line 4" in page
    assert "\x1b" not in done.out


def test_a_page_fits_into_80_columns(tmp_path: Path) -> None:
    rows = [*_rows(30), {"text": "\x1b[2J"}, *_rows(9), {"prompt": "What is 1?", "response": ""}]
    questions = tmp_path / "q.yaml"
    questions.write_text("- What is 1?\n- What is the capital of France?\n")
    train = _file(tmp_path / "a.jsonl", *rows)
    validation = _file(tmp_path / "b.jsonl", *_rows(12))
    done = phi("data", "check", train, "--validation", validation, "--questions", questions)
    assert "overlap" in done.out and "questions" in done.out
    assert [line for line in done.out.splitlines() if len(line) > 80] == []


def test_faults_are_an_error_with_file_line_field_and_reason(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.jsonl", *_rows(2), {"prompt": "p", "response": ""}, {"prompt": "p"})
    done = phi("data", "check", path)
    assert done.status == 2
    assert f"phi: {path} has 2 faulty records\n" in done.err
    assert "  a.jsonl line 3, field response: empty, so there is nothing to learn\n" in done.err
    assert "faulty       1 × response: empty\n" in done.out


def test_more_faults_than_the_limit_are_counted(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.jsonl", *[{"text": ""}] * 30)
    done = phi("data", "check", path, "--limit", 3)
    assert (done.status, done.err.count("field text")) == (2, 3)
    assert "has 30 faulty records" in done.err and done.err.endswith("and 27 more\n")
    assert "field text" not in phi("data", "check", path, "--limit", 0).err
    assert phi("data", "check", path, "--limit", -1).status == 2


def test_several_sources_are_checked_as_one_and_told_apart(tmp_path: Path) -> None:
    first = _file(tmp_path / "a.jsonl", *_rows(3))
    second = tmp_path / "b.jsonl.gz"
    second.write_bytes(gzip.compress(json.dumps(_rows(1)[0]).encode()))
    done = phi("data", "check", first, second)
    assert "records      4 good, 0 faulty" in done.out
    assert "a.jsonl: 3 good" in done.out and "b.jsonl.gz: 1 good" in done.out
    found = _document(phi("data", "check", first, second, "--json"))
    assert (found["num_duplicates"], len(found["sources"])) == (1, 2)


def test_columns_and_format_say_how_to_read(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.jsonl", {"question": "q", "best_answer": "b", "answer": "a"})
    columns = "prompt=question,response=best_answer"
    found = _document(phi("data", "check", path, "--columns", columns, "--json"))
    assert found["formats"] == {"prompt/response": 1}
    assert _document(phi("data", "check", path, "--json"))["formats"] == {"question/answer": 1}
    assert "field text: missing" in phi("data", "check", path, "--record_format", "text").err
    assert "Did you mean prompt?" in phi("data", "check", path, "--columns", "promt=question").err


def test_groups_that_are_asked_for_must_be_there(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.jsonl", {"text": "a", "person": 1}, {"text": "b"})
    done = phi("data", "check", path, "--group_by", "person")
    assert (done.status, "a.jsonl line 2, field person: missing" in done.err) == (2, True)


def test_the_unit_of_a_text_file_is_a_choice(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n\nthree\n")
    for unit, count in (("auto", 2), ("line", 3), ("paragraph", 2)):
        found = _document(phi("data", "check", path, "--text_unit", unit, "--json"))
        assert found["formats"] == {"text": count}


def test_the_unit_that_was_told_by_the_content_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n\nthree\n")
    (tmp_path / "b.txt").write_text("one\ntwo\n")
    page = phi("data", "check", tmp_path / "a.txt", tmp_path / "b.txt").out
    assert "text         b.txt read by line\ntext         a.txt read by paragraph\n" in page
    assert "  prompt" not in page and "turns" not in page


@pytest.mark.parametrize(("name", "content"), [("a.jsonl", ""), ("a.jsonl", "\n \n"), ("a.json", "[]")])
def test_data_without_a_record_is_an_error(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    done = phi("data", "check", tmp_path / name)
    assert (done.status, done.err) == (2, "phi: dataset a has no good record\n")
    found = phi("data", "check", tmp_path / name, "--json")
    assert found.status == 2 and json.loads(found.out)["num_records"] == 0


def test_data_of_another_tool_is_read_as_the_fault_says(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.jsonl", {"prompt": "p", "completion": "c"})
    refused = phi("data", "check", path)
    assert refused.status == 2 and refused.err.endswith("Name its column: --columns response=completion\n")
    assert phi("data", "check", path, "--columns", "response=completion").status == 0


def test_validation_data_is_held_against_the_rest(tmp_path: Path) -> None:
    train = _file(tmp_path / "a.jsonl", *_rows(20))
    one = _file(tmp_path / "b.jsonl", _rows(5)[4], {"prompt": "What is 7?", "response": "Seven"})
    other = _file(tmp_path / "c.jsonl", {"prompt": "what is 9", "response": "it is 9"}, {"text": "new"})
    arguments = ("data", "check", train, "--validation", one, "--validation", other)
    overlap = _document(phi(*arguments, "--json"))["overlap"]
    assert (overlap["num_validation"], overlap["num_same"]) == (4, 1)
    assert (overlap["num_same_prompt"], overlap["num_near"]) == (1, 1)
    page = phi(*arguments).out
    assert "1 of 4 validation records also in the training data, 1 with another answer, 1 nearly" in _folded(
        page
    )
    assert "  shared     b.jsonl line 1 is a.jsonl line 5\n" in page
    assert "  shared     b.jsonl line 2 has the prompt of a.jsonl line 8\n" in page
    assert "  shared     c.jsonl line 1 is nearly a.jsonl line 10\n" in page


def test_a_folder_s_own_validation_file_is_held_against_it_without_being_asked(tmp_path: Path) -> None:
    _file(tmp_path / "data" / "train.jsonl", *_rows(8))
    _file(tmp_path / "data" / "valid.jsonl", *_rows(2))
    found = _document(phi("data", "check", tmp_path / "data", "--json"))
    assert (found["num_records"], found["validation"]["num_records"]) == (8, 2)
    assert found["overlap"]["num_same"] == 2


def test_faults_of_validation_data_are_faults(tmp_path: Path) -> None:
    train = _file(tmp_path / "a.jsonl", *_rows(3))
    validation = _file(tmp_path / "b.jsonl", {"text": ""}, {"text": "x"})
    done = phi("data", "check", train, "--validation", validation)
    assert (done.status, "b.jsonl line 1, field text: empty" in done.err) == (2, True)
    assert phi("data", "check", train, "--validation", validation, "--json").status == 2


def test_questions_that_stand_in_the_data_are_named(tmp_path: Path) -> None:
    rows = [*_rows(5), {"prompt": f"Tell me: {LONG_QUESTION}", "response": "a"}]
    path = _file(tmp_path / "a.jsonl", *rows)
    questions = tmp_path / "rivers.yaml"
    questions.write_text(f"- what is 3\n- {{id: river, prompt: '{LONG_QUESTION}'}}\n- Who?\n")
    arguments = ("data", "check", path, "--questions", questions)
    page = _folded(phi(*arguments).out)
    assert "questions 2 of 3 questions of set rivers also in the data" in page
    assert "found question 1, 'what is 3': asked in a.jsonl line 4, 1 record in all" in page
    assert "question river" in page and "within a.jsonl line 6, 1 record in all" in page
    found = _document(phi(*arguments, "--json"))["questions"]
    assert [question["question"] for question in found["found"]] == [1, 2]


@pytest.mark.parametrize("content", ["- ''\n", "questions: []\n"])
def test_a_question_set_with_faults_is_refused(tmp_path: Path, content: str) -> None:
    questions = tmp_path / "q.yaml"
    questions.write_text(content)
    done = phi("data", "check", _file(tmp_path / "a.jsonl", *_rows(1)), "--questions", questions)
    assert done.status == 2 and "q.yaml" in done.err


def test_the_document_has_the_fingerprint_of_the_data(tmp_path: Path) -> None:
    from hashlib import sha256

    path = _file(tmp_path / "a.jsonl", *_rows(2))
    found = _document(phi("data", "check", path, "--json"))
    assert found["fingerprint"] == sha256(path.read_bytes()).hexdigest()
    assert (found["validation"], found["overlap"], found["questions"]) == (None, None, None)


def test_data_that_is_not_there_or_not_named_is_refused(tmp_path: Path) -> None:
    done = phi("data", "check", tmp_path / "none.jsonl")
    assert done.status == 2 and "none.jsonl" in done.err
    assert phi("data", "check").status == 2


def test_nothing_is_told_of_progress_where_nobody_watches(tmp_path: Path) -> None:
    done = phi_process("data", "check", _file(tmp_path / "a.jsonl", *_rows(3000)))
    assert (done.status, done.err) == (0, "")
