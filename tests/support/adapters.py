"""Adapters for tests: a strong random one, and one that changes nothing. Heavy."""

from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM


def save_adapter(model_folder: Path, folder: Path, *, strength: float, seed: int = 1) -> Path:
    """An adapter on every linear layer whose B matrices are normal with this deviation; 0 changes nothing."""
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    gpt2 = model.config.model_type == "gpt2"
    lora = LoraConfig(
        r=4, lora_alpha=16, target_modules="all-linear", fan_in_fan_out=gpt2, task_type="CAUSAL_LM"
    )
    adapted = get_peft_model(model, lora)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0.0, strength) if strength else parameter.zero_()
    adapted.save_pretrained(str(folder))
    return folder
