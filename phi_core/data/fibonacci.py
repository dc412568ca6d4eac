"""Fibonacci weights: how often a record is drawn, how much a neighbour counts."""

import math

from phi_core.schedules.golden_ratio import GOLDEN_RATIO

EXACT_COUNT = 80
"""From here on F_i / ΣF is a power of φ to the last bit of a float."""


def fibonacci_weights(count: int) -> tuple[float, ...]:
    """F_i / (F_1 + … + F_n) for i from 1 to n, F being 1, 1, 2, 3, 5 … Finite, and 1 in sum, for any n ≥ 1.

    ΣF is F_(n+2) − 1, so that for large n the weight is φ^(i − n − 2): the last is 38 % of all, the last three 76 %.
    Those before the last 1,550 are too small for a float: 0.
    """
    if count <= EXACT_COUNT:
        numbers = _fibonacci_numbers(count)
        return tuple(number / sum(numbers) for number in numbers)
    powers = [float(GOLDEN_RATIO ** (place - count - 1)) for place in range(count)]
    total = math.fsum(powers)
    return tuple(power / total for power in powers)


def _fibonacci_numbers(count: int) -> list[int]:
    numbers = [1, 1]
    while len(numbers) < count:
        numbers.append(numbers[-2] + numbers[-1])
    return numbers[:count]
