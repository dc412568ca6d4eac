"""The runner: every question, every target, and nothing twice."""

from dataclasses import replace

import pytest
from fake_engine import FakeEngine

from phi_core.chat.messages import Message
from phi_core.errors import AdapterError, EngineLost
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.question_set import DEFAULT_SAMPLING, Question, QuestionSet
from phi_core.evaluation.runner import run_questions

QUESTIONS = (
    Question("fr", "France?", "Paris", "contains"),
    Question("free", "Say it."),
    Question("jp", "Japan?", "Tokyo", "contains"),
)
SET = QuestionSet("capitals", "Be short.", DEFAULT_SAMPLING, QUESTIONS)
TUNED = {"France?": "It is Paris", "Japan?": "Tokyo", "Say it.": "one two three"}
TARGETS = ("base", "tuned")


def run(engine: FakeEngine, **changes: object) -> tuple[tuple[Answer, ...], list[Answer]]:
    heard: list[Answer] = []
    given: dict[str, object] = {"targets": TARGETS, "should_stop": lambda: False} | changes
    return run_questions(SET, engine, on_answer=heard.append, **given), heard  # type: ignore[arg-type]


def test_answers_come_question_by_question() -> None:
    answers, heard = run(FakeEngine({"tuned": TUNED}))
    assert [(answer.id, answer.model) for answer in answers] == [
        (q.id, t) for q in QUESTIONS for t in TARGETS
    ]
    assert heard == list(answers)


def test_an_answer_has_its_score_counts_and_likelihood() -> None:
    answers, _ = run(FakeEngine({"tuned": TUNED}))
    assert answers[1] == Answer("fr", "France?", "tuned", "It is Paris", 3, 0.03, "stop", 1.0, -2.0)
    assert answers[0].score == 0.0
    assert (answers[2].score, answers[2].reference_log_likelihood) == (None, None)


def test_every_target_gets_the_same_messages_and_sampling() -> None:
    engine = FakeEngine({"tuned": TUNED})
    run(engine)
    streams = [call for call in engine.calls if call.sampling]
    for base, tuned in zip(streams[::2], streams[1::2], strict=True):
        assert (base.messages, base.sampling) == (tuned.messages, tuned.sampling)
    assert streams[0].messages == (Message("system", "Be short."), Message("user", "France?"))
    assert {call.sampling for call in streams} == {DEFAULT_SAMPLING}


def test_the_reference_is_measured_as_the_assistants_turn() -> None:
    engine = FakeEngine({"tuned": TUNED})
    run(engine)
    measured = [call.messages for call in engine.calls if call.sampling is None]
    assert measured[0][-1] == Message("assistant", "Paris")
    assert len(measured) == 4


def test_a_pattern_is_no_text_whose_likelihood_means_anything() -> None:
    questions = QuestionSet("x", None, DEFAULT_SAMPLING, (Question("1", "a?", "^x", "regex"),))
    engine = FakeEngine({"base": "xy"})
    (answer,) = run_questions(questions, engine, targets=["base"], on_answer=print, should_stop=lambda: False)
    assert (answer.score, answer.reference_log_likelihood) == (1.0, None)


def test_a_likelihood_that_is_not_finite_is_not_shown() -> None:
    answers, _ = run(FakeEngine({"tuned": TUNED}, log_likelihoods=lambda *_: float("-inf")))
    assert {answer.reference_log_likelihood for answer in answers} == {None}


def test_one_failing_question_does_not_stop_the_others() -> None:
    answers, heard = run(FakeEngine({"tuned": TUNED}, failing={"France?"}))
    assert len(answers) == len(heard) == 6
    assert [answer.error for answer in answers] == ["cannot answer 'France?'"] * 2 + [None] * 4
    assert (answers[0].answer, answers[0].score, answers[0].is_given) == ("", None, False)


def test_a_lost_engine_ends_the_batch() -> None:
    class Dies(FakeEngine):
        def log_likelihood(self, messages: object, target: str) -> object:  # type: ignore[override]
            raise EngineLost("the engine ended with status -9")

    engine = Dies({"tuned": TUNED})
    with pytest.raises(EngineLost):
        run(engine)
    assert len(engine.calls) == 1


def test_an_answer_stays_when_only_its_likelihood_fails() -> None:
    class NoLikelihood(FakeEngine):
        def log_likelihood(self, messages: object, target: str) -> object:  # type: ignore[override]
            from phi_core.errors import EngineFailed

            raise EngineFailed("out of memory")

    answers, _ = run(NoLikelihood({"tuned": TUNED}))
    assert (answers[1].answer, answers[1].score, answers[1].error) == ("It is Paris", 1.0, "out of memory")


def test_answered_pairs_are_not_asked_again() -> None:
    engine = FakeEngine({"tuned": TUNED})
    whole, _ = run(engine)
    asked = len(engine.calls)
    again, heard = run(engine, already=whole)
    assert (again, heard, len(engine.calls)) == (whole, [], asked)


def test_resuming_anywhere_gives_the_uninterrupted_answers() -> None:
    whole, _ = run(FakeEngine({"tuned": TUNED}))
    for done in range(len(whole)):
        resumed, heard = run(FakeEngine({"tuned": TUNED}), already=whole[:done])
        assert resumed == whole
        assert heard == list(whole[done:])


def test_a_failed_question_is_asked_again() -> None:
    whole, _ = run(FakeEngine({"tuned": TUNED}))
    _, heard = run(FakeEngine({"tuned": TUNED}), already=[replace(whole[0], error="no"), *whole[1:]])
    assert [(answer.id, answer.model) for answer in heard] == [("fr", "base")]


@pytest.mark.parametrize(
    "changed",
    [
        replace(SET, system="Be long."),
        replace(SET, sampling=SET.sampling.model_copy(update={"max_new_tokens": 7})),
        replace(
            SET, questions=tuple(replace(question, prompt=f"{question.prompt}?") for question in QUESTIONS)
        ),
        replace(SET, questions=tuple(replace(question, reference="Rome") for question in QUESTIONS)),
    ],
    ids=["system", "sampling", "prompt", "reference"],
)
def test_answers_to_other_questions_or_settings_are_not_taken_for_these(changed: QuestionSet) -> None:
    whole, _ = run(FakeEngine({"tuned": TUNED}))
    heard: list[Answer] = []
    engine = FakeEngine({"tuned": TUNED})
    run_questions(changed, engine, targets=TARGETS, on_answer=heard.append, should_stop=bool, already=whole)
    assert len(heard) == 6


def test_answers_of_other_weights_are_not_taken_for_these() -> None:
    before, after = FakeEngine({"tuned": TUNED}), FakeEngine({"tuned": TUNED}, fingerprints={"tuned": "new"})
    whole, _ = run(before)
    _, heard = run(after, already=whole)
    assert [answer.model for answer in heard] == ["tuned"] * 3


def test_stopping_keeps_whole_answers_and_drops_the_cut_one() -> None:
    engine = FakeEngine({"base": "one two three", "tuned": TUNED})
    words = iter(range(100))
    answers, heard = run(engine, should_stop=lambda: next(words) > 5)
    assert [(answer.id, answer.model) for answer in answers] == [("fr", "base")]
    assert answers == tuple(heard)
    assert engine.open_streams == 0


def test_stopping_keeps_later_answers_of_before() -> None:
    whole, _ = run(FakeEngine({"tuned": TUNED}))
    late = whole[-1]
    answers, _ = run(FakeEngine({"tuned": TUNED}), already=[late], should_stop=lambda: True)
    assert answers == (late,)


def test_an_unknown_target_is_refused_before_any_question() -> None:
    engine = FakeEngine({"tuned": TUNED})
    with pytest.raises(AdapterError, match="'other'"):
        run(engine, targets=("base", "other"))
    assert engine.calls == []


def test_no_stream_stays_open() -> None:
    engine = FakeEngine({"tuned": TUNED})
    run(engine)
    assert engine.open_streams == 0
