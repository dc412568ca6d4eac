"""Courses: warm-up, schedule, dropout and weight decay of every step of a plan."""

import itertools
import math

import pytest

from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError
from phi_core.planning.courses import (
    course_notes,
    courses_of,
    multipliers,
    num_warmup_steps,
    progress,
    schedule_curves,
    summary,
)
from phi_core.planning.step_plan import Budget, StepPlan, make_step_plan
from phi_core.schedules.batch_growth import Growth
from phi_core.schedules.curves import CURVES, WITH_CYCLES

PLAIN = {"dataset_path": "x", "warmup_ratio": 0, "learning_rate": 1e-3, "schedule": "constant"}


def config(**options: object) -> TrainingConfig:
    return checked({**PLAIN, **options})


def plan(num_records: int = 1000, *, epochs: float = 1, growth: Growth | None = None) -> StepPlan:
    return make_step_plan([1] * num_records, budget=Budget(epochs), growth=growth or Growth(1), seed=0)


def test_progress_is_the_place_of_a_step_among_equal_ones_and_of_its_records_among_growing_ones() -> None:
    assert progress(plan(10)) == [place / 10 for place in range(10)]
    assert progress(plan(10), after=6) == [0, 0.25, 0.5, 0.75]
    grown = plan(100, growth=Growth(4, "golden", 3))
    assert progress(grown) == [done / 100 for done in grown.ends[:-1]]


@pytest.mark.parametrize("schedule", CURVES)
@pytest.mark.parametrize("warmup", [{"warmup_ratio": "golden"}, {"warmup_ratio": 0.5}, {"warmup_steps": 0}])
@pytest.mark.parametrize("shape", ["linear", "golden"])
@pytest.mark.parametrize("num_records", [1, 2, 7, 100])
def test_there_is_a_multiplier_a_step_and_the_peak_is_the_first_step_after_warm_up(
    schedule: str, warmup: dict[str, object], shape: str, num_records: int
) -> None:
    steps, chosen = plan(num_records), config(schedule=schedule, warmup_shape=shape, **warmup)
    values, warm = multipliers(chosen, steps), num_warmup_steps(chosen, steps)
    assert len(values) == num_records
    assert all(0 < value <= 1 for value in values)
    assert values[warm] == 1 and list(values[: warm + 1]) == sorted(values[: warm + 1])
    after = values[warm:]
    assert schedule in WITH_CYCLES or list(after) == sorted(after, reverse=True)


def test_warm_up_and_a_straight_line() -> None:
    chosen = config(schedule="linear", warmup_ratio=0.5)
    assert multipliers(chosen, plan(8)) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 0.75, 0.5, 0.25])


def test_a_run_without_steps_has_no_courses() -> None:
    nothing = make_step_plan([], budget=Budget(1), growth=Growth(1), seed=0)
    assert courses_of(config(schedule="golden_restarts"), nothing).learning_rate == ()
    assert summary(()).mean == 0


@pytest.mark.parametrize(
    ("options", "warm"),
    [
        ({"warmup_ratio": "golden"}, 61),
        ({"warmup_ratio": 0.1}, 100),
        ({"warmup_steps": 999}, 999),
        ({"warmup_steps": 0, "warmup_ratio": 0.5}, 0),
        ({"warmup_epochs": 0.5}, 250),
        ({"warmup_epochs": 0}, 0),
        ({"warmup_epochs": 1.998}, 999),
    ],
)
def test_warm_up_is_given_as_a_share_in_steps_or_in_epochs(options: dict[str, object], warm: int) -> None:
    assert num_warmup_steps(config(**options), plan(500, epochs=2)) == warm


def test_epochs_of_warm_up_are_counted_in_records_where_the_batch_grows() -> None:
    steps = plan(100, epochs=2, growth=Growth(4, "golden", 3))
    warm = num_warmup_steps(config(warmup_epochs=1), steps)
    assert steps.ends[warm] == 100 and warm > steps.num_steps / 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"warmup_steps": 1000}, "warmup_steps: all 1,000 steps of this run"),
        ({"warmup_steps": 5000}, "warmup_steps: 5,000 steps of 1,000 of this run"),
        ({"warmup_epochs": 2}, "warmup_epochs: 2 epochs are all 1,000 steps of this run"),
        ({"warmup_epochs": 1e9}, "warmup_epochs: 1e\\+09 epochs are all 1,000 steps of this run"),
    ],
)
def test_a_warm_up_that_fills_the_run_is_refused_with_the_figures(
    options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=f"{sentence}.*at most 999 steps"):
        courses_of(config(**options), plan(500, epochs=2))


def test_golden_restarts_fall_on_their_published_steps_and_begin_at_the_peak() -> None:
    values = multipliers(config(schedule="golden_restarts", schedule_cycles=3), plan(1000))
    assert [k for k in range(1, 1000) if values[k] > values[k - 1]] == [191, 500]
    values = multipliers(config(schedule="golden_restarts"), plan(1000))
    assert [k for k in range(1, 1000) if values[k] > values[k - 1]] == [106, 276, 553]
    values = multipliers(config(schedule="cosine_restarts"), plan(1000))
    assert [k for k in range(1, 1000) if values[k] > values[k - 1]] == [250, 500, 750]


def test_growth_does_not_shift_a_schedule_among_the_records() -> None:
    grown, even = plan(1000, growth=Growth(4, "golden", 3)), plan(1000)
    for schedule in ("linear", "golden_decay"):
        by_record = multipliers(config(schedule=schedule), even)
        found = multipliers(config(schedule=schedule), grown)
        assert found == pytest.approx([by_record[done] for done in grown.ends[:-1]])


def test_dropout_and_weight_decay_go_over_the_whole_run_warm_up_included() -> None:
    chosen = config(
        lora_dropout=0.1,
        dropout_schedule="golden",
        weight_decay=0.01,
        weight_decay_schedule="golden",
        warmup_ratio=0.5,
    )
    courses = courses_of(chosen, plan(1000))
    assert courses.lora_dropout[0] == 0.1 and courses.weight_decay[0] == 0.01
    assert courses.lora_dropout[500] == pytest.approx(0.0786, abs=1e-4)
    assert courses.weight_decay[500] == pytest.approx(0.01309, abs=1e-6)
    assert courses.lora_dropout[-1] == pytest.approx(0.0618, abs=1e-4)
    assert courses.weight_decay[-1] == pytest.approx(0.01618, abs=1e-5)
    constant = courses_of(config(lora_dropout=0.1), plan(10))
    assert set(constant.lora_dropout) == {0.1} and set(constant.weight_decay) == {0.01}


def test_courses_are_absolute_and_as_long_as_the_plan() -> None:
    courses = courses_of(config(), plan(7))
    assert courses.learning_rate == (1e-3,) * 7
    assert len(courses.lora_dropout) == len(courses.weight_decay) == 7


def test_harmonics_keep_the_mean_and_the_continuity_and_are_off_by_default() -> None:
    assert not TrainingConfig().schedule_harmonics
    steps = plan(1000)
    plain = multipliers(config(), steps)
    modulated = multipliers(config(schedule_harmonics=True), steps)
    assert set(plain) == {1.0} and len(set(modulated)) > 900
    assert math.fsum(modulated) / 1000 == pytest.approx(1)
    warm = multipliers(config(schedule_harmonics=True, warmup_ratio=0.1), steps)
    assert min(warm) > 0
    assert max(abs(after - before) for before, after in itertools.pairwise(warm)) < 0.02


def test_all_schedules_are_drawn_beside_the_chosen_one() -> None:
    curves = schedule_curves(config(schedule="cosine"), plan(1000))
    assert next(iter(curves)) == "cosine" and set(curves) == set(CURVES)
    assert curves["cosine"] == multipliers(config(schedule="cosine"), plan(1000))
    assert summary(curves["cosine"]).mean == pytest.approx(0.5, abs=1e-3)
    assert summary(curves["golden_decay"]).final == pytest.approx(0.6485, abs=1e-3)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"schedule": "golden_restarts", "schedule_cycles": 11}, "schedule_cycles"),
        ({"batch_growth": "golden", "batch_phases": 1}, "batch_growth"),
        ({"batch_growth": "golden_phases"}, "batch_growth"),
    ],
)
def test_what_a_short_run_cannot_show_is_told(options: dict[str, object], where: str) -> None:
    chosen = config(batch_size=1, gradient_accumulation_steps=1, **options)
    growth = Growth(1, chosen.batch_growth, chosen.batch_phases)
    assert [note.where for note in course_notes(chosen, plan(10, growth=growth))] == [where]
    assert course_notes(config(), plan(10)) == ()
