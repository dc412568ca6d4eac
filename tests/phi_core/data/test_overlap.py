"""What stands on both sides is told with its places."""

from collections.abc import Iterable
from random import Random

import pytest

from phi_core.chat.messages import Message
from phi_core.data.overlap import (
    CONTAINED_CHARACTERS,
    QuestionOverlap,
    QuestionSearch,
    ValidationOverlap,
    ValidationSearch,
)
from phi_core.data.records import Fault, Record
from phi_core.data.sources.part import Part
from phi_core.errors import Problem

Pair = tuple[str, str]
LONG_QUESTION = "Which river flows through the old town of the city of Ljubljana?"


def _records(name: str, *pairs: Pair) -> list[Record | Fault]:
    return [
        Record(
            (Message("user", prompt), Message("assistant", answer)), f"/data/{name}", line, "prompt/response"
        )
        for line, (prompt, answer) in enumerate(pairs, start=1)
    ]


def _text(content: str, line: int = 1) -> Record:
    return Record((Message("assistant", content),), "/data/a.txt", line, "text", is_text=True)


def _prose(seed: int, num_words: int = 60) -> str:
    random = Random(seed)
    return " ".join(f"word{random.randrange(3000)}" for _ in range(num_words))


def _overlap(
    train: Iterable[Record | Fault], validation: Iterable[Record | Fault], **how: int
) -> ValidationOverlap:
    search = ValidationSearch(**how)
    for _ in search.hold(validation):
        pass
    for _ in search.watch(train):
        pass
    return search.overlap()


def _asked(records: Iterable[Record | Fault], *questions: str) -> QuestionOverlap:
    search = QuestionSearch(questions)
    for _ in search.watch(records):
        pass
    return search.overlap()


def _found(records: Iterable[Record | Fault], *questions: str) -> list[tuple[int, str, str, int]]:
    return [
        (found.question, found.how, found.place, found.num_records)
        for found in _asked(records, *questions).found
    ]


def test_each_validation_record_counts_once_as_what_it_shares_most() -> None:
    prose = _prose(1)
    train = _records(
        "train.jsonl", ("q1", "other"), ("q1", "a1"), ("q2", "other"), ("q3", f"{prose} end"), ("q4", "a4")
    )
    validation = _records("valid.jsonl", ("q1", "a1"), ("q2", "a2"), ("q9", prose), ("q5", "a5"))
    found = _overlap(train, validation)
    assert (found.num_same, found.num_same_prompt, found.num_near, found.num_shared) == (1, 1, 1, 3)
    assert (found.num_train, found.num_validation) == (5, 4)
    assert [(shared.how, shared.train, shared.validation) for shared in found.records] == [
        ("same", "train.jsonl line 2", "valid.jsonl line 1"),
        ("same_prompt", "train.jsonl line 3", "valid.jsonl line 2"),
        ("near", "train.jsonl line 4", "valid.jsonl line 3"),
    ]


def test_sides_with_nothing_in_common_have_no_overlap() -> None:
    train = _records("a.jsonl", *((f"q{number}", _prose(number)) for number in range(200)))
    validation = _records("b.jsonl", *((f"q{number}", _prose(number)) for number in range(500, 600)))
    assert _overlap(train, validation).num_shared == 0


def test_copies_within_validation_all_count() -> None:
    found = _overlap(_records("a.jsonl", ("q", "a")), _records("b.jsonl", ("q", "a"), ("x", "y"), ("q", "a")))
    assert (found.num_same, found.num_validation) == (2, 3)


def test_plain_texts_have_no_prompt_in_common() -> None:
    found = _overlap([_text("one thing")], [_text("another thing"), _text("one thing", 2)])
    assert (found.num_same, found.num_same_prompt) == (1, 0)


def test_the_prompt_of_a_chat_is_all_that_stands_before_its_last_answer() -> None:
    opening = (Message("user", "hi"), Message("assistant", "hello"))
    one = Record((*opening, Message("user", "q"), Message("assistant", "a")), "a.jsonl", 1)
    other = Record((*opening, Message("user", "q"), Message("assistant", "b")), "b.jsonl", 1)
    different = Record((Message("user", "q"), Message("assistant", "b")), "b.jsonl", 2)
    found = _overlap([one], [other, different])
    assert (found.num_same_prompt, found.num_shared) == (1, 1)


def test_all_are_counted_and_the_first_are_listed() -> None:
    records = [(f"q{number}", "a") for number in range(30)]
    found = _overlap(_records("a.jsonl", *records), _records("b.jsonl", *records), limit=4)
    assert (found.num_same, len(found.records)) == (30, 4)


def test_near_ones_are_searched_among_the_first_and_it_is_said_how_many() -> None:
    prose = [(f"q{number}", _prose(number)) for number in range(6)]
    near = [(prompt, f"{answer} end") for prompt, answer in prose]
    found = _overlap(_records("a.jsonl", *near), _records("b.jsonl", *prose), near_limit=3)
    assert (found.num_searched, found.num_validation_searched) == (3, 3)
    assert (found.num_same_prompt, found.num_near) == (6, 0)


def test_records_and_faults_pass_unchanged_and_faults_do_not_count() -> None:
    fault = Fault(Problem("a.jsonl line 9", "missing"), "a.jsonl", 9)
    records = [*_records("a.jsonl", ("q", "a")), fault]
    search, questions = ValidationSearch(), QuestionSearch(["q"])
    assert list(search.hold(records)) == records
    assert list(questions.watch(search.watch(records))) == records
    assert (search.overlap().num_train, search.overlap().num_validation) == (1, 1)
    assert questions.overlap().num_records == 1


def test_places_are_named_as_the_parts_are() -> None:
    part = Part("rows.parquet", "/data/x", "parquet", "row", 0)
    search = QuestionSearch(["What is it?"], [part])
    assert list(search.watch(_records("x", ("what is it", "a"))))
    assert search.overlap().found[0].place == "rows.parquet row 1"


@pytest.mark.parametrize("asked", ["What is it?", "what is it", "WHAT  IS IT!", "“What is it?”"])
def test_a_question_is_found_however_it_is_written(asked: str) -> None:
    records = _records("a.jsonl", ("Who is it?", "a"), (asked, "a"), (asked, "b"))
    assert _found(records, "Something else", "What is it?") == [(2, "same", "a.jsonl line 2", 2)]


def test_a_question_is_not_found_in_an_answer_or_in_another_question() -> None:
    records = _records("a.jsonl", ("Say something", "What is it?"), ("What is it not?", "a"))
    assert _found(records, "What is it?") == []


def test_a_long_question_is_found_within_a_longer_message_or_a_text() -> None:
    assert len(LONG_QUESTION) >= CONTAINED_CHARACTERS
    records = [
        *_records("a.jsonl", ("hi", "a"), (f"Answer this: {LONG_QUESTION} Be short.", "a")),
        _text(f"Quiz.\n1. {LONG_QUESTION}\n"),
    ]
    assert _found(records, LONG_QUESTION) == [(1, "contained", "a.jsonl line 2", 2)]
    assert _found(records, LONG_QUESTION.replace("city", "town")) == []


def test_a_short_question_within_a_longer_message_is_chance() -> None:
    assert _found(_records("a.jsonl", ("Please say: what is it?", "a")), "What is it?") == []


def test_words_are_not_cut_to_contain_a_question() -> None:
    asked = LONG_QUESTION.removesuffix("?")
    assert _found(_records("a.jsonl", (f"About: {asked}er, who knows?", "a")), LONG_QUESTION) == []


def test_a_question_that_shares_most_words_with_a_message_is_near() -> None:
    prose = _prose(1)
    assert _found(_records("a.jsonl", (prose + " indeed", "a")), prose + " really") == [
        (1, "near", "a.jsonl line 1", 1)
    ]


def test_the_place_is_that_of_the_strongest_likeness() -> None:
    records = _records("a.jsonl", (f"Now: {LONG_QUESTION} Thanks.", "a"), (LONG_QUESTION, "a"))
    assert _found(records, LONG_QUESTION) == [(1, "same", "a.jsonl line 2", 2)]


def test_questions_are_told_in_their_order_and_twins_both() -> None:
    records = _records("a.jsonl", ("three", "a"), ("one", "a"))
    assert [found.question for found in _asked(records, "one", "two", "three", "One.").found] == [1, 3, 4]


def test_no_questions_and_no_records_have_no_overlap() -> None:
    assert _asked([]) == QuestionOverlap(0, 0, ())
    assert _overlap([], []).num_shared == 0
