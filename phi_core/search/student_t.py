"""Student's t distribution for whole degrees of freedom, by its finite series (Abramowitz & Stegun 26.7.3–4)."""

import math


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
    low, high = 0.0, 1.0
    while probability_within(high, degrees) < probability:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if probability_within(middle, degrees) < probability else (low, middle)
    return (low + high) / 2
