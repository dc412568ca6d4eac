"""Validation loss and perplexity of conversations, for every target of one engine.

In: samples, ids with their answers marked. Token-weighted: the loss is the sum over all trained tokens divided by their number, not a mean of means, so that a
long record counts as much as its tokens. Knows nothing about files or how a record becomes tokens.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from phi_core.chat.engine import Engine, LogLikelihood
from phi_core.chat.prompt_format import Tokenised
from phi_core.errors import DataError


@dataclass(frozen=True)
class ValidationLoss:
    """`loss` in nats a token over `tokens` tokens of `records` records; `perplexity` = exp(loss)."""

    loss: float
    perplexity: float
    tokens: int
    records: int


def evaluate_perplexity(
    samples: Sequence[Tokenised],
    engine: Engine,
    *,
    targets: Sequence[str],
    on_progress: Callable[[int, int], None],
) -> dict[str, ValidationLoss]:
    """The loss of each target. `on_progress` hears (samples done, samples). DataError if none has a token."""
    measured: dict[str, list[LogLikelihood]] = {target: [] for target in targets}
    for done, sample in enumerate(samples, 1):
        for target in targets:
            measured[target].append(engine.sample_log_likelihood(sample, target))
        on_progress(done, len(samples))
    return {target: validation_loss(values) for target, values in measured.items()}


def validation_loss(values: Sequence[LogLikelihood]) -> ValidationLoss:
    """loss = −Σ log-likelihood / Σ tokens"""
    tokens = sum(value.tokens for value in values)
    if not tokens:
        raise DataError(
            "nothing to evaluate: no record has an answer", remedy="Give records with a prompt and a response"
        )
    loss = -math.fsum(value.log_likelihood for value in values) / tokens
    return ValidationLoss(loss, _exponential(loss), tokens, len(values))


def _exponential(loss: float) -> float:
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf
