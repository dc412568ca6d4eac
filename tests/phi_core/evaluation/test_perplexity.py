"""Validation loss: every token weighs the same."""

import math

import pytest
from fake_engine import FakeEngine

from phi_core.chat.engine import LogLikelihood
from phi_core.chat.prompt_format import Tokenised
from phi_core.errors import DataError
from phi_core.evaluation.perplexity import evaluate_perplexity, validation_loss


def test_the_loss_is_weighted_by_tokens_not_by_records() -> None:
    found = validation_loss([LogLikelihood(-1.0, 1), LogLikelihood(-27.0, 9)])
    assert (found.loss, found.tokens, found.records) == (2.8, 10, 2)
    assert found.perplexity == pytest.approx(math.exp(2.8))


def test_base_and_adapter_are_measured_on_the_same_records() -> None:
    records = [
        Tokenised((1, 2, 3, 4), (False, True, True, True)),
        Tokenised((5, 6, 7), (False, True, True)),
    ]
    progress: list[tuple[int, int]] = []
    engine = FakeEngine({"tuned": "anything"})
    found = evaluate_perplexity(
        records, engine, targets=("base", "tuned"), on_progress=lambda *p: progress.append(p)
    )
    assert (found["base"].loss, found["tuned"].loss) == (1.0, 0.5)
    assert (found["base"].tokens, found["tuned"].tokens, found["base"].records) == (5, 5, 2)
    assert progress == [(1, 2), (2, 2)]


def test_nothing_to_measure_is_an_error() -> None:
    with pytest.raises(DataError, match="no record has an answer"):
        evaluate_perplexity([], FakeEngine({}), targets=["base"], on_progress=print)


def test_a_hopeless_loss_has_infinite_perplexity() -> None:
    assert validation_loss([LogLikelihood(-1e6, 1)]).perplexity == math.inf
