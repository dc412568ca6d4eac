"""Numeric changes of rows as they stream by: scale, normalise, smooth. Missing values stay as they are.

Knows nothing about files. Rows come and go as (number, row) pairs, and are new objects where they differ.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from math import fsum
from typing import Any

from phi_core.data.fibonacci import fibonacci_weights
from phi_core.data.field_number import Number, finite, number_of
from phi_core.errors import DataError

Fields = dict[str, Any]
Numbered = tuple[int, Fields]

LARGEST_WINDOW = 999


@dataclass
class Range:
    """The least and the greatest number of a field; none if it has no number."""

    least: float = float("inf")
    greatest: float = float("-inf")

    def include(self, number: float) -> None:
        self.least = min(self.least, number)
        self.greatest = max(self.greatest, number)

    def placed(self, number: Number, *, upper: float) -> float:
        """From 0 for the least to `upper` for the greatest; 0 in a constant field."""
        least, width = self.least / 2, self.greatest / 2 - self.least / 2
        return min(1.0, (number / 2 - least) / width) * upper if width > 0 else 0.0


def scaled(
    row: Fields, fields: Sequence[str], change: Callable[[Number], Number], *, from_text: bool
) -> Fields:
    """The row with `change` done to its numbers. RecordFault if a field holds text, or a number becomes too large."""
    new = dict(row)
    for name in fields:
        if name in row and (number := number_of(row[name], name, from_text=from_text)) is not None:
            new[name] = _changed(number, change, name)
    return new


def _changed(number: Number, change: Callable[[Number], Number], name: str) -> Number:
    try:
        return finite(change(number), name)
    except OverflowError:
        return finite(float("inf"), name)


def include_in(ranges: Mapping[str, Range], row: Fields, *, from_text: bool) -> None:
    """Widen the range of each field by what the row holds there."""
    for name, found in ranges.items():
        if (number := number_of(row.get(name), name, from_text=from_text)) is not None:
            found.include(number)


def window_weights(window: int) -> tuple[float, ...]:
    """Fibonacci weights: what comes later weighs more. DataError unless the window has a middle."""
    if not 1 <= window <= LARGEST_WINDOW or window % 2 == 0:
        raise DataError(
            f"window {window} must be odd, from 1 to {LARGEST_WINDOW}: it has a row in its middle"
        )
    return fibonacci_weights(window)


def smoothed(
    rows: Iterable[Numbered], fields: Sequence[str], weights: Sequence[float], *, from_text: bool
) -> Iterator[Numbered]:
    """Each number becomes the weighted mean of those in the window around it; half a window of rows is held back.

    Beyond the ends, and where a value is missing, there is nothing to weigh: the other weights share the whole.
    """
    half = len(weights) // 2
    window: deque[tuple[Numbered, tuple[Number | None, ...]] | None] = deque(
        [None] * half, maxlen=len(weights)
    )
    read = (((number, row), _numbers(row, fields, from_text)) for number, row in rows)
    for item in chain(read, repeat(None, half)):
        window.append(item)
        if len(window) == len(weights) and (middle := window[half]) is not None:
            (number, row), values = middle
            means = {
                name: _mean([item and item[1][place] for item in window], weights)
                for place, name in enumerate(fields)
                if values[place] is not None
            }
            yield number, row | means


def _numbers(row: Fields, fields: Sequence[str], from_text: bool) -> tuple[Number | None, ...]:
    return tuple(number_of(row.get(name), name, from_text=from_text) for name in fields)


def _mean(values: Sequence[Number | None], weights: Sequence[float]) -> float:
    known = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    total = fsum(weight for _, weight in known)
    return fsum(value * (weight / total) for value, weight in known)
