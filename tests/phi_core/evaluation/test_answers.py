"""answers.jsonl: whole lines count, torn ones do not."""

import json
from pathlib import Path

import pytest

from phi_core.evaluation.answers import Answer, append_answer, latest, read_answers

FIRST = Answer("1", "a?", "base", "line\nbreak \u2028 \ud800", 3, 0.5, "stop", 1.0, -2.5)
SECOND = Answer("1", "a?", "tuned", error="cannot answer")


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "answers.jsonl"
    for answer in (FIRST, SECOND):
        append_answer(path, answer)
    assert read_answers(path) == (FIRST, SECOND)


def test_a_line_has_the_keys_of_the_format(tmp_path: Path) -> None:
    append_answer(tmp_path / "a", FIRST)
    keys = [
        "id",
        "prompt",
        "model",
        "answer",
        "tokens",
        "seconds",
        "finish_reason",
        "score",
        "reference_log_likelihood",
        "reference_tokens",
        "error",
        "settings",
    ]
    assert list(json.loads((tmp_path / "a").read_bytes())) == keys


def test_no_file_means_no_answers(tmp_path: Path) -> None:
    assert read_answers(tmp_path / "none") == ()


def test_a_torn_last_line_is_not_yet_there(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    append_answer(path, FIRST)
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole + whole[:end])
        assert read_answers(path) == (FIRST,)


def test_appending_after_a_torn_line_loses_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    append_answer(path, FIRST)
    path.write_bytes(path.read_bytes() + b'{"id": "1", "mo')
    append_answer(path, SECOND)
    assert read_answers(path) == (FIRST, SECOND)


def test_a_file_of_one_torn_line_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(b'{"id"')
    append_answer(path, FIRST)
    assert read_answers(path) == (FIRST,)


def test_unknown_fields_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(json.dumps(FIRST.as_json() | {"future": 1}) + "\n")
    assert read_answers(tmp_path / "a") == (FIRST,)


@pytest.mark.parametrize("line", ["nonsense", "[]", "5", "{}", "\xff", "[" * 200_000])
def test_a_line_that_is_no_answer_is_passed_over(tmp_path: Path, line: str) -> None:
    append_answer(tmp_path / "a", FIRST)
    with (tmp_path / "a").open("ab") as file:
        file.write(b"\n" + line.encode("latin-1") + b"\n")
    append_answer(tmp_path / "a", SECOND)
    assert read_answers(tmp_path / "a") == (FIRST, SECOND)


@pytest.mark.parametrize(
    "change",
    [{"id": 3}, {"tokens": "3"}, {"score": []}, {"finish_reason": "later"}, {"settings": {}}, {"error": 1}],
)
def test_a_value_of_another_kind_makes_it_none(tmp_path: Path, change: dict[str, object]) -> None:
    (tmp_path / "a").write_text(json.dumps(FIRST.as_json() | change) + "\n")
    assert read_answers(tmp_path / "a") == ()


def test_the_last_answer_of_a_question_and_model_counts() -> None:
    again = Answer("1", "a?", "tuned", "yes", 1, 0.1, "stop")
    assert latest([SECOND, FIRST, again]) == (again, FIRST)
