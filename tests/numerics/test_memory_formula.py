"""The formula's activations against what autograd really keeps for the backward pass."""

from pathlib import Path
from typing import Any

import pytest
import torch
from toy_run import toy_config, write_toy_dataset

from phi_core.chat.prompt_format import Tokenised
from phi_core.files import GIB
from phi_core.models.adapter import attach_adapter
from phi_core.planning.adapted_layers import target_names
from phi_core.planning.memory import estimate_memory
from phi_core.training.batches import padding_free
from phi_core.training.loss import parts
from phi_core.training.preparation import load, model_facts

WIDE = {"hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 3, "num_attention_heads": 4}
LAYOUTS: dict[str, dict[str, object]] = {
    "phi": WIDE,
    "llama": WIDE,
    "phi3": WIDE,
    "gpt_neox": WIDE,
    "gpt2": {"n_embd": 128, "n_layer": 3, "n_head": 4, "attn_pdrop": 0, "resid_pdrop": 0, "embd_pdrop": 0},
}
DEEP = {**WIDE, "num_hidden_layers": 8}
"""The first block keeps less, since nothing before its adapters needs a backward pass: it should not weigh much."""
RECORDS, LENGTH = 4, 64


@pytest.mark.parametrize("layout", LAYOUTS)
def test_activations_are_what_autograd_keeps(layout: str, model_folder: Any, tmp_path: Path) -> None:
    folder = model_folder(layout, **LAYOUTS[layout])
    kept, formula = _kept_and_formula(folder, tmp_path, lora_dropout=0.05)
    assert formula == pytest.approx(kept, rel=0.15)


@pytest.mark.parametrize(
    "changes",
    [
        {"lora_dropout": 0},
        {"dtype": "bfloat16"},
        {"lora_targets": "q_proj,v_proj"},
        {"lora_layers": "4-"},
        {"lora_r": 32},
    ],
    ids=lambda changes: "-".join(map(str, changes)),
)
def test_activations_follow_the_options(changes: dict[str, Any], model_folder: Any, tmp_path: Path) -> None:
    folder = model_folder("phi", **DEEP)
    kept, formula = _kept_and_formula(folder, tmp_path, **{"lora_dropout": 0.05, **changes})
    assert formula == pytest.approx(kept, rel=0.15)


def _kept_and_formula(folder: Path, tmp_path: Path, **changes: Any) -> tuple[int, float]:
    """Bytes of every tensor kept by one forward pass of the trunk, weights left out, and the formula's bytes."""
    dataset = write_toy_dataset(tmp_path / "data.jsonl")
    config = toy_config(folder, dataset, **{"batch_size": RECORDS, **changes})
    base = load(config)
    shape = model_facts(base).shape
    assert shape is not None
    model = attach_adapter(base.model, config, target_names(config, shape)).train()
    ids = tuple(place % 250 for place in range(LENGTH))
    batch = padding_free([Tokenised(ids, ((0, LENGTH),))] * RECORDS, "cpu")
    weights = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    storages: dict[int, int] = {}
    held = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            storages[storage.data_ptr()] = storage.nbytes()
            held.append(tensor)  # else its memory could be given to another one that is kept
        return tensor

    trunk = parts(model)[0]
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        trunk(**batch.inputs, use_cache=False).last_hidden_state.sum()
    estimate = estimate_memory(
        config,
        shape,
        tokens=RECORDS * LENGTH,
        trained_tokens=1,
        dtype=base.device.dtype_name,
        trainable=0,
        device="cpu",
    )
    return sum(storages.values()), estimate.activations_gib * GIB
