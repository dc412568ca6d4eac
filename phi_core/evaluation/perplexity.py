"""Validation loss and perplexity of conversations, for every target of one engine.

Token-weighted: the loss is the sum over all trained tokens divided by their number, not a mean of means, so that a
long record counts as much as its tokens. Knows nothing about files or how a conversation becomes tokens.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from phi_core.chat.engine import Engine, LogLikelihood
from phi_core.chat.messages import Message
from phi_core.errors import DataError


@dataclass(frozen=True)
class ValidationLoss:
    """`loss` in nats a token over `tokens` tokens of `records` conversations; `perplexity` = exp(loss)."""

    loss: float
    perplexity: float
    tokens: int
    records: int


def evaluate_perplexity(
    conversations: Sequence[Sequence[Message]],
    engine: Engine,
    *,
    targets: Sequence[str],
    on_progress: Callable[[int, int], None],
) -> dict[str, ValidationLoss]:
    """The loss of each target. `on_progress` hears (conversations done, conversations). DataError if none has a token."""
    measured: dict[str, list[LogLikelihood]] = {target: [] for target in targets}
    for done, messages in enumerate(conversations, 1):
        for target in targets:
            measured[target].append(engine.log_likelihood(messages, target))
        on_progress(done, len(conversations))
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
