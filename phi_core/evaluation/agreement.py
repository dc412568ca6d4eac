"""Agreement of raters beyond chance, and the exact binomial test.

In: the categories that raters gave to items; out: Cohen's kappa for two raters, Krippendorff's alpha for any number of
them with items that some left out. Categories are names without an order. Knows nothing about answers or votes.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import chain
from math import comb

Ratings = Mapping[Hashable, str]
"""Item → category, of one rater."""


def cohens_kappa(first: Ratings, second: Ratings) -> float | None:
    """κ = (p_o − p_e) / (1 − p_e) over the items that both rated (Cohen 1960); None if κ is not defined.

    p_o is the share of items with equal categories, p_e = Σ_c p₁(c) p₂(c) that of chance with each rater's own shares.
    """
    shared = [item for item in first if item in second]
    if not shared:
        return None
    observed = sum(first[item] == second[item] for item in shared) / len(shared)
    ours = Counter(first[item] for item in shared)
    theirs = Counter(second[item] for item in shared)
    expected = sum(ours[category] * theirs[category] for category in ours) / len(shared) ** 2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def krippendorffs_alpha(raters: Sequence[Ratings]) -> float | None:
    """α = 1 − D_o / D_e for nominal data (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", part C).

    With o(c, k) the coincidences of categories within items, each item of m ≥ 2 ratings adding 1 / (m − 1) a pair,
    n(c) = Σ_k o(c, k) and n = Σ_c n(c): D_o = Σ_{c≠k} o(c, k) / n, D_e = Σ_{c≠k} n(c) n(k) / (n (n − 1)).
    Items with one rating do not count. None if fewer than two categories are left.
    """
    items = dict.fromkeys(chain.from_iterable(raters))
    units = [[ratings[item] for ratings in raters if item in ratings] for item in items]
    pairable = [Counter(unit) for unit in units if len(unit) > 1]
    totals: Counter[str] = sum(pairable, Counter())
    n = totals.total()
    apart = sum(_unequal_pairs(unit) / (unit.total() - 1) for unit in pairable)
    chance = _unequal_pairs(totals) / (n - 1) if n > 1 else 0.0
    return 1 - apart / chance if chance else None


def _unequal_pairs(counts: Counter[str]) -> int:
    """Ordered pairs of ratings with unequal categories: N² − Σ n(c)²."""
    return counts.total() ** 2 - sum(count**2 for count in counts.values())


def binomial_p(successes: int, trials: int) -> float:
    """Two-sided exact p of a fair coin: P(|X − n/2| ≥ |x − n/2|), X ~ Binomial(n, ½). 1 without trials."""
    rarer = min(successes, trials - successes)
    tail = sum(comb(trials, count) for count in range(rarer + 1))
    return min(1.0, 2 * tail / (1 << trials))
