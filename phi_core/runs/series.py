"""Curves for plots: finite, few points, no spike lost. Pure functions on (step, value) pairs."""

import math
from collections.abc import Sequence

Point = tuple[float, float]
MOST_POINTS = 500
"""More than a terminal can tell apart, and few enough to be drawn in milliseconds."""


def finite(points: Sequence[Point]) -> tuple[Point, ...]:
    """Without NaN and infinities, which no plot can place."""
    return tuple(point for point in points if math.isfinite(point[1]))


def not_finite_note(points: Sequence[Point]) -> str:
    """A sentence on the steps whose value is NaN or infinite, "" if there are none."""
    steps = [round(step) for step, value in points if not math.isfinite(value)]
    if not steps:
        return ""
    first = ", ".join(str(step) for step in steps[:3])
    more = f" and {len(steps) - 3} more" if len(steps) > 3 else ""
    return f"not finite at step{'s' if len(steps) > 1 else ''} {first}{more}"


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> tuple[Point, ...]:
    """At most `most` finite points: lowest and highest of each of most / 2 buckets, so that every spike stays."""
    kept = finite(points)
    if len(kept) <= most:
        return kept
    size = -(-len(kept) // (most // 2))
    buckets = (kept[start : start + size] for start in range(0, len(kept), size))
    return tuple(point for bucket in buckets for point in _ends(bucket))


def _ends(bucket: Sequence[Point]) -> list[Point]:
    low, high = min(bucket, key=lambda point: point[1]), max(bucket, key=lambda point: point[1])
    return sorted({low, high})
