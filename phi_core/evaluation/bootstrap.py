"""Bootstrap intervals of a mean paired difference that hold what they state for few questions too.

Differences between −1 and 1 in, (low, high) out. The percentile bootstrap covers too seldom below some 50 questions, and
where nearly all questions tie it shrinks to a point; so there are two ways, each for the differences it is right for:

- Differences of 0/1 scores are −1, 0 or 1. Bayesian bootstrap (Rubin 1981): the weights of the observations are drawn
  from a Dirichlet distribution, here with Jeffreys' half an observation of −1, of 0 and of 1 added. The mean that was
  seen always lies within; if all tie, the bounds are those of a share that was never seen (Clopper, Pearson 1934), as
  in the modified Jeffreys interval (Brown, Cai, DasGupta 2001).
- FEW_CHANGED or more that are all unlike: bootstrap-t (Efron 1982), the quantiles of (mean* − mean) / standard error*.

Where some are alike and others not (graded scores with ties, several scorers in a set) neither is right alone and the
interval spans both; the added observations are then as large as the largest difference, or 1 while FEW_CHANGED are not
0. `benchmarks/coverage.py` prints how often the intervals cover. Knows nothing about answers.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

CONFIDENCE = 0.95
NUM_RESAMPLES = 4000
FEW_CHANGED = 8
PSEUDO_WEIGHT = 0.5
_NUMBERS_AT_ONCE = 1_000_000
_DECIMALS = 9
"""Differences that are alike but for rounding are alike."""

Interval = tuple[float, float]


def paired_interval(
    differences: Sequence[float],
    *,
    confidence: float = CONFIDENCE,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 42,
) -> Interval:
    """Bounds of the mean difference. One difference at least; each lies between −1 and 1."""
    import numpy as np

    values = np.round(np.asarray(differences, dtype=float), _DECIMALS)
    draws = np.random.default_rng(seed)
    shares = ((1 - confidence) / 2, (1 + confidence) / 2)
    if not values.any():
        return _all_tied(len(values), confidence)
    if np.isin(values, (-1.0, 0.0, 1.0)).all():
        return _weighted(values, 1.0, shares, num_resamples, draws)
    studentised = _studentised(values, shares, num_resamples, draws)
    are_unlike = len(np.unique(values)) == len(values) >= FEW_CHANGED
    if are_unlike and studentised is not None:
        return studentised
    weighted = _weighted(values, _reach(values), shares, num_resamples, draws)
    return weighted if studentised is None else _span(weighted, studentised)


def _all_tied(size: int, confidence: float) -> Interval:
    """(1 − p)ⁿ = (1 − confidence) / 2 for the share p of questions that could change and did not in n."""
    unseen = 1 - ((1 - confidence) / 2) ** (1 / size)
    return -unseen, unseen


def _reach(values: "np.ndarray[Any, Any]") -> float:
    """How large a difference that was not seen may be."""
    changed = abs(values[values != 0])
    return float(changed.max()) if len(changed) >= FEW_CHANGED else 1.0


def _weighted(
    values: "np.ndarray[Any, Any]",
    reach: float,
    shares: tuple[float, float],
    num_resamples: int,
    draws: "np.random.Generator",
) -> Interval:
    """Equal observations share one weight: the sum of gamma draws is a gamma draw."""
    import numpy as np

    seen, counts = np.unique(values, return_counts=True)
    points = np.concatenate([seen, (-reach, 0.0, reach)])
    weights = np.concatenate([counts, (PSEUDO_WEIGHT,) * 3])
    means = []
    for size in _blocks(num_resamples, len(points)):
        drawn = draws.standard_gamma(weights, (size, len(points)))
        means.append(drawn @ points / drawn.sum(axis=1))
    low, high = np.quantile(np.concatenate(means), shares)
    mean = float(values.mean())
    return min(float(low), mean), max(float(high), mean)


def _studentised(
    values: "np.ndarray[Any, Any]",
    shares: tuple[float, float],
    num_resamples: int,
    draws: "np.random.Generator",
) -> Interval | None:
    """mean − q · s/√n for the outer quantiles q of t* = (mean* − mean) / (s*/√n). None if there is no spread to go by."""
    import numpy as np

    size, mean = len(values), float(values.mean())
    spread = float(values.std(ddof=1)) / math.sqrt(size) if size > 1 else 0.0
    if spread == 0:
        return None
    found = []
    for block in _blocks(num_resamples, size):
        drawn = values[draws.integers(0, size, (block, size))]
        errors = drawn.std(axis=1, ddof=1) / math.sqrt(size)
        has_spread = errors > 1e-12
        found.append((drawn.mean(axis=1)[has_spread] - mean) / errors[has_spread])
    below, above = np.quantile(np.concatenate(found), shares) if any(map(len, found)) else (0.0, 0.0)
    return max(-1.0, mean - float(above) * spread), min(1.0, mean - float(below) * spread)


def _blocks(num_resamples: int, size: int) -> Iterator[int]:
    """So many resamples at a time that memory stays small."""
    at_once = max(1, _NUMBERS_AT_ONCE // size)
    for start in range(0, num_resamples, at_once):
        yield min(at_once, num_resamples - start)


def _span(one: Interval, other: Interval) -> Interval:
    return min(one[0], other[0]), max(one[1], other[1])
