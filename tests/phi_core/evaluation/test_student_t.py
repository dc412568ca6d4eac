"""Student's t against the printed tables."""

import pytest

from phi_core.evaluation.student_t import MANY, probability_within, quantile_within


@pytest.mark.parametrize(
    ("probability", "degrees", "quantile"),
    [
        (0.95, 1, 12.7062),
        (0.95, 2, 4.302653),
        (0.95, 3, 3.182446),
        (0.95, 4, 2.776445),
        (0.95, 10, 2.228139),
        (0.95, 30, 2.042272),
        (0.99, 5, 4.032143),
        (0.999, 2, 31.59905),
    ],
)
def test_quantiles_are_those_of_the_tables(probability: float, degrees: int, quantile: float) -> None:
    assert quantile_within(probability, degrees) == pytest.approx(quantile, rel=1e-5)
    assert probability_within(quantile, degrees) == pytest.approx(probability, rel=1e-6)


def test_many_degrees_go_on_where_the_series_ends() -> None:
    """The expansion beyond MANY meets the series, and comes down to the normal distribution."""
    series, expansion = quantile_within(0.95, MANY), quantile_within(0.95, MANY + 1)
    assert 0 < series - expansion < 1e-5
    assert quantile_within(0.95, 10**6) == pytest.approx(1.959966, abs=1e-6)
