"""Scorers: what counts as right."""

import pytest

from phi_core.evaluation.scorers import SCORERS, reference_fault, score


@pytest.mark.parametrize(
    ("scorer", "answer", "reference", "expected"),
    [
        ("exact", "  PARIS. ", "Paris", 1),
        ("exact", "“Paris”", "paris", 1),
        ("exact", "New\n York", "new york", 1),
        ("exact", "e\u0301te\u0301", "été", 1),
        ("exact", "Paris, France", "Paris", 0),
        ("exact", "-3", "3", 0),
        ("exact", "?", "!", 0),
        ("contains", "It is PARIS, of course", "Paris", 1),
        ("contains", "Parisian", "Paris", 0),
        ("contains", "in New\nYork", "new york", 1),
        ("contains", "I use C++ daily", "C++", 1),
        ("contains", "日本の首都は東京です。", "東京", 1),
        ("contains", "首都はTokyoです", "Tokyo", 1),
        ("contains", "why?", "?", 1),
        ("contains", "why", "?", 0),
        ("regex", "Bern is it", r"\bBerne?\b", 1),
        ("regex", "bern", "Bern", 0),
        ("number", "First 3, then 1,000.", "1000", 1),
        ("number", "It is -3.5 degrees", "-3.50", 1),
        ("number", "It is 3.5 degrees", "-3.5", 0),
        ("number", "5-3", "3", 1),
        ("number", "−3", "-3", 1),
        ("number", "1,2,3", "3", 1),
        ("number", "GPT4", "4", 0),
        ("contains", "C++20", "C++", 1),
        ("number", "1.5e3", "1500", 1),
        ("number", "no idea", "4", 0),
        ("number", "It is .5", "0.5", 1),
        ("choice", "The answer is (B).", "B", 1),
        ("choice", "C) because B is wrong", "B", 0),
        ("choice", "I think D", "D", 1),
        ("choice", "I'm sure: D", "D", 1),
        ("choice", "A is right", "A", 1),
        ("choice", "I", "I", 1),
        ("choice", "b)", "B", 1),
        ("choice", "a cat", "A", 0),
        ("choice", "Banana", "B", 0),
        ("rouge_l", "the cat sat", "The cat sat", 1),
        ("rouge_l", "dog", "cat", 0),
        ("rouge_l", "", "cat", 0),
    ],
)
def test_right_and_wrong(scorer: str, answer: str, reference: str, expected: float) -> None:
    assert score(scorer, answer, reference) == expected


def test_rouge_l_is_lins_example() -> None:
    reference = "police killed the gunman"
    assert score("rouge_l", "police kill the gunman", reference) == pytest.approx(0.75)
    assert score("rouge_l", "the gunman kill police", reference) == pytest.approx(0.5)


def test_no_scorer_and_no_reference_give_no_score() -> None:
    assert score("none", "Paris", "Paris") is None
    assert score("exact", "Paris", None) is None


@pytest.mark.parametrize("answer", ["", "\x1b[2J", "😀", "\ud800", "1" * 5000, "A" * 50, "1e" + "9" * 30])
def test_every_score_lies_between_0_and_1_for_any_answer(answer: str) -> None:
    for name in SCORERS.keys() - {"none"}:
        value = score(name, answer, "5")
        assert value is not None and 0 <= value <= 1


@pytest.mark.parametrize(
    ("scorer", "reference", "word"),
    [
        ("regex", "(", "regular expression"),
        ("regex", "", "empty"),
        ("number", "many", "number"),
        ("choice", "Z", "letter"),
        ("exact", " ", "empty"),
    ],
)
def test_an_unusable_reference_is_named(scorer: str, reference: str, word: str) -> None:
    assert word in reference_fault(scorer, reference)


def test_every_scorer_states_its_rule() -> None:
    assert all(scorer.__doc__ for scorer in SCORERS.values())
