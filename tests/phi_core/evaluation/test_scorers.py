"""Scorers: what counts as right."""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from phi_core.evaluation.scorers import SCORERS, reference_fault, reference_is_an_answer, score

PERSON = '{"type": "object", "required": ["age"], "properties": {"age": {"type": "integer"}}}'
TREE = '{"$ref": "#/$defs/t", "$defs": {"t": {"type": "array", "items": {"$ref": "#/$defs/t"}}}}'


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
        ("chrf", "Zürich", "Zürich", 1),
        ("chrf", "", "Zürich", 0),
        ("json_schema", '{"age": 3}', PERSON, 1),
        ("json_schema", '```json\n{"age": 3}\n```', PERSON, 1),
        ("json_schema", '{"age": "3"}', PERSON, 0),
        ("json_schema", "{}", PERSON, 0),
        ("json_schema", "age: 3", PERSON, 0),
        ("json_schema", "[[], [[]]]", TREE, 1),
        ("json_schema", "[[], [5]]", TREE, 0),
        ("length", "one two  three\n", "3 words", 1),
        ("length", "one two three", "<= 2 words", 0),
        ("length", "one – two", "= 2 words", 1),
        ("length", "one", "< 1 word", 0),
        ("length", "one", ">0 Words", 1),
        ("length", "one", "> 1 words", 0),
        ("length", "a\n\nb\n", "2 lines, 2 paragraphs", 1),
        ("length", "a\n\nb\n", "2 lines, 3 paragraphs", 0),
        ("length", "It is 3.5. Really! “Yes.” no", "4 sentences", 1),
        ("length", "今日は。明日は？", "2..2 sentences", 1),
        ("length", " e\u0301 ", "1 character", 1),
        ("length", "", ">= 1 lines", 0),
        ("length", "a b c", "2..3 words", 1),
        ("length", "a b c d", "2..3 words", 0),
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


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"a": [1, null]}', 1),
        ("  5\n", 1),
        ('```json\n{"a": 1}\n```', 1),
        ("~~~\n[1]\n~~~", 1),
        ("1" * 5000, 1),
        ('Here it is: {"a": 1}', 0),
        ('```json\n{"a": 1}\n```\nThat is it.', 0),
        ('```python\n{"a": 1}\n```', 0),
        ("{'a': 1}", 0),
        ("NaN", 0),
        ("[Infinity]", 0),
        ("[" * 100_000, 0),
        ("", 0),
    ],
)
def test_json_is_the_whole_answer_or_all_that_its_fence_holds(answer: str, expected: float) -> None:
    assert score("json", answer, None) == expected


def test_chrf_is_sacrebleus_figure() -> None:
    """By hand: the references' 1-grams … 5-grams of "thecats" against "thecat": the mean of six F2 values."""
    counts = [(6, 6, 7), (5, 5, 6), (4, 4, 5), (3, 3, 4), (2, 2, 3), (1, 1, 2)]
    precision = sum(same / own for same, own, _ in counts) / 6
    recall = sum(same / wanted for same, _, wanted in counts) / 6
    assert score("chrf", "the cat", "the cats") == pytest.approx(
        5 * precision * recall / (4 * precision + recall)
    )


REFERENCES = {"json_schema": PERSON, "length": "5 words"}


@pytest.mark.parametrize(
    "answer", ["", "\x1b[2J", "😀", "\ud800", "1" * 5000, "A" * 50, "1e" + "9" * 30, "[" * 9999]
)
def test_every_score_lies_between_0_and_1_for_any_answer(answer: str) -> None:
    for name in SCORERS.keys() - {"none"}:
        value = score(name, answer, REFERENCES.get(name, "5"))
        assert value is not None and 0 <= value <= 1


@pytest.mark.parametrize(
    ("scorer", "reference", "word"),
    [
        ("regex", "(", "regular expression"),
        ("regex", "", "empty"),
        ("number", "many", "number"),
        ("choice", "Z", "letter"),
        ("exact", " ", "empty"),
        ("json", "{}", "no reference"),
        ("json_schema", "{", "no JSON schema"),
        ("json_schema", "[]", "must be a mapping"),
        ("json_schema", '{"type": "objekt"}', "at $.type"),
        ("json_schema", '{"pattern": "("}', "no JSON schema"),
        ("json_schema", '{"items": {"$ref": "https://example.org/s.json"}}', "nothing is fetched"),
        ("json_schema", '{"$ref": "#/$defs/none"}', "leads nowhere"),
        ("json_schema", '{"allOf": [{"$ref": "#"}]}', "circle"),
        ("length", "", "empty"),
        ("length", "words", "is not a number with a unit"),
        ("length", "5", "is not a number with a unit"),
        ("length", "3 lines,", "it is empty"),
        ("length", "< 0 words", "no answer can have"),
        ("length", "9..3 words", "no answer can have"),
        ("length", "<= 3..9 words", "takes no '<='"),
        ("length", "3 pages", "known are characters, words"),
    ],
)
def test_an_unusable_reference_is_named(scorer: str, reference: str, word: str) -> None:
    assert word in reference_fault(scorer, reference)


def test_every_scorer_states_its_rule() -> None:
    assert all(scorer.__doc__ for scorer in SCORERS.values())


@pytest.mark.parametrize(
    "reference", [PERSON, TREE, "true", '{"$schema": "http://json-schema.org/draft-07/schema#"}']
)
def test_a_good_schema_has_no_fault(reference: str) -> None:
    assert reference_fault("json_schema", reference) == ""


def test_a_schema_elsewhere_is_never_fetched(tmp_path: Path) -> None:
    (tmp_path / "anything.json").write_text("true")
    reference = json.dumps({"$ref": (tmp_path / "anything.json").as_uri()})
    assert "nothing is fetched" in reference_fault("json_schema", reference)
    with warnings.catch_warnings(action="ignore"):  # the library warns before it fetches
        assert score("json_schema", "5", reference) == 0


def test_a_rule_is_no_text_that_a_model_could_find_likely() -> None:
    rules = {name for name in SCORERS if not reference_is_an_answer(name)}
    assert rules == {"regex", "json", "json_schema", "length"}


def test_the_libraries_of_scorers_are_loaded_only_when_they_are_asked() -> None:
    code = "import sys, phi_core.evaluation.report; print(sys.modules.keys() & {'sacrebleu', 'jsonschema', 'numpy', 'lxml'})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
