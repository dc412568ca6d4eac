"""Losses and gradients that are no numbers: the run stops before the weights move, and names the rows."""

import math
from collections.abc import Sequence
from typing import Any

from torch import nn

from phi_core.errors import TrainingFailed
from phi_core.training import ranks
from phi_core.training.attempt import Attempt
from phi_core.training.gradients import are_finite, trained_parameters
from phi_core.training.step_data import Records, origin

_ROWS_NAMED = 16
_LOWEST_SCALE = 1.0
"""float16: where the gradient scaler arrives below this, gradients overflow at every scale."""


def require_finite_loss(done: Attempt, data: Records, *, step: int) -> None:
    """TrainingFailed on every process if one has such a loss; the rows of all of them are named."""
    rows = [origin(data, number) for number in done.not_finite]
    if not ranks.any_rank(bool(rows)):
        return
    named = [row for each in ranks.from_each(rows) for row in each]
    raise _failure(f"the loss is {done.loss if rows else math.nan}", named, step)


def require_finite_gradient(
    model: nn.Module, numbers: Sequence[int], data: Records, *, step: int, scaler: Any
) -> None:
    """Of the whole step, whose records are `numbers`. With a float16 `scaler` an overflow is let go on: the scaler
    leaves that step out and scales the next one less; until it has come down to nothing."""
    if scaler is not None and scaler.get_scale() >= _LOWEST_SCALE:
        return
    if not are_finite(trained_parameters(model)):
        raise _failure("the gradient is not finite", [origin(data, number) for number in numbers], step)


def _failure(what: str, rows: Sequence[str], step: int) -> TrainingFailed:
    more = f" and {len(rows) - _ROWS_NAMED} more" if len(rows) > _ROWS_NAMED else ""
    return TrainingFailed(
        f"{what} at step {step}, computed on {', '.join(rows[:_ROWS_NAMED])}{more}",
        "Look at these rows; lower learning_rate or raise warmup_ratio. Checkpoints from before are sound",
    )
