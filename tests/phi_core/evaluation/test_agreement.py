"""Agreement: published examples give the published figures."""

from collections.abc import Hashable

import pytest

from phi_core.evaluation.agreement import binomial_p, cohens_kappa, krippendorffs_alpha


def rated(categories: str) -> dict[Hashable, str]:
    """One character an item; a dot: not rated."""
    return {place: category for place, category in enumerate(categories) if category != "."}


def table(counts: list[list[int]]) -> tuple[dict[Hashable, str], dict[Hashable, str]]:
    """Two raters from a table of counts: a row is what the first said, a column what the second did."""
    pairs = [
        (str(row), str(column))
        for row, line in enumerate(counts)
        for column, count in enumerate(line)
        for _ in range(count)
    ]
    return {i: first for i, (first, _) in enumerate(pairs)}, {
        i: second for i, (_, second) in enumerate(pairs)
    }


def test_kappa_of_the_diagnoses_of_fleiss_levin_and_paik() -> None:
    """Statistical Methods for Rates and Proportions, 3rd edition 2003, table 18.1: κ = 0.676."""
    assert cohens_kappa(*table([[75, 1, 4], [5, 4, 1], [0, 0, 10]])) == pytest.approx(0.676, abs=5e-4)


def test_kappa_of_fifty_grant_proposals() -> None:
    """20 both yes, 15 both no, 5 and 10 apart: p_o = 0.7, p_e = 0.5, κ = 0.4."""
    assert cohens_kappa(*table([[20, 5], [10, 15]])) == pytest.approx(0.4)


def test_kappa_looks_only_at_what_both_rated() -> None:
    assert cohens_kappa(rated("aabb..a"), rated("aabbab.")) == 1.0
    assert cohens_kappa(rated("a."), rated(".a")) is None


def test_kappa_is_not_defined_where_chance_agrees_always() -> None:
    assert cohens_kappa(rated("aaaa"), rated("aaaa")) is None


def test_alpha_of_krippendorffs_four_observers_with_missing_data() -> None:
    """Computing Krippendorff's Alpha-Reliability (2011), example C: nominal α = 0.743."""
    observers = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
    assert krippendorffs_alpha([rated(row) for row in observers]) == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_krippendorffs_two_observers() -> None:
    """The same, example B: nominal α = 0.692."""
    found = krippendorffs_alpha([rated("aabbdcccedda"), rated("babbbccceddd")])
    assert found == pytest.approx(0.692, abs=5e-4)


def test_alpha_needs_two_categories_and_an_item_rated_twice() -> None:
    assert krippendorffs_alpha([rated("aa"), rated("aa")]) is None
    assert krippendorffs_alpha([rated("ab.."), rated("..ba")]) is None
    assert krippendorffs_alpha([]) is None


def test_alpha_of_perfect_agreement_is_one_and_of_systematic_disagreement_is_below_zero() -> None:
    assert krippendorffs_alpha([rated("abab"), rated("abab")]) == 1.0
    disagreement = krippendorffs_alpha([rated("abab"), rated("baba")])
    assert disagreement is not None and disagreement < 0


@pytest.mark.parametrize(
    ("successes", "trials", "p"),
    [(0, 0, 1.0), (5, 10, 1.0), (9, 10, 22 / 1024), (1, 10, 22 / 1024), (0, 1, 1.0)],
)
def test_the_binomial_test_is_exact(successes: int, trials: int, p: float) -> None:
    assert binomial_p(successes, trials) == pytest.approx(p)


def test_the_binomial_test_of_the_lady_tasting_many_cups() -> None:
    """R: binom.test(60, 100)$p.value."""
    assert binomial_p(60, 100) == pytest.approx(0.05688793, abs=1e-8)
