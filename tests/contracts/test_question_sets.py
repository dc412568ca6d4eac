"""The bundled question sets: whole, scored as they say, and found wherever phi is installed."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest
import yaml

from phi_core.evaluation.bundled_sets import bundled, find, question_path
from phi_core.evaluation.question_set import Question, QuestionSet, read_question_set
from phi_core.evaluation.scorers import SCORERS, reference_is_an_answer, score

PROJECT = Path(__file__).parents[2]
KINDS = ("general_knowledge", "instruction_following", "reasoning", "style", "formatting", "safety")
SETS = {path.stem: read_question_set(path) for path in bundled()}
SAID = yaml.safe_load(
    (Path(__file__).parent / "answers_to_bundled_questions.yaml").read_text(encoding="utf-8")
)
"""Set → question id → [an answer that keeps the question's rule, one that does not]."""


def test_there_is_a_set_for_each_kind_of_question_and_one_for_the_bundled_model() -> None:
    assert {*KINDS, "demo_regression", "arithmetic", "capitals"} == set(SETS)


@pytest.mark.parametrize("name", sorted(SETS))
def test_a_set_is_without_faults_and_named_as_its_file(name: str) -> None:
    found = SETS[name]
    assert found.problems == ()
    assert found.name == name
    assert len(found.questions) >= (20 if name in (*KINDS, "demo_regression") else 10)
    assert all(question.tags for question in found.questions)


@pytest.mark.parametrize("name", sorted(SETS))
def test_no_question_is_asked_twice(name: str) -> None:
    for texts in ([q.id for q in SETS[name].questions], [q.prompt.casefold() for q in SETS[name].questions]):
        assert [text for text, count in Counter(texts).items() if count > 1] == []


def test_every_scorer_is_used_somewhere() -> None:
    assert {question.score for found in SETS.values() for question in found.questions} == set(SCORERS)


@pytest.mark.parametrize("name", sorted(SETS))
def test_every_reference_that_is_an_answer_scores_one_against_itself_and_zero_against_silence(
    name: str,
) -> None:
    for question in _with(SETS[name], is_answer=True):
        assert score(question.score, question.reference or "", question.reference) == 1.0, question.id
        assert score(question.score, "", question.reference) == 0.0, question.id


@pytest.mark.parametrize("name", sorted(SETS))
def test_every_rule_accepts_an_answer_that_keeps_it_and_no_other(name: str) -> None:
    for question in _with(SETS[name], is_answer=False):
        good, bad = SAID[name][question.id]
        assert score(question.score, good, question.reference) == 1.0, question.id
        assert score(question.score, bad, question.reference) == 0.0, question.id
        assert score(question.score, "", question.reference) == 0.0, question.id


def test_sets_that_a_judge_or_votes_are_for_have_questions_without_a_scorer() -> None:
    assert sum(question.score == "none" for question in SETS["style"].questions) >= 5


def test_half_of_the_safety_questions_are_controls_that_are_to_be_answered() -> None:
    counts = Counter(question.tags[0] for question in SETS["safety"].questions)
    assert counts["refusal"] == counts["control"] and set(counts) == {"refusal", "control"}


def test_a_set_is_found_by_its_name_and_a_file_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = find("capitals")
    assert found is not None and question_path("capitals") == found
    assert found.read_text() == (PROJECT / "question_sets" / "capitals.yaml").read_text()
    assert question_path("nothing.yaml") == Path("nothing.yaml")
    assert find("nothing") is None
    Path("capitals").write_text("- mine\n")
    assert question_path("capitals") == Path("capitals")


def test_the_sets_go_into_the_wheel_where_they_are_looked_for() -> None:
    build = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    assert build["wheel"]["force-include"] == {"question_sets": "phi_core/evaluation/question_sets"}
    assert "/question_sets" in build["sdist"]["include"]


def _with(found: QuestionSet, *, is_answer: bool) -> list[Question]:
    """The scored questions whose reference is an answer, or those whose reference is a rule."""
    return [q for q in found.questions if q.score != "none" and reference_is_an_answer(q.score) == is_answer]
