"""Courses of dropout and weight decay: (value at the start, progress) → value. Progress is clamped to [0, 1]."""

from collections.abc import Callable, Mapping

from phi_core.schedules.curves import clamped, golden_decay
from phi_core.schedules.golden_ratio import GOLDEN_RATIO

Course = Callable[[float, float], float]


def constant(start: float, progress: float) -> float:
    return start


def golden_dropout(start: float, progress: float) -> float:
    """D(p) = D0 φ^(−p): 0.1 falls to 0.0618."""
    return start * golden_decay(progress, 1.0)


def golden_weight_decay(start: float, progress: float) -> float:
    """W(p) = W0 (1 + p (φ − 1)): 0.01 grows to 0.01618."""
    return start * (1 + clamped(progress) * (GOLDEN_RATIO - 1))


DROPOUTS: Mapping[str, Course] = {"constant": constant, "golden": golden_dropout}
WEIGHT_DECAYS: Mapping[str, Course] = {"constant": constant, "golden": golden_weight_decay}
