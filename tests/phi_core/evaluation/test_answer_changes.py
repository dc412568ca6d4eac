"""Which answers are measured token by token, and which cannot be."""

from dataclasses import replace

from batch_factory import capitals
from fake_engine import FakeEngine

from phi_core.chat.engine import TokenChange
from phi_core.chat.messages import Message
from phi_core.errors import EngineFailed
from phi_core.evaluation.answer_changes import measure_changes
from phi_core.evaluation.answers import Answer

BASE = Answer("1", "1: France?", "base", "no idea", 2, 0.1, "stop")
TUNED = replace(BASE, model="tuned", answer="It is Paris", tokens=3)


def texts(
    engine: FakeEngine, *answers: Answer, already: tuple[tuple[str, str], ...] = ()
) -> dict[str, list[str]]:
    """Id and label → the texts of the tokens that were heard."""
    heard: dict[str, list[str]] = {}

    def keep(answer: Answer, changes: tuple[TokenChange, ...]) -> None:
        heard[f"{answer.id} {answer.model}"] = [change.text for change in changes]

    measure_changes(capitals(), answers, engine, on_changes=keep, already=already)
    return heard


def engine() -> FakeEngine:
    return FakeEngine({"tuned": "It is Paris", "elsewhere": "Paris"})


def test_an_adapter_s_answer_is_measured_and_the_base_s_is_not() -> None:
    assert texts(engine(), BASE, TUNED) == {"1 tuned": ["It", " is", " Paris"]}


def test_it_is_told_how_many_are_measured_of_those_that_are_owed() -> None:
    told: list[tuple[int, int]] = []
    answers = [BASE, TUNED, replace(TUNED, id="2"), replace(TUNED, id="3")]
    measure_changes(
        capitals(),
        answers,
        engine(),
        on_changes=lambda answer, changes: None,
        already=[("2", "tuned")],
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(0, 2), (1, 2)]


def test_an_answer_that_was_cut_has_no_stop_token() -> None:
    assert texts(engine(), replace(TUNED, finish_reason="length")) == {"1 tuned": ["It", " is"]}


def test_answers_of_models_elsewhere_failed_ones_and_empty_ones_have_none() -> None:
    at_hand = engine()
    at_hand._info = replace(at_hand.info, serving={**at_hand.info.serving, "elsewhere": "remote"})
    others = (
        replace(TUNED, model="elsewhere"),
        replace(TUNED, finish_reason=None, answer="", error="no"),
        replace(TUNED, answer=""),
    )
    assert texts(at_hand, *others) == {}


def test_what_was_measured_is_not_measured_again() -> None:
    assert texts(engine(), TUNED, already=(("1", "tuned"),)) == {}


def test_an_answer_that_fails_leaves_the_others_theirs() -> None:
    failing = FakeEngine({"tuned": "x"}, failing=["1: France?"])
    assert texts(failing, TUNED, replace(TUNED, id="2", prompt="2: Japan?")) == {
        "2 tuned": ["It", " is", " Paris"]
    }


def test_the_answer_is_measured_after_the_messages_that_it_answered() -> None:
    class Listening(FakeEngine):
        def token_changes(self, messages, target):  # type: ignore[no-untyped-def]
            assert messages == (
                Message("system", "Be short."),
                Message("user", "1: France?"),
                Message("assistant", "It is Paris"),
            )
            raise EngineFailed("heard")

    assert texts(Listening({"tuned": "x"}), TUNED) == {}
