"""Curves: progress in [0, 1] → multiplier in [0, 1] of the peak value, by name.

One name means one formula; every curve starts at 1. Progress outside [0, 1] is clamped. No state.
"""

import math
from collections.abc import Callable, Mapping

Curve = Callable[[float], float]


def constant(progress: float) -> float:
    """1"""
    return 1.0


def linear(progress: float) -> float:
    """1 − p"""
    return 1.0 - _clamped(progress)


def cosine(progress: float) -> float:
    """(1 + cos πp) / 2, the half cosine of Loshchilov and Hutter 2017 (SGDR), one cycle"""
    return 0.5 * (1.0 + math.cos(math.pi * _clamped(progress)))


CURVES: Mapping[str, Curve] = {"constant": constant, "linear": linear, "cosine": cosine}


def _clamped(progress: float) -> float:
    return min(1.0, max(0.0, progress))
