"""Validation loss: every token weighs the same."""

import math
from random import Random

import pytest
from fake_engine import FakeEngine

from phi_core.chat.engine import LogLikelihood
from phi_core.chat.prompt_format import Tokenised
from phi_core.errors import DataError
from phi_core.evaluation.perplexity import log_likelihoods, loss_difference, validation_loss


def test_the_loss_is_weighted_by_tokens_not_by_records() -> None:
    found = validation_loss([LogLikelihood(-1.0, 1), LogLikelihood(-27.0, 9)])
    assert (found.loss, found.tokens, found.records) == (2.8, 10, 2)
    assert found.perplexity == pytest.approx(math.exp(2.8))


def test_base_and_adapter_are_measured_on_the_same_records() -> None:
    records = [
        Tokenised((1, 2, 3, 4), ((1, 4),)),
        Tokenised((5, 6, 7), ((1, 3),)),
    ]
    progress: list[tuple[int, int]] = []
    engine = FakeEngine({"tuned": "anything"})
    values = log_likelihoods(
        records, engine, targets=("base", "tuned"), on_progress=lambda *p: progress.append(p)
    )
    found = {name: validation_loss(own) for name, own in values.items()}
    assert (found["base"].loss, found["tuned"].loss) == (1.0, 0.5)
    assert (found["base"].tokens, found["tuned"].tokens, found["base"].records) == (5, 5, 2)
    assert progress == [(1, 2), (2, 2)]


def test_nothing_to_measure_is_an_error() -> None:
    with pytest.raises(DataError, match="no record has an answer"):
        validation_loss([])


def test_a_hopeless_loss_has_infinite_perplexity() -> None:
    assert validation_loss([LogLikelihood(-1e6, 1)]).perplexity == math.inf


def test_the_difference_is_that_of_the_losses_and_its_interval_holds_it() -> None:
    draw = Random(3)
    base = [LogLikelihood(-draw.uniform(1, 3) * tokens, tokens) for tokens in range(1, 40)]
    tuned = [LogLikelihood(value.log_likelihood * 0.9, value.tokens) for value in base]
    found = loss_difference(base, tuned)
    assert found.mean == pytest.approx(validation_loss(tuned).loss - validation_loss(base).loss)
    assert found.low is not None and found.high is not None and found.low < found.mean < found.high < 0


def test_the_same_model_makes_no_difference() -> None:
    base = [LogLikelihood(-2.0 * tokens, tokens) for tokens in range(1, 10)]
    found = loss_difference(base, base)
    assert (found.mean, found.low, found.high) == (0, 0, 0)


def test_few_records_give_no_interval() -> None:
    values = [LogLikelihood(-1.0, 1)] * 5
    assert loss_difference(values, values).low is None


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Records of 1 to 40 tokens whose true mean gain is 0.1 nats a token, with noise for each record."""
    draw, covered, rounds = Random(7), 0, 2000
    for _ in range(rounds):
        tokens = [draw.randint(1, 40) for _ in range(25)]
        base = [LogLikelihood(-2.0 * count, count) for count in tokens]
        tuned = [LogLikelihood((-1.9 + draw.gauss(0, 0.5)) * count, count) for count in tokens]
        found = loss_difference(base, tuned)
        assert found.low is not None and found.high is not None
        covered += found.low <= -0.1 <= found.high
    assert 0.91 < covered / rounds < 0.97
