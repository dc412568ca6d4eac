"""The memory estimate is its formula, with the figures of the default model."""

from typing import Any

import pytest

from phi_core.config.problems import checked
from phi_core.files import GIB
from phi_core.model_files.architecture import Shape
from phi_core.model_files.base_models import base_model
from phi_core.planning.adapted_layers import adapter_parameters
from phi_core.planning.gpus import Gpu
from phi_core.planning.machine import Machine, this_machine
from phi_core.planning.memory import (
    CHUNK,
    MemoryEstimate,
    estimate_memory,
    estimate_notes,
    optimizer_bytes,
    weight_bytes,
)

PHI_2_PARAMETERS = 2_779_683_840
PHI_2_MATRICES = 32 * (4 * 2560 * 2560 + 2 * 2560 * 10_240)


@pytest.fixture
def phi_2() -> Shape:
    known = base_model("microsoft/phi-2")
    assert known is not None
    return known.shape


def estimate(shape: Shape, *, dtype: str = "bfloat16", **changes: Any) -> MemoryEstimate:
    config = checked({"dataset_path": "records.jsonl", "lora_dropout": 0.05, **changes})
    trainable = adapter_parameters(config, shape)
    assert trainable is not None
    sizes = {"tokens": 4096, "trained_tokens": 2048, "records": 4}
    return estimate_memory(config, shape, dtype=dtype, trainable=trainable, **sizes)


def test_phi_2_in_half_precision(phi_2: Shape) -> None:
    found = estimate(phi_2)
    assert found.weights_gib * GIB == PHI_2_PARAMETERS * 2
    assert found.adapter_gib * GIB == found.gradients_gib * GIB == 11_796_480 * 4
    assert found.optimizer_gib * GIB == 11_796_480 * 8
    assert found.logits_gib * GIB == CHUNK * 51_200 * 14
    kept = (2560 + 4 * 2560 + 4 * 10_240) * 2
    adapters = (5 * 2560 + 10_240) * (4 + 1) + 6 * 8 * 4
    checkpoints, mask = 32 * 2560 * 2, 4096**2
    assert found.activations_gib * GIB == 4096 * (checkpoints + kept + adapters) + mask * 3


def test_the_total_is_its_parts_and_the_process_stands_beside_them(phi_2: Shape) -> None:
    found = estimate(phi_2)
    assert [name for name, _ in found.parts] == [
        *("weights", "adapter", "gradients", "optimizer", "activations", "logits")
    ]
    assert found.total_gib == pytest.approx(sum(gib for _, gib in found.parts))
    assert found.process_gib > 0
    assert found.total_gib < found.weights_gib + 3


def test_full_precision_takes_twice_the_weights(phi_2: Shape) -> None:
    half, full = estimate(phi_2), estimate(phi_2, dtype="float32")
    assert full.weights_gib == 2 * half.weights_gib
    assert full.adapter_gib == half.adapter_gib
    assert full.logits_gib * 14 == pytest.approx(half.logits_gib * 8)


def test_checkpointing_saves_activations_only(phi_2: Shape) -> None:
    with_it, without = estimate(phi_2), estimate(phi_2, gradient_checkpointing=False)
    assert without.activations_gib > 5 * with_it.activations_gib
    assert without.total_gib - without.activations_gib == with_it.total_gib - with_it.activations_gib


@pytest.mark.parametrize(
    ("quantization", "of_a_matrix"), [("8bit", 1.0), ("4bit", 0.5 + 1 / 64 + 4 / 64 / 256)]
)
def test_quantised_matrices_shrink_and_the_rest_stays(
    quantization: str, of_a_matrix: float, phi_2: Shape
) -> None:
    rest = (PHI_2_PARAMETERS - PHI_2_MATRICES) * 2
    rows = 4 * 32 * (5 * 2560 + 10_240) if quantization == "8bit" else 0
    found = weight_bytes(phi_2, "bfloat16", quantization)
    assert found == pytest.approx(PHI_2_MATRICES * of_a_matrix + rows + rest)
    one_dequantised = 2560 * 10_240 * 2
    whole = estimate(phi_2, quantization=quantization)
    assert whole.weights_gib * GIB == pytest.approx(found + one_dequantised)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        ("adamw", 8),
        ("lion", 4),
        ("adamw_8bit", 2.03125),
        ("lion_8bit", 1.015625),
        ("paged_adamw", 8),
        ("paged_adamw_8bit", 2.03125),
        ("paged_lion_8bit", 1.015625),
    ],
)
def test_optimizer_state_follows_the_optimizer(optimizer: str, expected: float, phi_2: Shape) -> None:
    assert optimizer_bytes(optimizer) == expected
    assert estimate(phi_2, optimizer=optimizer).optimizer_gib * GIB == 11_796_480 * expected
    config = checked({"dataset_path": "d", "optimizer": optimizer})
    assert any("paged" in note for note in estimate_notes(config)) == optimizer.startswith("paged")


def test_sharding_divides_what_it_divides(phi_2: Shape) -> None:
    one = estimate(phi_2)
    ddp = estimate(phi_2, num_processes=4)
    zero2 = estimate(phi_2, num_processes=4, sharding="zero2")
    fsdp = estimate(phi_2, num_processes=4, sharding="fsdp")
    assert ddp == one
    assert (zero2.weights_gib, zero2.optimizer_gib) == (one.weights_gib, one.optimizer_gib / 4)
    assert zero2.gradients_gib == one.gradients_gib / 4
    assert fsdp.weights_gib == pytest.approx(one.weights_gib * (1 / 4 + 1 / 32))
    assert (fsdp.adapter_gib, fsdp.activations_gib) == (one.adapter_gib / 4, one.activations_gib)


def test_blocks_below_the_lowest_adapter_keep_nothing(phi_2: Shape) -> None:
    upper = estimate(phi_2, lora_layers="24-", gradient_checkpointing=False)
    every = estimate(phi_2, gradient_checkpointing=False)
    assert upper.activations_gib == pytest.approx(every.activations_gib / 4, rel=0.01)


def test_few_trained_tokens_need_few_logits(phi_2: Shape) -> None:
    config = checked({"dataset_path": "d"})
    sizes = {"tokens": 100, "trained_tokens": 10, "records": 1, "trainable": 0}
    found = estimate_memory(config, phi_2, dtype="bfloat16", **sizes)
    assert found.logits_gib * GIB == 10 * 51_200 * 14


def test_a_machine_trains_on_its_first_gpu_if_it_has_one() -> None:
    gpu = Gpu("H200", free_gib=130, total_gib=139, utilisation_percent=0)
    without, having = Machine(2, 8.0, 16.0, ()), Machine(2, 8.0, 16.0, (gpu,))
    assert without.training_free_gib == 8.0
    assert having.training_free_gib == 130
    assert having.free_gib_for("cpu", num_processes=2) == 4.0
    assert having.free_gib_for("auto", num_processes=2) == 130
    assert (having.device_name("auto"), having.device_name("cpu")) == ("H200", "main memory")


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
