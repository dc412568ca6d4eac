"""Points of a curve made ready for a plot: what is not finite taken out and named, the rest cut to few points.

Pure functions on (step, value) pairs. Knows neither plots nor runs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
MOST_POINTS = 500


@dataclass(frozen=True)
class Line:
    """One curve. `colour` is the terminal's own name for it."""

    name: str
    points: tuple[Point, ...]
    colour: str = "cyan"
    dotted: bool = False


@dataclass(frozen=True)
class Curves:
    """What a plot shows. `note` tells what the curves cannot."""

    title: str
    lines: tuple[Line, ...] = ()
    is_logarithmic: bool = False
    note: str = ""
    when_empty: str = "nothing to plot yet"

    @property
    def has_points(self) -> bool:
        return any(line.points for line in self.lines)


def finite(points: Sequence[Point]) -> tuple[Point, ...]:
    return tuple(point for point in points if math.isfinite(point[1]))


def not_finite_note(points: Sequence[Point]) -> str:
    """A sentence on the steps whose value is NaN or infinite, "" if there are none."""
    steps = [round(step) for step, value in points if not math.isfinite(value)]
    if not steps:
        return ""
    first = ", ".join(str(step) for step in steps[:3])
    more = f" and {len(steps) - 3} more" if len(steps) > 3 else ""
    return f"not finite at step{'s' if len(steps) > 1 else ''} {first}{more}"


def cut(points: Sequence[Point], limit: int = MOST_POINTS) -> tuple[Point, ...]:
    """At most `limit` points: the least and the greatest of each stretch, so that spikes stay."""
    if len(points) <= limit:
        return tuple(points)
    stretches = limit // 2
    bounds = [index * len(points) // stretches for index in range(stretches + 1)]
    return tuple(point for low, high in pairwise(bounds) for point in _extremes(points[low:high]))


def _extremes(stretch: Sequence[Point]) -> list[Point]:
    low, high = min(stretch, key=lambda point: point[1]), max(stretch, key=lambda point: point[1])
    return sorted({low, high})
