"""Adapters of every kind through the trainer: what is trainable moves, and the loss is the model's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from toy_run import step_losses, toy_config, toy_trainer, write_toy_dataset

from phi_core.models.device import choose_device
from phi_core.models.quantization import quantization_fault

KINDS: dict[str, dict[str, Any]] = {
    "head adapted": {"lora_goal": "structure"},
    "embedding adapted": {"lora_goal": "knowledge"},
    "head whole": {"modules_to_save": "lm_head"},
    "head and embedding whole": {"modules_to_save": "lm_head,embed_tokens"},
    "head with DoRA": {"lora_goal": "structure", "use_dora": True},
    "pissa": {"lora_init": "pissa"},
    "4bit": {"quantization": "4bit"},
    "8bit": {"quantization": "8bit"},
}


@pytest.mark.parametrize("layout", ["phi", "llama", "gpt2"])
@pytest.mark.parametrize("kind", KINDS)
def test_everything_trainable_moves(
    kind: str, layout: str, model_folder: Callable[..., Path], tmp_path: Path
) -> None:
    options = KINDS[kind]
    if layout == "gpt2":
        options = {name: str(value).replace("embed_tokens", "wte") for name, value in options.items()}
    held: Any = options.get("quantization", "none")
    if held != "none" and (fault := quantization_fault(held, choose_device("cpu"))):
        pytest.skip(fault)
    config = toy_config(
        model_folder(layout), write_toy_dataset(tmp_path / "data.jsonl"), max_steps=4, **options
    )
    trainer = toy_trainer(config, tmp_path / "work")
    before = {name: p.detach().clone() for name, p in trainer.model.named_parameters() if p.requires_grad}
    losses = step_losses(trainer)
    after = dict(trainer.model.named_parameters())
    still = [name for name, p in before.items() if torch.equal(p, after[name])]
    assert not still
    assert losses[-1] < losses[0]
