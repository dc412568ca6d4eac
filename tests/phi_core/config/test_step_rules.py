"""Rules of steps and order: contradictions are refused, values without effect are told with the reason."""

import pytest

from phi_core.config.problems import check
from phi_core.config.step_rules import step_notes
from phi_core.config.training import TrainingConfig

DATA = {"dataset_path": "data.jsonl"}


def problems(**values: object) -> list[str]:
    return [str(problem) for problem in check({**DATA, **values}).problems]


def notes(**values: object) -> list[str]:
    found = check({**DATA, **values})
    assert found.config is not None
    return [str(note) for note in step_notes(found.config)]


def test_defaults_are_never_told_of_whatever_is_chosen_beside_them() -> None:
    for schedule in ("linear", "golden_decay", "golden_restarts", "constant"):
        for growth in ("none", "golden"):
            assert notes(schedule=schedule, batch_growth=growth) == []
    assert list(step_notes(TrainingConfig())) == []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"warmup_steps": 5, "warmup_epochs": 0.5},
            "warmup_epochs: 5 steps and 0.5 epochs of warm-up. Set one of warmup_steps and warmup_epochs to none",
        ),
        (
            {"batch_growth": "golden", "largest_effective_batch": 63},
            "largest_effective_batch: 63 is less than the batch of 64 records to grow from. "
            "Raise it, or lower gradient_accumulation_steps",
        ),
        (
            {"record_order": "shortest_first", "mixture": "golden"},
            "record_order: shortest_first and mixture golden, which draws every source shuffled. "
            "Set mixture to concatenated, or leave the order to it",
        ),
        (
            {"record_weights": "fibonacci", "mixture": "sequential"},
            "record_weights: fibonacci and mixture sequential, which says how often a record comes. "
            "Set mixture to concatenated, or leave the order to it",
        ),
    ],
)
def test_a_contradiction_is_refused(values: dict[str, object], sentence: str) -> None:
    assert problems(**values) == [sentence]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"schedule_power": 0.5},
            "schedule_power: 0.5 has no effect with schedule linear. It is for golden_decay, golden_power_decay",
        ),
        (
            {"schedule_cycles": 2, "schedule": "cosine"},
            "schedule_cycles: 2 has no effect with schedule cosine. It is for cosine_restarts, golden_restarts",
        ),
        (
            {"schedule_minimum": 0.1, "schedule": "golden_decay"},
            "schedule_minimum: 0.1 has no effect with schedule golden_decay. "
            "It is for linear, cosine, cosine_restarts, golden_cosine, golden_restarts",
        ),
        ({"batch_phases": 4}, "batch_phases: 4 has no effect with batch_growth none. Set batch_growth"),
        (
            {"largest_effective_batch": 8},
            "largest_effective_batch: 8 has no effect with batch_growth none. Set batch_growth",
        ),
        (
            {"warmup_steps": 3, "warmup_ratio": 0.1},
            "warmup_ratio: 0.1 has no effect with warmup_steps given. Set warmup_steps to none",
        ),
        (
            {"warmup_shape": "golden", "warmup_ratio": 0},
            "warmup_shape: golden has no effect with no warm-up. Give warmup_ratio",
        ),
        (
            {"dropout_schedule": "golden", "lora_dropout": 0},
            "dropout_schedule: golden has no effect with lora_dropout 0. Raise lora_dropout",
        ),
        (
            {"weight_decay_schedule": "golden", "weight_decay": 0},
            "weight_decay_schedule: golden has no effect with weight_decay 0. Raise weight_decay",
        ),
    ],
)
def test_a_value_without_effect_is_told_and_blocks_nothing(values: dict[str, object], sentence: str) -> None:
    assert notes(**values) == [sentence]
    assert sentence in [str(warning) for warning in check({**DATA, **values}).warnings]


@pytest.mark.parametrize(
    "values",
    [
        {"schedule": "golden_decay", "schedule_power": 0.5},
        {"schedule": "cosine_restarts", "schedule_cycles": 2, "schedule_minimum": 0.1},
        {"batch_growth": "golden_phases", "batch_phases": 4, "largest_effective_batch": 64},
        {"warmup_steps": 3, "warmup_shape": "golden"},
        {"warmup_epochs": 0.5, "warmup_shape": "golden"},
        {"record_order": "as_given", "record_weights": "fibonacci"},
        {"record_order": "shortest_first", "mixture": "sequential"},
    ],
)
def test_what_belongs_together_is_neither_refused_nor_told_of(values: dict[str, object]) -> None:
    assert problems(**values) == [] and notes(**values) == []
