"""Warm-up: multipliers of the steps before the peak. With W steps, step k (from 0) has shape(u), u = (k + 1) / (W + 1).

So the first update already moves, and the value after the last of them, at u = 1, is the peak.
"""

import math
from collections.abc import Callable, Mapping

from phi_core.schedules.golden_ratio import GOLDEN_RATIO

GOLDEN_WARMUP_RATIO = 0.1 / GOLDEN_RATIO
"""0.0618. (The seed's document calls it φ^(−3), which is 0.2361.)"""


def linear(place: float) -> float:
    """u"""
    return place


def golden(place: float) -> float:
    """(1 − φ^(−u)) / (1 − 1/φ): the seed's rise 1 − φ^(−u), scaled so that it reaches 1 without a jump."""
    return float((1 - GOLDEN_RATIO**-place) / (1 - 1 / GOLDEN_RATIO))


SHAPES: Mapping[str, Callable[[float], float]] = {"linear": linear, "golden": golden}


def rising(num_steps: int, shape: str) -> list[float]:
    """One multiplier a step of the warm-up, each above 0 and below 1."""
    return [SHAPES[shape]((step + 1) / (num_steps + 1)) for step in range(num_steps)]


def share_of(num_steps: int, ratio: float) -> int:
    """⌊ratio · num_steps⌋ for a ratio below 1, at most num_steps − 1 so that the peak is reached."""
    return min(math.floor(ratio * num_steps + 1e-9), max(num_steps - 1, 0))
