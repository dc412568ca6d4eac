"""Student's t distribution for whole degrees of freedom, by its finite series (Abramowitz & Stegun 26.7.3–4).

The series has as many terms as degrees; beyond MANY the quantile comes from the expansion about the normal one (26.7.5).
"""

import math
from statistics import NormalDist

MANY = 1000


def probability_within(t: float, degrees: int) -> float:
    """The probability that |T| ≤ t."""
    angle = math.atan(t / math.sqrt(degrees))
    sine, cosine, is_odd = math.sin(angle), math.cos(angle), degrees % 2 == 1
    term = cosine if is_odd else 1.0
    total = term if degrees > 1 else 0.0
    for order in range(3 if is_odd else 2, degrees - 1, 2):
        term *= (order - 1) / order * cosine**2
        total += term
    return 2 / math.pi * (angle + sine * total) if is_odd else sine * total


def quantile_within(probability: float, degrees: int) -> float:
    """The t for which |T| ≤ t has this probability."""
    if degrees > MANY:
        return _expanded(NormalDist().inv_cdf((1 + probability) / 2), degrees)
    low, high = 0.0, 1.0
    while probability_within(high, degrees) < probability:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if probability_within(middle, degrees) < probability else (low, middle)
    return (low + high) / 2


def _expanded(x: float, degrees: int) -> float:
    """The first three terms: the next is below 1e-9 at MANY degrees and usual levels."""
    first = (x**3 + x) / 4
    second = (5 * x**5 + 16 * x**3 + 3 * x) / 96
    return x + first / degrees + second / degrees**2
