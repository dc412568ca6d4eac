"""Harmonics: an optional modulation of the learning rate, of mean 1 over a run. An ablation, off by default.

The seed names R and F, but uses them only to draw made-up loss curves. That they modulate a learning rate, and are
divided by their mean so that they do not raise it, is our definition.
"""

import math
from collections.abc import Sequence

from phi_core.schedules.golden_ratio import GOLDEN_RATIO


def resonance(progress: float) -> float:
    """R(p) = 1 + 0.2 cos(2πp / φ)"""
    return 1 + 0.2 * math.cos(2 * math.pi * progress / GOLDEN_RATIO)


def fibonacci_term(progress: float) -> float:
    """F(p) = 1 + 0.1 sin(πφp)"""
    return 1 + 0.1 * math.sin(math.pi * GOLDEN_RATIO * progress)


def modulation(places: Sequence[float]) -> list[float]:
    """R(p) · F(p) at each of these progresses, divided by the mean of them all. Between 0.65 and 1.5, never 0."""
    values = [resonance(place) * fibonacci_term(place) for place in places]
    mean = math.fsum(values) / max(1, len(values))
    return [value / mean for value in values]
