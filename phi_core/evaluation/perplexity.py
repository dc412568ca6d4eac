"""Validation loss and perplexity, for every target of one engine, and what an adapter changes of them.

In: samples, ids with their answers marked. Token-weighted: the loss is the sum over all trained tokens divided by their number, not a mean of means, so that a
long record counts as much as its tokens. Knows nothing about files or how a record becomes tokens.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from phi_core.chat.engine import Engine, LogLikelihood
from phi_core.chat.prompt_format import Tokenised
from phi_core.errors import DataError
from phi_core.evaluation.bootstrap import CONFIDENCE
from phi_core.evaluation.student_t import quantile_within

MIN_RECORDS = 6
"""With fewer records no interval is given."""


@dataclass(frozen=True)
class ValidationLoss:
    """`loss` in nats a token over `tokens` tokens of `records` records; `perplexity` = exp(loss)."""

    loss: float
    perplexity: float
    tokens: int
    records: int


@dataclass(frozen=True)
class LossDifference:
    """Loss of an adapter − loss of the base, in nats a token. `low` and `high` bound it with 95 % confidence; None with
    too few records to say."""

    mean: float
    low: float | None
    high: float | None


def log_likelihoods(
    samples: Sequence[Tokenised],
    engine: Engine,
    *,
    targets: Sequence[str],
    on_progress: Callable[[int, int], None],
) -> dict[str, list[LogLikelihood]]:
    """What each target gives to each sample. `on_progress` hears (samples done, samples)."""
    measured: dict[str, list[LogLikelihood]] = {target: [] for target in targets}
    for done, sample in enumerate(samples, 1):
        for target in targets:
            measured[target].append(engine.sample_log_likelihood(sample, target))
        on_progress(done, len(samples))
    return measured


def validation_loss(values: Sequence[LogLikelihood]) -> ValidationLoss:
    """loss = −Σ log-likelihood / Σ tokens"""
    tokens = sum(value.tokens for value in values)
    if not tokens:
        raise DataError(
            "nothing to evaluate: no record has an answer", remedy="Give records with a prompt and a response"
        )
    loss = -math.fsum(value.log_likelihood for value in values) / tokens
    return ValidationLoss(loss, _exponential(loss), tokens, len(values))


def loss_difference(base: Sequence[LogLikelihood], adapter: Sequence[LogLikelihood]) -> LossDifference:
    """The difference on the same records, each record one draw (a record's tokens are not independent).

    Δ = Σ dᵢ / Σ nᵢ for records of nᵢ tokens, whose log-likelihood the adapter lowers by dᵢ. The interval is that of a
    ratio estimator: Δ ± t · √(m/(m−1) · Σ (dᵢ − Δ nᵢ)²) / Σ nᵢ over m records (Cochran, Sampling Techniques, 6.4).
    """
    gains = [
        before.log_likelihood - after.log_likelihood for before, after in zip(base, adapter, strict=True)
    ]
    tokens = [value.tokens for value in base]
    total, records = sum(tokens), len(tokens)
    mean = math.fsum(gains) / total
    if records < MIN_RECORDS:
        return LossDifference(mean, None, None)
    squares = math.fsum((gain - mean * count) ** 2 for gain, count in zip(gains, tokens, strict=True))
    reach = quantile_within(CONFIDENCE, records - 1) * math.sqrt(records / (records - 1) * squares) / total
    return LossDifference(mean, mean - reach, mean + reach)


def _exponential(loss: float) -> float:
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf
