"""Adapters for tests: a strong random one, and one that changes nothing. Heavy."""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM


def save_adapter(model_folder: Path, folder: Path, *, strength: float, seed: int = 1, **options: Any) -> Path:
    """An adapter on every linear layer whose B matrices are moved by normal noise of this deviation; 0 changes nothing.

    `options` are PEFT's. A start that alters the base (PiSSA) is saved as PEFT saves it: unconverted.
    """
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    gpt2 = model.config.model_type == "gpt2"
    wanted = {"r": 4, "lora_alpha": 16, "target_modules": "all-linear", "fan_in_fan_out": gpt2, **options}
    adapted = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **wanted))
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name and strength:
                parameter.add_(torch.randn_like(parameter) * strength)
    adapted.save_pretrained(str(folder))
    return folder
