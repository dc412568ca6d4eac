"""`--fit` keeps the effective batch, prefers speed, leaves given options alone and says when nothing fits."""

from typing import Any

import pytest

from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.model_files.architecture import Shape
from phi_core.model_files.base_models import base_model
from phi_core.planning import fit as fit_module
from phi_core.planning.adapted_layers import adapter_parameters
from phi_core.planning.fit import LEAST_SAVING, MARGIN, Fit, Limit, changes, fitting, what_fits
from phi_core.planning.longest_batch import LongestBatch
from phi_core.planning.memory import estimate_memory

TOKENS = 512


@pytest.fixture
def phi_2() -> Shape:
    known = base_model("microsoft/phi-2")
    assert known is not None
    return known.shape


def config(**changes: Any) -> TrainingConfig:
    batches = {"batch_size": 4, "gradient_accumulation_steps": 6}
    return checked({"dataset_path": "records.jsonl", **batches, **changes})


def sizes(batch_size: int) -> LongestBatch:
    return LongestBatch(1, TOKENS * batch_size, batch_size, TOKENS * batch_size)


def fitted(
    shape: Shape, gib: float, *, given: tuple[str, ...] = (), factor: float = 1.0, **changes: Any
) -> Fit:
    limit = Limit(gib, factor, "bfloat16", "cuda")
    return fitting(config(**changes), shape, sizes, limit, given=given)


@pytest.fixture(autouse=True)
def quantises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_module, "is_installed", lambda name: True)


@pytest.mark.parametrize("gib", [3.5, 4.0, 6.5, 8.0, 10.0, 16.0, 40.0, 1000.0])
def test_the_effective_batch_is_kept_exactly_and_the_margin_too(gib: float, phi_2: Shape) -> None:
    found = fitted(phi_2, gib)
    assert found.fits
    assert found.config.batch_size * found.config.gradient_accumulation_steps == 24
    assert found.needed_gib <= gib * MARGIN
    assert found.needed_gib >= found.estimate.total_gib


def test_with_room_the_whole_step_is_one_micro_batch_and_nothing_is_recomputed(phi_2: Shape) -> None:
    found = fitted(phi_2, 1000)
    assert (found.config.batch_size, found.config.gradient_accumulation_steps) == (24, 1)
    assert not found.config.gradient_checkpointing
    assert found.config.quantization == "none"


def test_less_room_first_costs_micro_batch_then_recomputing_then_precision(phi_2: Shape) -> None:
    def rung(gib: float) -> tuple[str, bool, int]:
        chosen = fitted(phi_2, gib).config
        return chosen.quantization, chosen.gradient_checkpointing, chosen.batch_size

    rungs = [rung(gib) for gib in (40.0, 16.0, 7.5, 5.5, 3.2)]
    assert [quantization for quantization, _, _ in rungs] == ["none", "none", "none", "8bit", "4bit"]
    assert rungs[0][1] is rungs[1][1] is False
    assert rungs[0][2] > rungs[1][2]
    assert rungs[2][1] is True


def test_what_past_runs_taught_counts(phi_2: Shape) -> None:
    assert fitted(phi_2, 30, factor=1.5).config.batch_size < fitted(phi_2, 30).config.batch_size


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (("batch_size",), {"batch_size": 4, "gradient_accumulation_steps": 6}),
        (("gradient_accumulation_steps",), {"batch_size": 4, "gradient_accumulation_steps": 6}),
        (("gradient_checkpointing",), {"gradient_checkpointing": True}),
        (("quantization",), {"quantization": "none"}),
    ],
)
def test_given_options_stay(given: tuple[str, ...], kept: dict[str, Any], phi_2: Shape) -> None:
    for gib in (3.2, 5.5, 1000):
        chosen = fitted(phi_2, gib, given=given).config
        assert {name: getattr(chosen, name) for name in kept} == kept


def test_only_the_four_options_change(phi_2: Shape) -> None:
    changed = {
        name
        for name, value in fitted(phi_2, 5.5).config.model_dump().items()
        if value != config().model_dump()[name]
    }
    assert changed <= {"batch_size", "gradient_accumulation_steps", "gradient_checkpointing", "quantization"}


def test_without_bitsandbytes_nothing_is_quantised(phi_2: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_module, "is_installed", lambda name: False)
    found = fitted(phi_2, 5.5)
    assert not found.fits and found.config.quantization == "none"


def test_where_nothing_fits_the_smallest_is_named_with_what_would_help(phi_2: Shape) -> None:
    found = fitted(phi_2, 2.0)
    assert not found.fits
    assert (found.config.batch_size, found.config.gradient_checkpointing) == (1, True)
    assert found.config.quantization == "4bit"
    assert "nothing fits" in found.reasons[0] and "1.80 GiB" in found.reasons[0]
    assert len(found.reasons) == 2


def test_a_shorter_max_length_is_advised_only_if_it_would_fit(phi_2: Shape) -> None:
    def long(batch_size: int) -> LongestBatch:
        return LongestBatch(1, 20_000 * batch_size, batch_size, 2000)

    limit = Limit(8.0, 1.0, "bfloat16", "cuda")
    found = fitting(config(quantization="none"), phi_2, long, limit, given=("quantization",))
    assert not found.fits
    assert found.reasons[1] == "max_length 1536 would fit"


@pytest.mark.parametrize("records", [4, 2, 1])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_after_running_out_of_memory_what_needs_clearly_less_is_chosen(
    records: int, checkpointing: bool, phi_2: Shape
) -> None:
    tried, failed = config(gradient_checkpointing=checkpointing), sizes(records)
    found = what_fits(tried, phi_2, sizes, failed, dtype="bfloat16", device="cuda")
    took = estimate_memory(
        tried,
        phi_2,
        tokens=failed.tokens,
        trained_tokens=failed.trained_tokens,
        records=failed.records,
        dtype="bfloat16",
        trainable=adapter_parameters(tried, phi_2) or 0,
    )
    assert found.fits and found.config.effective_batch_size == 24
    saved = LEAST_SAVING * (took.activations_gib + took.logits_gib)
    assert found.needed_gib <= took.total_gib + took.process_gib - saved
    assert changes(tried, found.config)


def test_where_everything_was_given_up_a_shorter_record_or_a_smaller_model_is_advised(
    phi_2: Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit_module, "is_installed", lambda name: False)
    tried = config(gradient_checkpointing=True, batch_size=1, gradient_accumulation_steps=24)
    found = what_fits(tried, phi_2, sizes, sizes(1), dtype="bfloat16", device="cuda")
    assert not found.fits and len(found.reasons) == 2
