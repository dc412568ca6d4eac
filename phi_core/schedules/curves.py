"""Curves: progress in [0, 1] → multiplier in [0, 1] of the peak value, by name.

One name means one formula; every curve starts at 1. Progress outside [0, 1] is clamped. No state: any place can be
asked for in any order. φ is the golden ratio, κ `Form.power`.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from phi_core.schedules.golden_ratio import GOLDEN_RATIO

Curve = Callable[[float], float]


@dataclass(frozen=True)
class Form:
    """What curves may be told: κ, the number of cycles, and the share of the peak that takes the place of 0.

    `places` are the progresses at which the curve will be read: each restart falls on the nearest of them, so that a
    cycle begins at the peak also where a run has few steps. None: restarts fall where the formula says.
    """

    power: float = 1.0
    cycles: int = 4
    minimum: float = 0.0
    places: Sequence[float] | None = None


def constant(progress: float) -> float:
    """1"""
    return 1.0


def linear(progress: float) -> float:
    """1 − p"""
    return 1.0 - clamped(progress)


def cosine(progress: float) -> float:
    """(1 + cos πp) / 2, the half cosine of Loshchilov and Hutter 2017 (SGDR), one cycle"""
    return 0.5 * (1.0 + math.cos(math.pi * clamped(progress)))


def golden_decay(progress: float, power: float) -> float:
    """φ^(−κp), the form of the PHI training guide. Ends at φ^(−κ): it never anneals."""
    return float(GOLDEN_RATIO ** -(power * clamped(progress)))


def golden_power_decay(progress: float, power: float) -> float:
    """φ^(−p^κ), the form of the PHI library. Ends at 1/φ for every κ.

    κ = 0 is the limit of small κ: 1 at p = 0 and 1/φ ever after. (0^0 = 1 would say 1/φ from the start, and the peak
    would never be reached.)
    """
    place = clamped(progress)
    return float(GOLDEN_RATIO ** -(place**power)) if place else 1.0


def golden_cosine(progress: float) -> float:
    """½ (1 + cos πp) φ^(−p)"""
    return cosine(progress) * golden_decay(progress, 1.0)


def restarts(progress: float, bounds: Sequence[float]) -> float:
    """½ (1 + cos πu), where u in [0, 1) is the place within the cycle: a cosine annealing that begins anew at each bound.

    `bounds` rise from 0 to 1. At p = 1 the last cycle is at its end; no other begins.
    """
    place = clamped(progress)
    cycle = min(bisect_right(bounds, place), len(bounds) - 1)
    begin, end = bounds[cycle - 1], bounds[cycle]
    return cosine((place - begin) / (end - begin))


def equal_cycles(count: int) -> tuple[float, ...]:
    """Bounds of cycles of one length."""
    return tuple(place / count for place in range(count + 1))


def golden_cycles(count: int) -> tuple[float, ...]:
    """Bounds of cycles each φ times as long as the one before, which together are the whole run.

    Three cycles of 1,000 steps: 191, 500, 1,000. Four: 106, 276, 553, 1,000. Cycles shorter than 1e-12 of the run are
    left out.
    """
    lengths = [GOLDEN_RATIO ** (place - count + 1) for place in range(count)]
    total = math.fsum(lengths)
    inner = (math.fsum(lengths[:place]) / total for place in range(max(1, count - 60), count))
    return (0.0, *(bound for bound in inner if bound > 1e-12), 1.0)


def on_places(bounds: Sequence[float], places: Sequence[float]) -> tuple[float, ...]:
    """Bounds moved to the nearest of some rising places; those that then coincide are one. The ends stay 0 and 1."""
    inner = {_nearest(places, bound) for bound in bounds[1:-1]} if places else set[float]()
    return (0.0, *sorted(inner - {0.0, 1.0}), 1.0)


def lifted(curve: Curve, minimum: float) -> Curve:
    """min + (1 − min) · curve: ends at the minimum instead of 0."""
    return lambda progress: minimum + (1.0 - minimum) * curve(progress)


def clamped(progress: float) -> float:
    return min(1.0, max(0.0, progress))


CURVES: Mapping[str, Callable[[Form], Curve]] = {
    "constant": lambda form: constant,
    "linear": lambda form: lifted(linear, form.minimum),
    "cosine": lambda form: lifted(cosine, form.minimum),
    "cosine_restarts": lambda form: _restarting(form, equal_cycles(form.cycles)),
    "golden_decay": lambda form: lambda progress: golden_decay(progress, form.power),
    "golden_power_decay": lambda form: lambda progress: golden_power_decay(progress, form.power),
    "golden_cosine": lambda form: lifted(golden_cosine, form.minimum),
    "golden_restarts": lambda form: _restarting(form, golden_cycles(form.cycles)),
}
WITH_POWER = ("golden_decay", "golden_power_decay")
WITH_CYCLES = ("cosine_restarts", "golden_restarts")
WITH_MINIMUM = ("linear", "cosine", "cosine_restarts", "golden_cosine", "golden_restarts")
"""The schedules in which each part of a form has an effect."""


def _nearest(places: Sequence[float], bound: float) -> float:
    after = bisect_right(places, bound)
    return min(places[max(0, after - 1) : after + 1], key=lambda place: abs(place - bound))


def _restarting(form: Form, bounds: tuple[float, ...]) -> Curve:
    found = bounds if form.places is None else on_places(bounds, form.places)
    return lifted(lambda progress: restarts(progress, found), form.minimum)
