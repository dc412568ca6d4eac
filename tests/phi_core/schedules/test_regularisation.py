"""Dropout, weight decay and harmonics over a run."""

import pytest

from phi_core.config.problems import SPECS
from phi_core.schedules.harmonics import fibonacci_term, modulation, resonance
from phi_core.schedules.regularisation import DROPOUTS, WEIGHT_DECAYS


def test_every_course_that_can_be_chosen_is_there() -> None:
    assert set(DROPOUTS) == set(SPECS["dropout_schedule"].choices)
    assert set(WEIGHT_DECAYS) == set(SPECS["weight_decay_schedule"].choices)


def test_golden_dropout_falls_and_golden_weight_decay_grows_in_a_straight_line() -> None:
    assert [DROPOUTS["golden"](0.1, p) for p in (0, 1, 5)] == pytest.approx([0.1, 0.0618, 0.0618], abs=1e-4)
    decay = WEIGHT_DECAYS["golden"]
    assert [decay(0.01, p) for p in (-1, 0, 0.5, 1, 5)] == pytest.approx(
        [0.01, 0.01, 0.01309, 0.01618, 0.01618], abs=1e-6
    )
    assert DROPOUTS["constant"](0.1, 0.7) == 0.1 and WEIGHT_DECAYS["constant"](0.1, 0.7) == 0.1


@pytest.mark.parametrize(
    ("progress", "strength"), [(0, 1.68), (0.25, 1.71), (0.5, 1.37), (0.75, 1.06), (1, 1.08)]
)
def test_harmonics_have_the_published_values_before_they_are_normalised(
    progress: float, strength: float
) -> None:
    assert 1.4 * resonance(progress) * fibonacci_term(progress) == pytest.approx(strength, abs=5e-3)


@pytest.mark.parametrize("count", [1, 2, 10, 1000])
def test_a_modulation_has_mean_1_and_is_never_0(count: int) -> None:
    values = modulation([place / count for place in range(count)])
    assert sum(values) / count == pytest.approx(1)
    assert all(0.65 < value < 1.5 for value in values)


def test_a_run_without_steps_has_no_modulation() -> None:
    assert modulation([]) == []
