"""The memory estimate is its formula, with the figures of the default model."""

import pytest

from phi_core.model_files.architecture import Shape
from phi_core.model_files.base_models import base_model
from phi_core.planning.machine import Gpu, Machine, this_machine
from phi_core.planning.memory import CHUNK, GIB, MemoryEstimate, estimate_memory


@pytest.fixture
def phi_2() -> Shape:
    known = base_model("microsoft/phi-2")
    assert known is not None
    return known.shape


def estimate(shape: Shape, **changes: object) -> MemoryEstimate:
    trainable = shape.lora_parameters(8, shape.block_targets)
    usual = {"trainable": trainable, "tokens": 4096, "trained_tokens": 2048, "dtype": "bfloat16"}
    return estimate_memory(shape, **{**usual, "gradient_checkpointing": True, **changes})  # type: ignore[arg-type]


def test_phi_2_in_half_precision(phi_2: Shape) -> None:
    found = estimate(phi_2)
    assert found.weights_gib == pytest.approx(5.178, abs=1e-3)
    assert found.adapter_gib * GIB == 11_796_480 * 16
    assert found.logits_gib * GIB == CHUNK * 51_200 * 14
    block = 4 * 2 * 2560 + 2 * (2560 + 10_240) + 4 * 2560
    assert found.activations_gib * GIB == 4096 * (32 * 2560 + block) * 2
    assert found.total_gib == pytest.approx(7.092, abs=1e-3)


def test_full_precision_takes_twice_the_weights_and_activations(phi_2: Shape) -> None:
    half, full = estimate(phi_2), estimate(phi_2, dtype="float32")
    assert full.weights_gib == 2 * half.weights_gib
    assert full.activations_gib == 2 * half.activations_gib
    assert full.adapter_gib == half.adapter_gib
    assert full.logits_gib * 14 == pytest.approx(half.logits_gib * 8)


def test_checkpointing_saves_activations_only(phi_2: Shape) -> None:
    with_it, without = estimate(phi_2), estimate(phi_2, gradient_checkpointing=False)
    assert without.activations_gib > 5 * with_it.activations_gib
    assert without.total_gib - without.activations_gib == with_it.total_gib - with_it.activations_gib


def test_few_trained_tokens_need_few_logits(phi_2: Shape) -> None:
    assert estimate(phi_2, trained_tokens=10).logits_gib * GIB == 10 * 51_200 * 14


def test_a_machine_trains_on_its_first_gpu_if_it_has_one() -> None:
    gpu = Gpu("H200", free_gib=130, total_gib=139, utilisation_percent=0)
    assert Machine(2, 8.0, 16.0, ()).training_free_gib == 8.0
    assert Machine(2, 8.0, 16.0, (gpu,)).training_free_gib == 130


def test_auto_means_half_precision_on_a_gpu_only() -> None:
    gpu = Gpu("H200", free_gib=130, total_gib=139, utilisation_percent=0)
    assert Machine(2, 8.0, 16.0, ()).dtype("auto", "auto") == "float32"
    assert Machine(2, 8.0, 16.0, (gpu,)).dtype("auto", "auto") == "bfloat16"
    assert Machine(2, 8.0, 16.0, (gpu,)).dtype("auto", "cpu") == "float32"
    assert Machine(2, 8.0, 16.0, (gpu,)).dtype("float16", "cuda") == "float16"


def test_this_machine_has_cores_and_memory() -> None:
    machine = this_machine()
    assert machine.cores >= 1
    assert 0 < machine.free_gib <= machine.total_gib
