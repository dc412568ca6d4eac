"""Suggested settings: by memory, by data, by model, each with its reason, and each a legal value."""

import re
from typing import Any

import pytest

from phi_core.config.problems import SPECS, checked
from phi_core.config.training import TrainingConfig
from phi_core.model_files.base_models import base_model
from phi_core.planning.gpus import Gpu
from phi_core.planning.machine import Machine
from phi_core.planning.suggestions import (
    Basis,
    Lengths,
    Memory,
    Suggestion,
    device_memory,
    suggested_max_length,
    suggestions,
)


def basis(gib: float = 24, *, model: str | None = "microsoft/phi-2", **changes: Any) -> Basis:
    known = base_model(model) if model else None
    values: dict[str, Any] = {
        "memory": Memory(gib, "a device"),
        "dtype": "bfloat16",
        "shape": known.shape if known else None,
        "num_train": 10_000,
        "has_validation": True,
        "max_length": 1024,
        **changes,
    }
    return Basis(**values)


def values(found: tuple[Suggestion, ...]) -> dict[str, Any]:
    return {suggestion.name: suggestion.value for suggestion in found}


@pytest.mark.parametrize(
    ("gib", "rank", "accumulation"),
    [(2, 8, 16), (15.9, 8, 16), (16, 16, 8), (24, 16, 8), (47.9, 16, 8), (48, 32, 4), (140, 32, 4)],
)
def test_rank_and_accumulation_follow_the_measured_memory(gib: float, rank: int, accumulation: int) -> None:
    found = values(suggestions(basis(gib)))
    assert (found["lora_r"], found["gradient_accumulation_steps"]) == (rank, accumulation)
    assert found["lora_alpha"] == 2 * rank
    assert found["batch_size"] * found["gradient_accumulation_steps"] == 16


def test_the_memory_is_that_of_the_device_that_would_train() -> None:
    machine = Machine(4, 10.0, 64.0, (Gpu("H200", 1.0, 140.0, 0),))
    assert device_memory(machine, "auto") == Memory(140.0, "H200")
    assert device_memory(machine, "cpu") == Memory(64.0, "main memory")
    assert device_memory(Machine(4, 10.0, 64.0, ()), "auto") == Memory(64.0, "main memory")


def test_what_hangs_on_a_chosen_value_follows_it() -> None:
    found = values(suggestions(basis(chosen={"lora_r": 13, "batch_size": 8})))
    assert found["lora_alpha"] == 26
    assert found["gradient_accumulation_steps"] == 2


@pytest.mark.parametrize(
    ("records", "accumulation", "epochs"),
    [(1, 1, 10), (8, 1, 10), (100, 5, 10), (333, 8, 5), (10_000, 8, 3), (50_000, 8, 1)],
)
def test_epochs_and_accumulation_follow_the_size_of_the_data(
    records: int, accumulation: int, epochs: int
) -> None:
    found = values(suggestions(basis(num_train=records)))
    assert (found["gradient_accumulation_steps"], found["epochs"]) == (accumulation, epochs)


def test_long_passes_are_evaluated_every_two_hundred_steps_and_short_ones_at_their_end() -> None:
    long, short = values(suggestions(basis(num_train=20_000))), values(suggestions(basis(num_train=500)))
    assert (long["evaluate_every"], long["checkpoint_every"]) == (200, 200)
    assert (short["evaluate_every"], short["checkpoint_every"]) == (None, None)
    assert values(suggestions(basis(num_train=20_000, has_validation=False)))["evaluate_every"] is None


def test_activations_are_recomputed_where_the_formula_needs_more_than_half_of_the_memory() -> None:
    assert values(suggestions(basis(8)))["gradient_checkpointing"] is True
    assert values(suggestions(basis(140)))["gradient_checkpointing"] is False
    assert values(suggestions(basis(8, model=None)))["gradient_checkpointing"] is True


def test_every_suggestion_is_a_legal_value_with_a_source_and_one_sentence() -> None:
    for model in ("microsoft/phi-2", "Qwen/Qwen3-0.6B", None):
        for gib in (4, 24, 140):
            found = suggestions(basis(gib, model=model))
            checked({**values(found), "dataset_path": "x.jsonl"})
            assert all(suggestion.source in {"memory", "data", "model", "default"} for suggestion in found)
            assert all(suggestion.why and "\n" not in suggestion.why for suggestion in found)


def test_what_is_said_to_be_the_default_is_the_training_default() -> None:
    found = [suggestion for suggestion in suggestions(basis()) if suggestion.source == "default"]
    defaults = TrainingConfig.model_fields
    assert {"learning_rate", "schedule", "warmup_ratio", "weight_decay", "lora_targets", "seed"} <= {
        suggestion.name for suggestion in found
    }
    assert all(suggestion.value == defaults[suggestion.name].default for suggestion in found)
    assert all(suggestion.name in SPECS for suggestion in suggestions(basis()))


def test_no_reason_promises_a_gain() -> None:
    words = re.compile(
        r"better|best|faster|improv|optimal|guarantee|proven|superior|\d+(\.\d+)?\s?% (less|more|lower)"
    )
    for gib in (4, 24, 140):
        for records in (5, 500, 100_000):
            said = " ".join(suggestion.why for suggestion in suggestions(basis(gib, num_train=records)))
            assert not words.search(said)


@pytest.mark.parametrize(
    ("tokens", "length"), [(1, 16), (16, 16), (17, 32), (42, 64), (64, 64), (65, 128), (129, 192), (900, 960)]
)
def test_max_length_covers_99_percent_rounded_up(tokens: int, length: int) -> None:
    found = suggested_max_length(Lengths({99: tokens}, 10, is_exact=True), None)
    assert (found.name, found.value, found.source) == ("max_length", length, "data")


def test_max_length_is_capped_by_the_model_s_context() -> None:
    found = suggested_max_length(Lengths({99: 5000}, 10, is_exact=True), 2048)
    assert (found.value, found.source) == (2048, "model")
    assert "5,056" in found.why


def test_an_estimated_length_is_doubled_and_says_so() -> None:
    found = suggested_max_length(Lengths({99: 100}, 10, is_exact=False), 2048)
    assert found.value == 256
    assert "twice the estimate" in found.why
