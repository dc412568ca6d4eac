"""Curves: (step, value) pairs, and for plots finite, few points, no spike lost. Pure functions.

A Series holds the pairs of a long run as two arrays; it is a sequence like a list of pairs, and quicker to thin.
"""

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import overload

Point = tuple[float, float]
MOST_POINTS = 500
"""More than a terminal can tell apart, and few enough to be drawn in milliseconds."""


class Series(Sequence[Point]):
    """(step, value) pairs. `steps` and `values` are as long as each other and are not to be changed."""

    __slots__ = ("steps", "values")

    def __init__(self, steps: "array[int] | None" = None, values: "array[float] | None" = None) -> None:
        self.steps = array("q") if steps is None else steps
        self.values = array("d") if values is None else values

    @classmethod
    def of(cls, points: Iterable[tuple[int, float]]) -> "Series":
        kept = list(points)
        return cls(array("q", [step for step, _ in kept]), array("d", [value for _, value in kept]))

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return zip(self.steps, self.values, strict=True)

    @overload
    def __getitem__(self, index: int) -> tuple[int, float]: ...
    @overload
    def __getitem__(self, index: slice) -> "Series": ...
    def __getitem__(self, index: int | slice) -> "tuple[int, float] | Series":
        if isinstance(index, slice):
            return Series(self.steps[index], self.values[index])
        return self.steps[index], self.values[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Series):
            return self.steps == other.steps and self.values == other.values
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Series({list(self)})"

    @property
    def is_finite(self) -> bool:
        """Whether no value is NaN or infinite: a sum of finite ones that overflows is looked at one by one."""
        return math.isfinite(sum(self.values)) or all(map(math.isfinite, self.values))


def finite(points: Sequence[Point]) -> Sequence[Point]:
    """Without NaN and infinities, which no plot can place."""
    if isinstance(points, Series):
        return points if points.is_finite else _finite_part(points)
    return tuple(point for point in points if math.isfinite(point[1]))


def _finite_part(series: Series) -> Series:
    are_finite = bytes(map(math.isfinite, series.values))
    return Series(
        array("q", compress(series.steps, are_finite)), array("d", compress(series.values, are_finite))
    )


def not_finite_note(points: Sequence[Point]) -> str:
    """A sentence on the steps whose value is NaN or infinite, "" if there are none."""
    if isinstance(points, Series) and points.is_finite:
        return ""
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
        return tuple(kept)
    size = -(-len(kept) // (most // 2))
    buckets = (kept[start : start + size] for start in range(0, len(kept), size))
    return tuple(point for bucket in buckets for point in _ends(bucket))


def _ends(bucket: Sequence[Point]) -> list[Point]:
    if isinstance(bucket, Series):
        places = {bucket.values.index(end(bucket.values)) for end in (min, max)}
        return [bucket[place] for place in sorted(places)]
    low, high = min(bucket, key=lambda point: point[1]), max(bucket, key=lambda point: point[1])
    return sorted({low, high})
