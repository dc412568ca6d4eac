"""PHITrainingConfig: the guide's names and values, each field with an effect, nothing unsound accepted."""

import math
from dataclasses import fields, replace
from pathlib import Path

import pytest

import phi_core
from phi_core.config.phi_training_config import KNOWN_MODES, MODES, PHITrainingConfig, phase_of
from phi_core.config.problems import check, checked
from phi_core.errors import ConfigError
from phi_core.planning.courses import courses_of
from phi_core.planning.step_plan import Budget, make_step_plan
from phi_core.schedules.batch_growth import Growth

DEFAULTS = {
    "base_learning_rate": 2e-4,
    "lr_schedule_mode": "phi_decay",
    "phi_lr_power": 1.0,
    "warmup_epochs": 0,
    "base_batch_size": 8,
    "phi_batch_progression": True,
    "max_batch_size": 128,
    "batch_phi_phases": 3,
    "phi_training_phases": True,
    "phase1_focus": "exploration",
    "phase2_focus": "exploitation",
    "base_dropout": 0.1,
    "phi_dropout_schedule": True,
    "base_weight_decay": 0.01,
    "phi_weight_decay_schedule": True,
    "phi_data_weighting": False,
    "phi_curriculum_learning": False,
}
OTHERS = {
    "base_learning_rate": 1e-3,
    "lr_schedule_mode": "phi_cyclic",
    "phi_lr_power": 0.5,
    "warmup_epochs": 1,
    "base_batch_size": 4,
    "phi_batch_progression": False,
    "max_batch_size": 9,
    "batch_phi_phases": 2,
    "phi_training_phases": False,
    "phase1_focus": "breadth",
    "phase2_focus": "depth",
    "base_dropout": 0.2,
    "phi_dropout_schedule": False,
    "base_weight_decay": 0.1,
    "phi_weight_decay_schedule": False,
    "phi_data_weighting": True,
    "phi_curriculum_learning": True,
}


def test_it_is_offered_by_the_package() -> None:
    assert phi_core.PHITrainingConfig is PHITrainingConfig
    with pytest.raises(AttributeError, match="no attribute 'PHITrainingConfg'"):
        _ = phi_core.PHITrainingConfg


def test_the_fields_and_defaults_are_the_library_s() -> None:
    assert {field.name: field.default for field in fields(PHITrainingConfig)} == DEFAULTS


def test_production_values_are_the_guide_s() -> None:
    expected = {"phi_lr_power": 0.9, "base_batch_size": 16, "max_batch_size": 32, "warmup_epochs": 1}
    assert PHITrainingConfig.production() == PHITrainingConfig(**{**DEFAULTS, **expected})


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_field_changes_the_options_or_the_phases(name: str) -> None:
    before = PHITrainingConfig()
    after = replace(before, **{name: OTHERS[name]})
    assert set(OTHERS) == set(DEFAULTS)
    assert effects(before) != effects(after)


def effects(config: PHITrainingConfig) -> object:
    return config.options(), [phase_of(epoch, 10, config) for epoch in range(10)]


@pytest.mark.parametrize("mode", KNOWN_MODES)
@pytest.mark.parametrize("warmup", [0, 1])
@pytest.mark.parametrize("other", [{}, {"base_dropout": 0, "base_weight_decay": 0}, {"max_batch_size": None}])
def test_the_options_are_legal_and_none_is_without_effect(
    mode: str, warmup: int, other: dict[str, object]
) -> None:
    options = PHITrainingConfig(lr_schedule_mode=mode, warmup_epochs=warmup, **other).options()  # type: ignore[arg-type]
    found = check({"dataset_path": "x", **options})
    assert found.problems == ()
    assert [str(note) for note in found.warnings if "no effect" in str(note)] == []


def test_the_modes_are_schedules_of_ours() -> None:
    schedules = {mode: PHITrainingConfig(lr_schedule_mode=mode).options()["schedule"] for mode in KNOWN_MODES}
    assert {mode: schedules[mode] for mode in MODES} == MODES
    assert all(schedules[mode] == mode for mode in KNOWN_MODES if mode not in MODES)
    warm = PHITrainingConfig(lr_schedule_mode="phi_warmup").options()
    assert (warm["warmup_shape"], warm["warmup_ratio"]) == ("golden", "golden")


def test_production_values_give_the_guide_s_courses() -> None:
    options = PHITrainingConfig.production().options()
    config = checked({"dataset_path": "x", **options, "warmup_epochs": 0})
    growth = Growth(
        config.effective_batch_size, config.batch_growth, config.batch_phases, config.largest_effective_batch
    )
    steps = make_step_plan([1] * 10_000, budget=Budget(2), growth=growth, seed=0)
    courses = courses_of(config, steps)
    assert (steps.sizes[0], max(steps.sizes)) == (16, 25)
    half = next(step for step, done in enumerate(steps.ends) if done >= 10_000)
    assert courses.learning_rate[0] == 2e-4
    assert courses.learning_rate[half] / 2e-4 == pytest.approx(0.8053, abs=1e-3)
    assert courses.learning_rate[-1] / 2e-4 == pytest.approx(0.6485, abs=1e-3)
    assert courses.lora_dropout[-1] == pytest.approx(0.0618, abs=1e-3)
    assert courses.weight_decay[-1] == pytest.approx(0.01618, abs=1e-4)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("base_learning_rate", math.nan, "must be a finite number > 0 and ≤ 10, got nan"),
        ("base_learning_rate", 0, "must be a finite number > 0 and ≤ 10, got 0"),
        ("base_learning_rate", "fast", "must be a finite number > 0 and ≤ 10, got 'fast'"),
        ("phi_lr_power", -1, "must be a finite number ≥ 0 and ≤ 100, got -1"),
        ("phi_lr_power", math.inf, "must be a finite number ≥ 0 and ≤ 100, got inf"),
        ("warmup_epochs", -1, "must be a finite number ≥ 0, got -1"),
        ("base_batch_size", 0, "must be a whole number ≥ 1 and ≤ 65,536, got 0"),
        ("base_batch_size", 2.5, "must be a whole number ≥ 1 and ≤ 65,536, got 2.5"),
        ("batch_phi_phases", 0, "must be a whole number ≥ 1 and ≤ 100, got 0"),
        ("batch_phi_phases", True, "must be a whole number ≥ 1 and ≤ 100, got True"),
        ("max_batch_size", 4, "4 is less than base_batch_size 8. Raise it"),
        ("max_batch_size", 0, "must be a whole number ≥ 1 or none, got 0"),
        ("base_dropout", 1.0, "must be a finite number ≥ 0 and < 1, got 1.0"),
        ("base_weight_decay", -0.1, "must be a finite number ≥ 0 and ≤ 10, got -0.1"),
        ("phi_dropout_schedule", "yes", "must be true or false, got 'yes'"),
        ("phase1_focus", "", "must be the name of a phase, got ''"),
        ("lr_schedule_mode", "phi", f"must be one of {', '.join(KNOWN_MODES)}, got 'phi'"),
    ],
)
def test_what_the_library_accepted_without_a_word_is_refused(
    field: str, value: object, sentence: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        PHITrainingConfig(**{field: value})  # type: ignore[arg-type]
    assert [str(problem) for problem in caught.value.problems] == [f"{field}: {sentence}"]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigError, match="has 3 problems"):
        PHITrainingConfig(base_learning_rate=-1, batch_phi_phases=0, base_dropout=2)


@pytest.mark.parametrize("name", ["phi.json", "phi.yaml"])
def test_it_goes_through_a_file_with_its_schema_version(tmp_path: Path, name: str) -> None:
    config = PHITrainingConfig(**OTHERS)  # type: ignore[arg-type]
    config.save(tmp_path / name)
    assert "schema_version" in (tmp_path / name).read_text()
    assert PHITrainingConfig.load(tmp_path / name) == config


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("schema_version: 2", "schema version 2. This phi reads version 1"),
        ("base_dropuot: 0.1", "base_dropuot: unknown field. Did you mean base_dropout?"),
        ("base_dropout: .nan", "must be a finite number"),
        ("[1, 2]", "holds a list"),
        ("base_dropout: [", "is not YAML"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "phi.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        PHITrainingConfig.load(path)
    assert sentence in str(caught.value)
    with pytest.raises(ConfigError, match="cannot be read"):
        PHITrainingConfig.load(tmp_path / "nothing.yaml")


@pytest.mark.parametrize(("epochs", "first"), [(1, 1), (2, 1), (3, 1), (5, 1), (8, 3), (10, 3), (100, 38)])
def test_training_phases_have_their_names(epochs: int, first: int) -> None:
    named = [phase_of(epoch, epochs, PHITrainingConfig()) for epoch in range(epochs)]
    assert named == ["exploration"] * first + ["exploitation"] * (epochs - first)
    assert phase_of(0, epochs, PHITrainingConfig(phi_training_phases=False)) is None


def test_a_run_without_epochs_has_no_phase() -> None:
    with pytest.raises(ValueError, match="at least 1 epoch"):
        phase_of(0, 0, PHITrainingConfig())


def test_figures_are_read_as_people_write_them() -> None:
    found = PHITrainingConfig.from_text("base_learning_rate: 3e-4\nmax_batch_size: none\nphase1_focus: '7'\n")
    assert (found.base_learning_rate, found.max_batch_size, found.phase1_focus) == (3e-4, None, "7")
    with pytest.raises(ConfigError, match="got 'much'"):
        PHITrainingConfig.from_text("base_learning_rate: much")
