"""Where the training loss of a run that has not ended will be at its last step: a fit with an interval, backtested.

The losses so far are averaged in blocks; a + b k^(−c), with b ≥ 0 and c of a few values, is fitted to them by least
squares. The same is done from earlier blocks of this run for blocks that it has reached since, just as many times
further on: the largest of those errors is the interval's half-width. Under exchangeable errors m backtests cover the
truth m times in m + 1; a learning rate that falls later, or a change of data, is nothing that a fit can know.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

Point = tuple[float, float]
BLOCKS = 40
LEAST_BLOCKS = 6
"""What a fit is made from, at least."""
LEAST_BACKTESTS = 5
EXPONENTS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)


@dataclass(frozen=True)
class Forecast:
    """`loss` at `step`, as the mean over a block; `low` and `high` are loss ∓ the largest backtest error.

    `median_error` is the backtests' median absolute error, `median_error_unchanged` that of "it stays as it is".
    """

    step: int
    loss: float
    low: float
    high: float
    backtests: int
    median_error: float
    median_error_unchanged: float


def forecast(losses: Sequence[Point], last_step: int | None) -> Forecast | None:
    """From finite losses of steps done. None without LEAST_BACKTESTS backtests, or where nothing is left to do."""
    if not losses or losses[0][0] < 1 or last_step is None or last_step <= losses[-1][0]:
        return None
    blocks, ratio = _blocks(losses), last_step / losses[-1][0]
    tests = [
        (blocks[:count], blocks[end - 1])
        for count in range(LEAST_BLOCKS, len(blocks))
        if count < (end := round(count * ratio)) <= len(blocks)
    ]
    if len(tests) < LEAST_BACKTESTS:
        return None
    errors = [abs(_extrapolated(known, step) - truth) for known, (step, truth) in tests]
    unchanged = [abs(known[-1][1] - truth) for known, (_, truth) in tests]
    loss, width = _extrapolated(blocks, last_step), max(errors)
    return Forecast(
        last_step, loss, loss - width, loss + width, len(tests), median(errors), median(unchanged)
    )


def _blocks(losses: Sequence[Point]) -> list[Point]:
    """Mean step and mean loss of up to BLOCKS stretches, the same number of losses in each; the oldest rest is left out."""
    size = max(1, len(losses) // BLOCKS)
    kept = losses[len(losses) % size :]
    parts = (kept[start : start + size] for start in range(0, len(kept), size))
    return [(fmean(step for step, _ in part), fmean(value for _, value in part)) for part in parts]


def _extrapolated(points: Sequence[Point], step: float) -> float:
    """The fit with the least squared error, at `step`."""
    fits = [_fit(points, exponent) for exponent in EXPONENTS]
    _, level, factor, exponent = min(fits)
    return level + factor * math.pow(step, -exponent)


def _fit(points: Sequence[Point], exponent: float) -> tuple[float, float, float, float]:
    """(squared error, a, b, c) of a + b k^(−c) for one c; b is 0 where the loss rises."""
    xs = [math.pow(step, -exponent) for step, _ in points]
    ys = [value for _, value in points]
    middle, level = fmean(xs), fmean(ys)
    spread = sum((x - middle) * (x - middle) for x in xs)
    shared = sum((x - middle) * (y - level) for x, y in zip(xs, ys, strict=True))
    factor = max(0.0, shared / spread) if spread else 0.0
    start = level - factor * middle
    misses = [y - start - factor * x for x, y in zip(xs, ys, strict=True)]
    error = sum(miss * miss for miss in misses)
    return error, start, factor, exponent
