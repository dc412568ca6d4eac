"""Convergence on curves whose truth is known: slopes, flags with their steps, targets, and a forecast that is tried."""

import math
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from run_factory import add_event, make_run

from phi_core.runs.analysis import analyse, slope_of, smoothed
from phi_core.runs.forecast import LEAST_BACKTESTS, forecast
from phi_core.runs.reader import Run, read_run


def run_of(
    folder: Path, losses: Sequence[float], validation: Sequence[tuple[int, float]] = (), **more: object
) -> Run:
    """A run with these losses, and these validations instead of the factory's own."""
    path = make_run(folder, f"run-{len(list(folder.iterdir()))}", losses=losses, steps=len(losses), **more)
    lines = (path / "events.jsonl").read_text().splitlines(keepends=True)
    (path / "events.jsonl").write_text("".join(line for line in lines if '"evaluation"' not in line))
    for step, loss in validation:
        add_event(path, "evaluation", step, validation_loss=loss)
    return read_run(path)


def noisy(losses: Sequence[float], deviation: float = 0.01, seed: int = 0) -> list[float]:
    chance = random.Random(seed)
    return [loss + chance.gauss(0, deviation) for loss in losses]


def test_the_smoother_has_no_bias_and_halves_its_weights() -> None:
    assert [value for _, value in smoothed([(step, 2.0) for step in range(5)], 3)] == pytest.approx([2.0] * 5)
    curve = smoothed([(0, 0.0), (1, 0.0), (2, 1.0), (3, 0.0)], half_life=1)
    assert curve[2][1] == pytest.approx(1 / 1.75) and curve[3][1] == pytest.approx(0.5 / 1.875)


def test_a_straight_line_has_its_slope_and_no_error() -> None:
    found = slope_of([(step, 3 - 0.002 * step) for step in range(1, 51)])
    assert found is not None
    assert found.per_100_steps == pytest.approx(-0.2) and found.standard_error == pytest.approx(0, abs=1e-9)
    assert (found.start, found.end) == (1, 50)
    assert slope_of([(step, 1.0) for step in range(9)]) is None


@pytest.mark.parametrize("correlation", [0.0, 0.7])
def test_two_standard_errors_hold_the_true_slope_about_as_often_as_they_should(correlation: float) -> None:
    """400 noisy lines, also with errors that go together: an error bar that ignores this holds it in 60 %."""
    held = 0
    for seed in range(400):
        chance, error, points = random.Random(seed), 0.0, []
        for step in range(100):
            error = correlation * error + chance.gauss(0, 0.1)
            points.append((step, 1 - 0.001 * step + error))
        found = slope_of(points)
        assert found is not None
        held += abs(found.per_100_steps + 0.1) <= 2 * found.standard_error
    assert 0.87 <= held / 400 <= 0.99


def test_a_healthy_run_has_no_flags(tmp_path: Path) -> None:
    losses = noisy([3 - 0.02 * step for step in range(100)])
    found = analyse(run_of(tmp_path, losses, [(20, 2.7), (60, 1.9), (100, 1.1)]))
    assert found.flags == ()
    assert (
        found.slope is not None
        and found.slope.is_clear
        and found.slope.per_100_steps == pytest.approx(-2, abs=0.1)
    )


def test_over_fitting_names_the_step_of_the_minimum(tmp_path: Path) -> None:
    losses = noisy([3 - 0.02 * step for step in range(100)])
    rising = [(20, 2.7), (40, 2.4), (60, 2.45), (80, 2.6), (100, 2.8)]
    found = analyse(run_of(tmp_path, losses, rising))
    assert "lowest (2.4) at step 40 and is 2.8 now" in found.overfitting and found.flags == (
        found.overfitting,
    )


@pytest.mark.parametrize(
    "validation",
    [
        [(20, 2.7), (60, 2.4), (100, 2.8)],  # one validation after the minimum may be chance
        [(20, 2.7), (40, 2.4), (60, 2.41), (100, 2.41)],  # within 1 %
    ],
)
def test_a_small_or_single_rise_is_no_over_fitting(
    tmp_path: Path, validation: list[tuple[int, float]]
) -> None:
    losses = noisy([3 - 0.02 * step for step in range(100)])
    assert analyse(run_of(tmp_path, losses, validation)).overfitting == ""


def test_validation_that_rises_with_the_training_loss_is_divergence_not_over_fitting(tmp_path: Path) -> None:
    losses = noisy([3 - 0.04 * step for step in range(50)] + [1 + 0.05 * step for step in range(50)])
    found = analyse(run_of(tmp_path, losses, [(25, 2.0), (50, 1.1), (75, 2.2), (100, 3.4)]))
    assert found.overfitting == "" and found.diverged.startswith("diverged: the smoothed loss rose from")


def test_a_loss_that_is_not_finite_is_divergence_at_its_step(tmp_path: Path) -> None:
    losses = [2.0, 1.9, math.inf, math.nan, 1.5] + [1.4] * 20
    found = analyse(run_of(tmp_path, losses))
    assert found.diverged == "diverged: the loss is not finite at step 3"
    assert found.smoothed_loss is not None and math.isfinite(found.smoothed_loss)


def test_a_flat_end_is_a_plateau_and_a_noisy_one_is_not(tmp_path: Path) -> None:
    falling = [3 - 0.04 * step for step in range(50)]
    flat = analyse(run_of(tmp_path, falling + noisy([1.0] * 150, 0.005)))
    assert flat.plateau.startswith("plateau: from step 151 to 200")
    assert analyse(run_of(tmp_path, falling + noisy([1.0] * 150, 0.3))).plateau == ""


def test_the_target_is_reached_where_the_smoothed_loss_reaches_it(tmp_path: Path) -> None:
    losses = [3.0] * 10 + [0.1] + [3.0] * 10 + [0.5] * 80
    found = analyse(run_of(tmp_path, losses, [(50, 1.2), (80, 0.9)]), target=1.0)
    assert found.target_by_training is not None and found.target_by_validation is not None
    step = found.target_by_training.step
    assert 22 <= step <= 40, "one lucky batch at step 11 is no success"
    assert found.target_by_training.trained_tokens == sum(100 * at for at in range(1, step + 1))
    assert found.target_by_training.seconds == pytest.approx(0.5 * step)
    assert found.target_by_validation.step == 80
    never = analyse(run_of(tmp_path, losses), target=0.01)
    assert never.target_by_training is None and never.target_by_validation is None


def test_an_empty_run_says_nothing(tmp_path: Path) -> None:
    found = analyse(run_of(tmp_path, []), target=1.0)
    assert (
        found.smoothed_loss is None and found.slope is None and found.flags == () and found.forecast is None
    )


def test_most_forecasts_hold_what_then_came() -> None:
    """200 power laws with noise, seen to half: the intervals hold the true mean of the end in at least 80 %."""
    held, widths = 0, []
    for seed in range(200):
        chance = random.Random(seed)
        level, factor, power = chance.uniform(0.5, 1.5), chance.uniform(1, 3), chance.uniform(0.3, 1.2)
        losses = [(step, level + factor * step**-power + chance.gauss(0, 0.05)) for step in range(1, 401)]
        found = forecast(losses[:200], 400)
        assert (
            found is not None and found.backtests >= LEAST_BACKTESTS and found.low <= found.loss <= found.high
        )
        held += found.low <= level + factor * 400**-power <= found.high
        widths.append(found.high - found.low)
    assert held / 200 >= 0.8
    assert sorted(widths)[100] < 1, "an interval that holds everything says nothing"


@pytest.mark.parametrize(
    ("losses", "last"),
    [
        ([(step, 1.0) for step in range(1, 11)], 20),  # too few for backtests
        ([(step, 1.0) for step in range(1, 101)], 100),  # nothing left
        ([(step, 1.0) for step in range(1, 101)], 5000),  # too far
        ([(step, 1.0) for step in range(1, 101)], None),
        ([], 10),
        ([(step, 1.0) for step in range(-5, 101)], 200),  # steps of no run
    ],
)
def test_without_backtests_there_is_no_forecast(losses: list[tuple[float, float]], last: int | None) -> None:
    assert forecast(losses, last) is None


def test_a_finished_run_gets_no_forecast(tmp_path: Path) -> None:
    losses = [1 + 1 / step for step in range(1, 101)]
    assert analyse(run_of(tmp_path, losses, total_steps=200)).forecast is None
    assert analyse(run_of(tmp_path, losses, total_steps=200, state="stopped")).forecast is not None
