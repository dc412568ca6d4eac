"""How often the intervals of a comparison hold the true mean difference: stated 95 %. `python -m benchmarks.coverage`

Paired differences of known mean are drawn again and again; the share of intervals that hold the mean is their coverage.
For 0/1 scores it is no simulation: every count of wins and losses is weighed by its probability. A test runs a part of it.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, log

import numpy as np

from phi_core.evaluation.bootstrap import NUM_RESAMPLES, Interval, paired_interval

SIZES = (10, 15, 20, 30, 50, 100, 200)
ROUNDS = 2000
LARGEST_EXACT = 50

Draw = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True)
class Steps:
    """0/1 scores: the shares of questions that the adapter wins and loses; the others tie."""

    win: float
    loss: float

    @property
    def name(self) -> str:
        return f"0/1: {100 * self.win:.0f} % won, {100 * self.loss:.0f} % lost"


@dataclass(frozen=True)
class Graded:
    """Differences of graded scores and their true mean."""

    name: str
    draw: Draw
    mean: float


def _choice(values: tuple[float, ...], shares: tuple[float, ...]) -> Draw:
    return lambda draws, size: draws.choice(values, p=shares, size=size)


def _beta(a: float, b: float) -> tuple[Callable[[np.random.Generator, int], np.ndarray], float]:
    return (lambda draws, size: draws.beta(a, b, size)), a / (a + b)


def _difference(after: tuple[float, float], before: tuple[float, float]) -> tuple[Draw, float]:
    (draw_after, mean_after), (draw_before, mean_before) = _beta(*after), _beta(*before)
    return (lambda draws, size: draw_after(draws, size) - draw_before(draws, size)), mean_after - mean_before


def _mixture(share: float, one: Draw, other: Draw) -> Draw:
    return lambda draws, size: np.where(draws.random(size) < share, one(draws, size), other(draws, size))


STEPS = (
    *(Steps(0.05, 0.05), Steps(0.1, 0.1), Steps(0.2, 0.2), Steps(0.45, 0.45), Steps(0.1, 0.0)),
    *(Steps(0.2, 0.1), Steps(0.3, 0.05), Steps(0.4, 0.2), Steps(0.6, 0.1), Steps(0.9, 0.05)),
)


def graded() -> tuple[Graded, ...]:
    equal, equal_mean = _difference((2, 3), (2, 3))
    better, better_mean = _difference((3, 2), (2, 4))
    ties, ties_mean = _difference((1, 3), (1, 4))
    steps, mixed = _choice((1.0, -1.0, 0.0), (0.3, 0.1, 0.6)), _difference((3, 2), (2, 3))
    gains, gains_mean = _beta(0.5, 5)
    none = _choice((0.0,), (1.0,))
    return (
        Graded("ROUGE, no difference", equal, equal_mean),
        Graded("ROUGE, better", better, better_mean),
        Graded("ROUGE, small gains", lambda draws, size: draws.normal(0.01, 0.03, size), 0.01),
        Graded("ROUGE, only gains, skewed", gains, gains_mean),
        Graded("ROUGE, 60 % tied", _mixture(0.6, none, ties), 0.4 * ties_mean),
        Graded("half 0/1, half ROUGE", _mixture(0.5, steps, mixed[0]), 0.5 * 0.2 + 0.5 * mixed[1]),
        Graded("halves", _choice((-1, -0.5, 0, 0.5, 1), (0.1, 0.1, 0.4, 0.2, 0.2)), 0.15),
        Graded("halves, 75 % tied", _choice((-0.5, 0, 0.5, 1), (0.05, 0.75, 0.1, 0.1)), 0.125),
    )


def outcomes(steps: Steps, size: int) -> Iterator[tuple[int, int, float]]:
    """Every possible (wins, losses) of `size` questions with its probability, that of a multinomial draw."""
    for wins in range(size + 1):
        for losses in range(size + 1 - wins):
            yield wins, losses, _probability((wins, losses, size - wins - losses), steps)


def coverage_of_steps(steps: Steps, size: int) -> float:
    """Exact: Σ over wins and losses of their probability where the interval holds win − loss."""
    mean = steps.win - steps.loss
    return sum(
        probability
        for wins, losses, probability in outcomes(steps, size)
        if _holds(_interval(wins, losses, size), mean)
    )


def coverage_of_draws(
    draw: Draw, mean: float, size: int, rounds: int, *, num_resamples: int = NUM_RESAMPLES
) -> float:
    draws = np.random.default_rng(size)
    samples = (draw(draws, size) for _ in range(rounds))
    found = (paired_interval(sample, num_resamples=num_resamples) for sample in samples)
    return sum(_holds(interval, mean) for interval in found) / rounds


@lru_cache(maxsize=10_000)
def _interval(wins: int, losses: int, size: int) -> Interval:
    return paired_interval([1.0] * wins + [-1.0] * losses + [0.0] * (size - wins - losses))


def _probability(counts: tuple[int, int, int], steps: Steps) -> float:
    shares = (steps.win, steps.loss, max(0.0, round(1 - steps.win - steps.loss, 9)))
    if any(count and not share for count, share in zip(counts, shares, strict=True)):
        return 0.0
    terms = (
        count * log(share) - lgamma(count + 1) for count, share in zip(counts, shares, strict=True) if count
    )
    return exp(lgamma(sum(counts) + 1) + sum(terms))


def _holds(interval: Interval, mean: float) -> bool:
    return interval[0] - 1e-9 <= mean <= interval[1] + 1e-9


def rows(rounds: int) -> Iterator[tuple[str, list[float]]]:
    """(name, coverage at each size) of every distribution."""
    for steps in STEPS:
        draw = _choice((1.0, -1.0, 0.0), (steps.win, steps.loss, 1 - steps.win - steps.loss))
        mean = steps.win - steps.loss
        yield (
            steps.name,
            [
                coverage_of_steps(steps, size)
                if size <= LARGEST_EXACT
                else coverage_of_draws(draw, mean, size, rounds)
                for size in SIZES
            ],
        )
    for kind in graded():
        yield kind.name, [coverage_of_draws(kind.draw, kind.mean, size, rounds) for size in SIZES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="simulated question sets a figure")
    given = parser.parse_args()
    print("| coverage in % with so many questions |", " | ".join(map(str, SIZES)), "|")
    print("| --- |", " | ".join(["---:"] * len(SIZES)), "|")
    for name, shares in rows(given.rounds):
        print(f"| {name} |", " | ".join(f"{100 * share:.1f}" for share in shares), "|", flush=True)


if __name__ == "__main__":
    main()
