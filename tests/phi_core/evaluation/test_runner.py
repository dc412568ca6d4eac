"""The runner: every question, every target, and nothing twice."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import pytest
from fake_engine import FakeEngine

from phi_core.chat.engine import Ask, Chunk, LogLikelihood
from phi_core.chat.messages import Message
from phi_core.errors import AdapterError, EngineFailed, EngineLost
from phi_core.evaluation.answers import Answer, latest
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


def likely(answers: Iterable[Answer]) -> list[tuple[str, str, float | None]]:
    return [(answer.id, answer.model, answer.reference_log_likelihood) for answer in answers]


def test_answers_are_returned_question_by_question() -> None:
    answers, _ = run(FakeEngine({"tuned": TUNED}))
    assert [(answer.id, answer.model) for answer in answers] == [
        (q.id, t) for q in QUESTIONS for t in TARGETS
    ]


def test_all_missing_answers_are_asked_for_in_one_batch() -> None:
    engine = FakeEngine({"tuned": TUNED})
    whole, _ = run(engine)
    run(engine, already=whole[:2])
    assert engine.batches == [6, 4]


def test_each_answer_is_heard_as_it_ends_and_again_with_the_likelihood_of_its_reference() -> None:
    answers, heard = run(Backwards({"tuned": TUNED}))
    assert [(answer.id, answer.model) for answer in heard[:6]] == [
        (q.id, t) for q in reversed(QUESTIONS) for t in reversed(TARGETS)
    ]
    assert {answer.reference_log_likelihood for answer in heard[:6]} == {None}
    assert heard[6:] == [answer for answer in answers if answer.id != "free"]
    assert sorted(latest(heard), key=place) == sorted(answers, key=place)


def place(answer: Answer) -> tuple[str, str]:
    return answer.id, answer.model


class Backwards(FakeEngine):
    """Its answers end in the opposite order."""

    def stream_batch(
        self, asks: Sequence[Ask], *, whole: bool = False
    ) -> Iterator[tuple[int, Chunk | EngineFailed]]:
        return iter(list(super().stream_batch(asks, whole=whole))[::-1])


def test_an_answer_has_its_score_counts_and_likelihood() -> None:
    answers, _ = run(FakeEngine({"tuned": TUNED}))
    assert answers[1] == Answer("fr", "France?", "tuned", "It is Paris", 3, 0.03, "stop", 1.0, -2.0, 2)
    assert answers[0].score == 0.0
    assert (answers[2].score, answers[2].reference_log_likelihood) == (None, None)


def test_every_target_gets_the_same_messages_and_sampling() -> None:
    engine = FakeEngine({"tuned": TUNED})
    run(engine)
    streams = [call for call in engine.calls if call.sampling]
    assert len(streams) == 6
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
    assert (len(answers), len(latest(heard))) == (6, 6)
    assert [answer.error for answer in answers] == ["cannot answer 'France?'"] * 2 + [None] * 4
    assert (answers[0].answer, answers[0].score, answers[0].is_given) == ("", None, False)


def test_a_question_that_breaks_the_whole_batch_fails_alone() -> None:
    class Breaks(FakeEngine):
        def stream_batch(
            self, asks: Sequence[Ask], *, whole: bool = False
        ) -> Iterator[tuple[int, Chunk | EngineFailed]]:
            for position, ask in enumerate(asks):
                if ask.messages[-1].content == "Say it.":
                    raise EngineFailed("the batch broke")
                for _, piece in super().stream_batch([ask], whole=whole):
                    yield position, piece

    answers, _ = run(Breaks({"tuned": TUNED}))
    broken = ["the batch broke"] * 2
    assert [answer.error for answer in answers] == [None, None, *broken, None, None]
    assert answers[-1].answer == "Tokyo"


def test_a_lost_engine_ends_the_batch_and_what_was_heard_goes_on_from_there() -> None:
    class Dies(FakeEngine):
        def stream_batch(
            self, asks: Sequence[Ask], *, whole: bool = False
        ) -> Iterator[tuple[int, Chunk | EngineFailed]]:
            yield from super().stream_batch(asks[:2], whole=whole)
            raise EngineLost("the engine ended with status -9")

    heard: list[Answer] = []
    with pytest.raises(EngineLost):
        run_questions(SET, Dies({"tuned": TUNED}), targets=TARGETS, on_answer=heard.append, should_stop=bool)
    assert [(answer.id, answer.model) for answer in heard] == [("fr", "base"), ("fr", "tuned")]
    resumed = FakeEngine({"tuned": TUNED})
    answers, _ = run(resumed, already=heard)
    assert (answers, resumed.batches) == (run(FakeEngine({"tuned": TUNED}))[0], [4])


def test_an_engine_lost_while_likelihoods_are_measured_ends_the_batch() -> None:
    class Dies(FakeEngine):
        def log_likelihood(self, messages: object, target: str) -> LogLikelihood:
            raise EngineLost("the engine ended with status -9")

    with pytest.raises(EngineLost):
        run(Dies({"tuned": TUNED}))


def test_a_model_that_answers_from_elsewhere_has_no_likelihood() -> None:
    engine = FakeEngine({"tuned": TUNED, "elsewhere": TUNED})
    engine._info = replace(engine.info, serving={**engine.info.serving, "elsewhere": "remote"})
    answers, _ = run(engine, targets=("tuned", "elsewhere"))
    assert likely(answers)[:2] == [("fr", "tuned", -2.0), ("fr", "elsewhere", None)]
    assert answers[1].score == 1.0


def test_an_answer_stays_when_only_its_likelihood_fails() -> None:
    class NoLikelihood(FakeEngine):
        def log_likelihood(self, messages: object, target: str) -> LogLikelihood:
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
    whole, all_heard = run(FakeEngine({"tuned": TUNED}))
    for done in range(len(all_heard)):
        engine = FakeEngine({"tuned": TUNED})
        resumed, _ = run(engine, already=latest(all_heard[:done]))
        assert resumed == whole
        assert engine.batches == ([6 - done] if done < 6 else [])


def test_a_likelihood_that_failed_is_measured_again_and_the_answer_kept() -> None:
    whole, _ = run(FakeEngine({"tuned": TUNED}))
    failed = replace(whole[0], reference_log_likelihood=None, reference_tokens=None, error="out of memory")
    engine = FakeEngine({"tuned": TUNED})
    again, heard = run(engine, already=[failed, *whole[1:]])
    assert (again, heard, engine.batches) == (whole, [whole[0]], [])


def test_a_failed_question_is_asked_again() -> None:
    whole, _ = run(FakeEngine({"tuned": TUNED}))
    _, heard = run(
        FakeEngine({"tuned": TUNED}), already=[replace(whole[0], finish_reason=None, error="no"), *whole[1:]]
    )
    assert {(answer.id, answer.model) for answer in heard} == {("fr", "base")}


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
    assert len(latest(heard)) == 6


def test_answers_of_other_weights_are_not_taken_for_these() -> None:
    before, after = FakeEngine({"tuned": TUNED}), FakeEngine({"tuned": TUNED}, fingerprints={"tuned": "new"})
    whole, _ = run(before)
    _, heard = run(after, already=whole)
    assert {answer.model for answer in heard} == {"tuned"}
    assert after.batches == [3]


def test_answers_of_another_endpoint_are_not_taken_for_these() -> None:
    whole, _ = run(FakeEngine({"tuned": TUNED}), origins={"tuned": "http://here/v1#one"})
    same, other = FakeEngine({"tuned": TUNED}), FakeEngine({"tuned": TUNED})
    run(same, already=whole, origins={"tuned": "http://here/v1#one"})
    run(other, already=whole, origins={"tuned": "http://here/v1#two"})
    assert (same.batches, other.batches) == ([], [3])


def test_stopping_keeps_what_was_heard_and_asks_no_more() -> None:
    engine = FakeEngine({"tuned": TUNED})
    heard: list[Answer] = []
    answers = run_questions(
        SET, engine, targets=TARGETS, on_answer=heard.append, should_stop=lambda: len(heard) == 3
    )
    assert answers == tuple(heard)
    assert [(answer.id, answer.model) for answer in answers] == [
        ("fr", "base"),
        ("fr", "tuned"),
        ("free", "base"),
    ]
    assert (len(engine.calls), engine.open_streams) == (3, 0)


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
