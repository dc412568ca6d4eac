"""Curves and warm-up: bounds, ends, and no jump between them."""

import math

import pytest

from phi_core.config.problems import SPECS
from phi_core.schedules.curves import CURVES
from phi_core.schedules.multipliers import multipliers, warmup_steps

PROGRESS = [place / 100 for place in range(101)]


def test_every_schedule_that_can_be_chosen_has_a_curve() -> None:
    assert set(CURVES) == set(SPECS["schedule"].choices)


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_starts_at_one_never_rises_and_never_leaves_zero_to_one(name: str) -> None:
    values = [CURVES[name](progress) for progress in PROGRESS]
    assert values[0] == 1
    assert values == sorted(values, reverse=True)
    assert all(0 <= value <= 1 for value in values)


@pytest.mark.parametrize("name", CURVES)
def test_progress_outside_the_run_counts_as_its_ends(name: str) -> None:
    curve = CURVES[name]
    assert (curve(-0.5), curve(1.5)) == (curve(0), curve(1))


def test_the_curves_are_their_formulas() -> None:
    assert [CURVES["linear"](p) for p in (0.25, 0.5, 1)] == [0.75, 0.5, 0]
    assert CURVES["cosine"](0.5) == pytest.approx(0.5)
    assert CURVES["cosine"](1 / 3) == pytest.approx(0.75)
    assert CURVES["cosine"](1) == pytest.approx(0)
    assert CURVES["constant"](1) == 1


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("ratio", [0, 0.03, 0.5, 0.999])
@pytest.mark.parametrize("num_steps", [1, 2, 7, 100])
def test_there_is_a_multiplier_a_step_all_positive_and_the_peak_is_reached_once_warm(
    name: str, ratio: float, num_steps: int
) -> None:
    values = multipliers(name, num_steps=num_steps, warmup_ratio=ratio)
    warm = warmup_steps(num_steps, ratio)
    assert len(values) == num_steps
    assert all(0 < value <= 1 for value in values)
    assert values[warm] == max(values) == 1
    assert values[: warm + 1] == sorted(values[: warm + 1])


def test_warm_up_rises_in_equal_steps_from_the_first_update_on() -> None:
    assert multipliers("linear", num_steps=8, warmup_ratio=0.5) == pytest.approx(
        [0.2, 0.4, 0.6, 0.8, 1, 0.75, 0.5, 0.25]
    )


def test_a_run_without_steps_has_no_multiplier() -> None:
    assert multipliers("cosine", num_steps=0, warmup_ratio=0.5) == []


@pytest.mark.parametrize(
    ("num_steps", "ratio", "warm"), [(100, 0.05, 5), (10, 0.3, 3), (1, 0.9, 0), (3, 0.99, 2)]
)
def test_the_warm_up_is_the_floor_of_its_share(num_steps: int, ratio: float, warm: int) -> None:
    assert warmup_steps(num_steps, ratio) == warm


def test_decimal_shares_are_not_cut_short_by_binary_fractions() -> None:
    assert all(warmup_steps(100, count / 100) == count for count in range(100))


def test_the_cosine_is_half_way_down_in_the_middle_of_what_follows_warm_up() -> None:
    values = multipliers("cosine", num_steps=30, warmup_ratio=1 / 3)
    assert values[20] == pytest.approx(0.5)
    assert math.isclose(sum(values[10:]) / 20, 0.525)
