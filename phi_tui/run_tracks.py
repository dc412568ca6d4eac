"""Tracks: the recorded values of a run along an axis (steps, trained tokens, or time of the steps), and what of them is
seen through a window. Pure functions on snapshots.

`trained_tokens` and `step_seconds` are a step's own: along the axis they are summed up. What is not finite has no place on
a curve; its steps are kept beside.
"""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from phi_core.runs.analysis import smoothed
from phi_core.runs.reader import Run
from phi_core.runs.series import MOST_POINTS, Point

Axis = Literal["step", "tokens", "time"]
AXES: tuple[Axis, ...] = ("step", "tokens", "time")
SUMMED = {"tokens": "trained_tokens", "time": "step_seconds"}


@dataclass(frozen=True)
class Track:
    """Finite values in order, each with its step and its place on the axis; `odd_steps` had none that is finite."""

    steps: Sequence[int] = ()
    xs: Sequence[float] = ()
    values: Sequence[float] = ()
    odd_steps: tuple[int, ...] = ()

    def at(self, x: float) -> int | None:
        """The index of the last value at or before a place, the first one if all come later; None without values."""
        return max(0, bisect_right(self.xs, x) - 1) if len(self.xs) else None


@dataclass(frozen=True)
class Clock:
    """Where on an axis the steps of a run lie."""

    axis: Axis
    steps: Sequence[int] = ()
    sums: Sequence[float] = ()

    def place(self, step: float) -> float:
        """Of a step, or of the last one before it."""
        if self.axis == "step":
            return float(step)
        index = bisect_right(self.steps, step) - 1
        return self.sums[index] if index >= 0 else 0.0

    def places(self, steps: Sequence[int]) -> Sequence[float]:
        if self.axis == "step":
            return steps
        return self.sums if list(steps) == list(self.steps) else [self.place(step) for step in steps]


def clock(run: Run, axis: Axis) -> Clock:
    if axis == "step":
        return Clock(axis)
    steps, values = _columns(run, "step", SUMMED[axis])
    return Clock(axis, steps, list(accumulate(value if math.isfinite(value) else 0.0 for value in values)))


def track(run: Run, kind: str, name: str, clock: Clock) -> Track:
    """The number `name` of all events of `kind`."""
    steps, values = _columns(run, kind, name)
    odd: tuple[int, ...] = ()
    if not (math.isfinite(sum(values)) or all(map(math.isfinite, values))):
        odd = tuple(step for step, value in zip(steps, values, strict=True) if not math.isfinite(value))
        pairs = [pair for pair in zip(steps, values, strict=True) if math.isfinite(pair[1])]
        steps, values = [step for step, _ in pairs], [value for _, value in pairs]
    return Track(steps, clock.places(steps), values, odd)


def smooth(track: Track, half_life: int) -> Track:
    """Its exponential moving average; the weight of a value halves with every `half_life` later ones."""
    curve = smoothed(tuple(zip(track.steps, track.values, strict=True)), half_life)
    return Track(track.steps, track.xs, [value for _, value in curve], track.odd_steps)


def seen(track: Track, limits: tuple[float, float] | None, most: int = MOST_POINTS) -> tuple[Point, ...]:
    """At most `most` points between the limits: lowest and highest of each bucket, so that every spike stays."""
    start, end = (
        (bisect_left(track.xs, limits[0]), bisect_right(track.xs, limits[1]))
        if limits
        else (0, len(track.xs))
    )
    if end - start <= most:
        return tuple(zip(track.xs[start:end], track.values[start:end], strict=True))
    size = -(-(end - start) // (most // 2))
    return tuple(
        (track.xs[place], track.values[place])
        for first in range(start, end, size)
        for place in _ends(track.values, first, min(first + size, end))
    )


def whole(tracks: Sequence[Track]) -> tuple[float, float] | None:
    """From the first place to the last of them all; None if they have none."""
    ends = [(track.xs[0], track.xs[-1]) for track in tracks if len(track.xs)]
    return (min(first for first, _ in ends), max(last for _, last in ends)) if ends else None


def _ends(values: Sequence[float], start: int, end: int) -> list[int]:
    """Where between two indices the lowest and the highest value are."""
    part = values[start:end]
    return sorted({start + part.index(min(part)), start + part.index(max(part))})


def _columns(run: Run, kind: str, name: str) -> tuple[Sequence[int], Sequence[float]]:
    """Steps and values, a step that was told twice as it was told last."""
    series = run.series(kind, name)
    steps, values = series.steps, series.values
    if all(map(int.__lt__, steps, steps[1:])):
        return steps, values
    told = dict(sorted(dict(zip(steps, values, strict=True)).items()))
    return list(told), array("d", told.values())
