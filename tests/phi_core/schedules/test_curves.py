"""Curves: published values, bounds and ends, and restarts that fill a run and begin at the peak."""

import itertools
import math

import pytest

from phi_core.config.problems import SPECS
from phi_core.schedules.curves import (
    CURVES,
    WITH_CYCLES,
    WITH_MINIMUM,
    WITH_POWER,
    Form,
    equal_cycles,
    golden_cosine,
    golden_cycles,
    golden_decay,
    golden_power_decay,
    on_places,
    restarts,
)
from phi_core.schedules.golden_ratio import GOLDEN_RATIO

PROGRESS = [place / 100 for place in range(101)]
WITHOUT_RESTARTS = [name for name in CURVES if name not in WITH_CYCLES]


def curve(name: str, **form: float) -> list[float]:
    return [CURVES[name](Form(**form))(place) for place in PROGRESS]  # type: ignore[arg-type]


def test_the_golden_ratio_is_exact() -> None:
    assert pytest.approx(0, abs=1e-12) == GOLDEN_RATIO**2 - GOLDEN_RATIO - 1
    assert pytest.approx(0.6180339887, abs=1e-10) == 1 / GOLDEN_RATIO
    assert pytest.approx(0.3819660113, abs=1e-10) == 1 / GOLDEN_RATIO**2


def test_every_schedule_that_can_be_chosen_has_a_curve() -> None:
    assert set(CURVES) == set(SPECS["schedule"].choices)
    assert {*WITH_POWER, *WITH_CYCLES, *WITH_MINIMUM} < set(CURVES)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("power", [0, 0.01, 0.9, 1, 3, 100])
@pytest.mark.parametrize("cycles", [1, 2, 7, 1000])
@pytest.mark.parametrize("minimum", [0, 0.1])
def test_a_curve_starts_at_one_and_never_leaves_zero_to_one(
    name: str, power: float, cycles: int, minimum: float
) -> None:
    values = curve(name, power=power, cycles=cycles, minimum=minimum)
    assert values[0] == 1
    assert all(isinstance(value, float) and 0 <= value <= 1 + 1e-12 for value in values)
    assert all(value >= minimum for value in values) or name not in WITH_MINIMUM


@pytest.mark.parametrize("name", WITHOUT_RESTARTS)
@pytest.mark.parametrize("power", [0, 0.5, 0.9, 2])
def test_a_curve_without_restarts_never_rises(name: str, power: float) -> None:
    values = curve(name, power=power)
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("outside", [-3, -0.5, 1.0001, 1.5, 1e9])
def test_progress_outside_the_run_counts_as_its_ends(name: str, outside: float) -> None:
    found = CURVES[name](Form(power=0.9, cycles=3))
    assert found(outside) == found(min(1, max(0, outside)))


def test_the_plain_curves_are_their_formulas() -> None:
    form = Form()
    assert [CURVES["linear"](form)(p) for p in (0.25, 0.5, 1)] == [0.75, 0.5, 0]
    assert CURVES["cosine"](form)(0.5) == pytest.approx(0.5)
    assert CURVES["cosine"](form)(1 / 3) == pytest.approx(0.75)
    assert CURVES["cosine"](form)(1) == pytest.approx(0)
    assert CURVES["constant"](form)(1) == 1


@pytest.mark.parametrize(
    ("power", "progress", "value"),
    [
        (0.9, 0.10, 0.9576),
        (0.9, 0.25, 0.8974),
        (0.9, 0.50, 0.8053),
        (0.9, 0.75, 0.7227),
        (0.9, 0.90, 0.6772),
        (0.9, 1, 0.6485),
        (1, 1, 0.6180),
        (0, 1, 1),
    ],
)
def test_golden_decay_is_the_guide_s(power: float, progress: float, value: float) -> None:
    assert golden_decay(progress, power) == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize(
    ("power", "progress", "value"),
    [
        (0.9, 0.10, 0.9412),
        (0.9, 0.25, 0.8709),
        (0.9, 0.50, 0.7727),
        (0.9, 0.75, 0.6897),
        (0.9, 0.90, 0.6455),
        (0.9, 1, 0.6180),
        (3, 1, 0.6180),
        (1, 0.5, golden_decay(0.5, 1)),
    ],
)
def test_golden_power_decay_is_the_library_s(power: float, progress: float, value: float) -> None:
    assert golden_power_decay(progress, power) == pytest.approx(value, abs=1e-4)


def test_a_power_of_zero_is_the_limit_of_small_ones_the_peak_and_then_its_end() -> None:
    assert golden_power_decay(0, 0) == 1
    for progress in (0.001, 0.5, 1):
        assert golden_power_decay(progress, 0) == pytest.approx(1 / GOLDEN_RATIO)
        assert golden_power_decay(progress, 1e-9) == pytest.approx(golden_power_decay(progress, 0))


@pytest.mark.parametrize(("progress", "value"), [(0, 1), (0.25, 0.757), (0.5, 0.393), (0.75, 0.102), (1, 0)])
def test_golden_cosine_has_its_published_values(progress: float, value: float) -> None:
    assert golden_cosine(progress) == pytest.approx(value, abs=5e-4)


@pytest.mark.parametrize("name", WITH_MINIMUM)
def test_a_minimum_is_reached_at_the_end_and_scales_the_rest(name: str) -> None:
    plain, raised = curve(name, cycles=2), curve(name, cycles=2, minimum=0.1)
    assert raised[-1] == pytest.approx(0.1)
    assert raised == pytest.approx([0.1 + 0.9 * value for value in plain])


@pytest.mark.parametrize("name", sorted(set(CURVES) - set(WITH_MINIMUM)))
def test_a_curve_that_does_not_end_at_0_has_no_minimum(name: str) -> None:
    assert curve(name, minimum=0.5) == curve(name)


@pytest.mark.parametrize(
    ("cycles", "steps"), [(1, [1000]), (3, [191, 500, 1000]), (4, [106, 276, 553, 1000])]
)
def test_golden_cycles_fill_a_thousand_steps_as_published(cycles: int, steps: list[int]) -> None:
    places = [step / 1000 for step in range(1000)]
    bounds = on_places(golden_cycles(cycles), places)
    assert [round(bound * 1000) for bound in bounds[1:]] == steps


@pytest.mark.parametrize("cycles", [2, 3, 5, 8])
def test_golden_cycles_are_each_phi_times_the_one_before(cycles: int) -> None:
    bounds = golden_cycles(cycles)
    lengths = [end - begin for begin, end in itertools.pairwise(bounds)]
    assert len(lengths) == cycles
    for shorter, longer in itertools.pairwise(lengths):
        assert longer / shorter == pytest.approx(GOLDEN_RATIO)


@pytest.mark.parametrize("name", WITH_CYCLES)
@pytest.mark.parametrize("num_steps", [1, 2, 3, 7, 10, 100, 1000])
@pytest.mark.parametrize("cycles", [1, 2, 3, 4, 50])
def test_each_restart_begins_at_the_peak_however_few_steps_there_are(
    name: str, num_steps: int, cycles: int
) -> None:
    places = [step / num_steps for step in range(num_steps)]
    found = CURVES[name](Form(cycles=cycles, places=places))
    values = [found(place) for place in places]
    rises = [k for k in range(1, num_steps) if values[k] > values[k - 1] + 1e-12]
    assert all(values[k] == 1 for k in [0, *rises])
    assert values == [found(place) for place in reversed(places)][::-1], "it has a state"
    if num_steps >= 100 and cycles <= 4:
        assert len(rises) == cycles - 1


def test_a_cycle_is_a_cosine_annealing_and_the_last_one_ends_the_run() -> None:
    bounds = (0.0, 0.25, 1.0)
    assert restarts(0.125, bounds) == pytest.approx(0.5)
    assert restarts(0.25, bounds) == 1
    assert restarts(0.25 - 1e-9, bounds) == pytest.approx(0)
    assert restarts(0.625, bounds) == pytest.approx(0.5)
    assert restarts(1, bounds) == restarts(2, bounds) == pytest.approx(0)


def test_equal_cycles_are_equal() -> None:
    assert equal_cycles(4) == (0, 0.25, 0.5, 0.75, 1)


@pytest.mark.parametrize(
    ("name", "mean"), [("constant", 1), ("linear", 0.5), ("cosine", 0.5), ("golden_cosine", 0.435)]
)
def test_the_means_are_those_that_the_documents_name(name: str, mean: float) -> None:
    values = [CURVES[name](Form())(place / 10_000) for place in range(10_000)]
    assert math.fsum(values) / 10_000 == pytest.approx(mean, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "power", "mean"),
    [("golden_decay", 1, 0.794), ("golden_decay", 0.9, 0.812), ("golden_power_decay", 0.9, 0.784)],
)
def test_golden_decays_are_nearly_constant(name: str, power: float, mean: float) -> None:
    values = [CURVES[name](Form(power=power))(place / 10_000) for place in range(10_000)]
    assert math.fsum(values) / 10_000 == pytest.approx(mean, abs=1e-3)
