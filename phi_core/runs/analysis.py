"""Convergence of a run, from its own curves: smoothed loss, slope, flags, steps to a target. Pure functions.

Smoother: an exponential moving average, started without bias (Adam's correction, Kingma & Ba 2015, section 3), whose
weight halves every `half_life` steps: a twentieth of the run, at least 3. It lags behind a falling loss.

    diverged     a loss is not finite, or the smoothed loss has risen again by more than half of what it had fallen and
                 by more than 4 times its noise
    over-fitting the last validation loss is more than 1 % above the lowest, which at least two validations followed,
                 while the smoothed training loss went on falling from there
    plateau      over the last quarter of the steps, slope ± 2 standard errors keeps the loss within 2 % of itself:
                 it is measured that nothing happens, which a loss too noisy to tell is not

A flag says what the curve did; what it would do is `forecast`.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from phi_core.runs.forecast import Forecast, forecast
from phi_core.runs.reader import Run
from phi_core.runs.series import finite

Point = tuple[float, float]
LEAST_POINTS = 10
"""Fewer steps say nothing of a slope or a plateau."""
RISE, FOLLOWING = 0.01, 2
PLATEAU = 0.02
NOISE = 4.0


@dataclass(frozen=True)
class Slope:
    """Change of the loss per 100 steps over steps `start` … `end`, by least squares.

    The standard error counts steps that go together as fewer: n (1 − ρ) / (1 + ρ) of them, with ρ the residuals'
    autocorrelation at lag one.
    """

    per_100_steps: float
    standard_error: float
    start: int
    end: int

    @property
    def is_clear(self) -> bool:
        """Whether it is more than two standard errors from none."""
        return abs(self.per_100_steps) > 2 * self.standard_error


@dataclass(frozen=True)
class Reached:
    """The first step at which a loss was at the target or below, and what it took until then."""

    step: int
    trained_tokens: int | None
    seconds: float | None


@dataclass(frozen=True)
class Analysis:
    """None: there is too little to say. Flags are sentences, "" where the flag is not raised."""

    steps: int
    half_life: float
    smoothed_loss: float | None
    slope: Slope | None
    diverged: str
    overfitting: str
    plateau: str
    target: float | None
    target_by_training: Reached | None
    target_by_validation: Reached | None
    forecast: Forecast | None

    @property
    def flags(self) -> tuple[str, ...]:
        return tuple(flag for flag in (self.diverged, self.overfitting, self.plateau) if flag)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def analyse(run: Run, *, target: float | None = None) -> Analysis:
    """What the curves of a run say. `target`: a loss, looked for in the smoothed training and the validation loss."""
    raw = run.series("step", "loss")
    losses, validation = finite(raw), finite(run.series("evaluation", "validation_loss"))
    half_life = max(3.0, len(losses) / 20)
    curve = smoothed(losses, half_life)
    slope = slope_of(losses[-max(LEAST_POINTS, len(losses) // 4) :])
    return Analysis(
        steps=len(raw),
        half_life=half_life,
        smoothed_loss=curve[-1][1] if curve else None,
        slope=slope,
        diverged=_diverged(raw, losses, curve),
        overfitting=_overfitting(validation, curve),
        plateau=_plateau(slope, curve),
        target=target,
        target_by_training=_reached(run, curve, target),
        target_by_validation=_reached(run, validation, target),
        forecast=None if run.state == "finished" else forecast(losses, run.total_steps),
    )


def smoothed(points: Sequence[Point], half_life: float) -> tuple[Point, ...]:
    """Exponential moving average over finite points, without bias at the start. `half_life` in points."""
    keep = 0.5 ** (1 / half_life)
    total, weight, curve = 0.0, 0.0, []
    for step, value in points:
        total, weight = keep * total + value, keep * weight + 1
        curve.append((step, total / weight))
    return tuple(curve)


def slope_of(points: Sequence[Point]) -> Slope | None:
    """The slope over finite points; None for fewer than LEAST_POINTS."""
    count = len(points)
    if count < LEAST_POINTS:
        return None
    middle = sum(step for step, _ in points) / count
    level = sum(value for _, value in points) / count
    spread = sum((step - middle) * (step - middle) for step, _ in points)
    slope = sum((step - middle) * (value - level) for step, value in points) / spread
    residuals = [value - level - slope * (step - middle) for step, value in points]
    variance = sum(residual * residual for residual in residuals) / (count - 2)
    error = math.sqrt(variance / spread * count / _effective(residuals))
    return Slope(100 * slope, 100 * error, round(points[0][0]), round(points[-1][0]))


def _effective(residuals: Sequence[float]) -> float:
    """How many independent values as many correlated ones are worth; at least 3, at most their number."""
    square = sum(residual * residual for residual in residuals)
    pairs = pairwise(residuals)
    correlation = sum(one * other for one, other in pairs) / square if square else 0.0
    return min(len(residuals), max(3.0, len(residuals) * (1 - correlation) / (1 + correlation)))


def _noise(losses: Sequence[Point]) -> float:
    """Standard deviation of a step's loss around its trend, from the differences of neighbours (von Neumann 1941)."""
    pairs = pairwise(losses)
    squares = [(other - one) * (other - one) for (_, one), (_, other) in pairs]
    return math.sqrt(sum(squares) / (2 * len(squares))) if squares else 0.0


def _diverged(raw: Sequence[Point], losses: Sequence[Point], curve: Sequence[Point]) -> str:
    bad = next((step for step, value in raw if not math.isfinite(value)), None)
    if bad is not None:
        return f"diverged: the loss is not finite at step {bad:.0f}"
    if len(curve) < LEAST_POINTS:
        return ""
    start, lowest = curve[0][1], min(curve, key=lambda point: point[1])
    rise, fall = curve[-1][1] - lowest[1], max(0.0, start - lowest[1])
    if rise > 0.5 * fall and rise > NOISE * _noise(losses):
        return f"diverged: the smoothed loss rose from {lowest[1]:.4g} at step {lowest[0]:.0f} to {curve[-1][1]:.4g}"
    return ""


def _overfitting(validation: Sequence[Point], curve: Sequence[Point]) -> str:
    if not validation or not curve:
        return ""
    lowest = min(range(len(validation)), key=lambda place: validation[place][1])
    step, least = validation[lowest]
    last = validation[-1][1]
    then = next((value for at, value in curve if at >= step), curve[-1][1])
    follows = len(validation) - 1 - lowest >= FOLLOWING
    if follows and last > least + RISE * abs(least) and curve[-1][1] < then:
        return (
            f"over-fitting: validation loss was lowest ({least:.4g}) at step {step:.0f} and is {last:.4g} now, "
            f"while the smoothed training loss fell from {then:.4g} to {curve[-1][1]:.4g}"
        )
    return ""


def _plateau(slope: Slope | None, curve: Sequence[Point]) -> str:
    if slope is None or not curve:
        return ""
    length = (slope.end - slope.start) / 100
    most = (abs(slope.per_100_steps) + 2 * slope.standard_error) * length
    if most <= PLATEAU * abs(curve[-1][1]):
        return f"plateau: from step {slope.start} to {slope.end} the loss changed by no more than {most:.2g}"
    return ""


def _reached(run: Run, points: Sequence[Point], target: float | None) -> Reached | None:
    step = next((at for at, value in points if target is not None and value <= target), None)
    if step is None:
        return None
    tokens, seconds = _until(run, "trained_tokens", step), _until(run, "step_seconds", step)
    return Reached(round(step), round(tokens) if tokens is not None else None, seconds)


def _until(run: Run, name: str, step: float) -> float | None:
    values = [value for at, value in finite(run.series("step", name)) if at <= step]
    return sum(values) if values else None
