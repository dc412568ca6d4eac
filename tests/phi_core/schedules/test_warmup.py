"""Warm-up: from above nothing to just below the peak, without a jump, and lengths that leave the peak a step."""

import pytest

from phi_core.schedules.golden_ratio import GOLDEN_RATIO
from phi_core.schedules.warmup import GOLDEN_WARMUP_RATIO, SHAPES, rising, share_of


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("num_steps", [0, 1, 2, 10, 1000])
def test_warm_up_rises_from_the_first_update_on_and_meets_the_peak(shape: str, num_steps: int) -> None:
    values = [*rising(num_steps, shape), SHAPES[shape](1)]
    assert len(values) == num_steps + 1
    assert values[0] > 0 and values[-1] == pytest.approx(1, abs=1e-15)
    rises = [after - before for before, after in zip([0.0, *values], values, strict=False)]
    assert all(rise > 0 for rise in rises)
    assert max(rises) <= 1.27 / (num_steps + 1), "a jump"


def test_linear_warm_up_rises_in_equal_steps() -> None:
    assert rising(4, "linear") == pytest.approx([0.2, 0.4, 0.6, 0.8])


def test_golden_warm_up_is_the_seed_s_rise_scaled_to_its_end() -> None:
    for value, place in zip(rising(9, "golden"), range(1, 10), strict=True):
        assert value == pytest.approx((1 - GOLDEN_RATIO ** -(place / 10)) / (1 - 1 / GOLDEN_RATIO))
        assert value > place / 10


def test_the_golden_share_is_a_tenth_of_one_over_phi_and_not_phi_to_the_minus_three() -> None:
    assert pytest.approx(0.0618, abs=1e-4) == GOLDEN_WARMUP_RATIO
    assert abs(GOLDEN_RATIO**-3 - GOLDEN_WARMUP_RATIO) > 0.1


@pytest.mark.parametrize(
    ("num_steps", "ratio", "warm"), [(100, 0.05, 5), (10, 0.3, 3), (1, 0.9, 0), (3, 0.99, 2), (0, 0.5, 0)]
)
def test_the_warm_up_is_the_floor_of_its_share(num_steps: int, ratio: float, warm: int) -> None:
    assert share_of(num_steps, ratio) == warm


def test_decimal_shares_are_not_cut_short_by_binary_fractions() -> None:
    assert all(share_of(100, count / 100) == count for count in range(100))
