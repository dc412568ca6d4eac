"""Overlap: what the training data holds already, and what only looks like it."""

import pytest

from phi_core.evaluation.overlap import Overlap, find_overlap, overlap_from
from phi_core.evaluation.question_set import Question

LONG = "Write a short poem of four lines about the sea at night, please, and do not use the word blue."


def kinds(prompt: str, *records: str) -> list[tuple[str, str]]:
    found = find_overlap(
        [Question("q", prompt)], [(f"record {place}", text) for place, text in enumerate(records, 1)]
    )
    return [(one.record, one.kind) for one in found]


@pytest.mark.parametrize(
    ("prompt", "record", "kind"),
    [
        ("What is the capital of France?", "  what is THE capital of\nFrance ", "same"),
        ("2+2?", "2 + 2 = ", "same"),
        ("2 + 2?", "2+2", "same"),
        ("2 + 2?", "2*2", None),
        ("What is gravity?", "Tell me: what is gravity? I forgot.", None),
        ("What is the capital of France?", "Tell me now: what is the capital of France? Thanks", "contained"),
        ("What is the capital of France?", "What is the capital of Japan?", None),
        ("What is the capital of France?", "of what capital is the France", None),
        ("日本の首都はどこですか", "質問：日本の首都はどこですか。", "contained"),
        (LONG, LONG.replace("please, ", "").replace("four", "4"), None),
        (LONG, LONG.replace("blue", "black"), "near"),
        (LONG, "Now: " + LONG.lower(), "contained"),
        (LONG, "Write a short poem about the sea.", None),
        (LONG, "", None),
    ],
)
def test_how_alike_a_record_is(prompt: str, record: str, kind: str | None) -> None:
    assert kinds(prompt, record) == ([("record 1", kind)] if kind else [])


def test_the_most_alike_record_is_named() -> None:
    assert kinds(LONG, LONG.replace("blue", "red"), f"Hello. {LONG}", "nothing", LONG, LONG) == [
        ("record 4", "same")
    ]


def test_likeness_is_the_share_of_runs_of_words() -> None:
    (found,) = find_overlap([Question("q", LONG)], [("r", LONG.replace("blue", "black"))])
    words = 20
    assert found.likeness == pytest.approx((words - 2 - 1) / (words - 2))
    assert "% like r of the training data" in found.sentence()


def test_every_question_is_looked_for_in_its_order_and_records_are_read_once() -> None:
    questions = [Question("b", "second question of them all"), Question("a", "first question of them all")]
    records = iter([("1", "first question of them all"), ("2", "second question of them all")])
    found = find_overlap(questions, records)
    assert [(one.id, one.record) for one in found] == [("b", "2"), ("a", "1")]
    assert find_overlap(questions, []) == ()


def test_two_questions_of_the_same_words_are_both_found() -> None:
    questions = [Question("1", "Say hello"), Question("2", "say hello!")]
    assert [one.id for one in find_overlap(questions, [("r", "SAY HELLO")])] == ["1", "2"]


def test_its_json_reads_back() -> None:
    found = Overlap("1", "train.jsonl:3", "near", 0.9)
    assert overlap_from(found.as_json()) == found
    with pytest.raises(ValueError, match="kind must be"):
        overlap_from({**found.as_json(), "kind": "other"})
