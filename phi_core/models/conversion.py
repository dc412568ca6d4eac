"""PiSSA and OLoRA: an adapter that begins at components of the weights, and its conversion to one that leaves the base.

At the start the components leave the base: W₀ = W − s B₀A₀, with s alpha/r (or alpha/√r), and the adapter begins at A₀, B₀.
The trained model is W₀ + s BA = W + s (BA − B₀A₀): on the *untouched* base that is an adapter [A; A₀], [B, −B₀] of twice
the rank (arXiv 2404.02948, section 3). The start is kept in the run, so that a resumed run begins at the very same one.
"""

import copy
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from phi_core.errors import AdapterError
from phi_core.models.adapter_record import WEIGHTS

FILE = "adapter_start.safetensors"


@dataclass(frozen=True)
class Start:
    """Where an adapter began: A₀ and B₀ of every layer, under PEFT's names."""

    path: Path

    @staticmethod
    def prepare(model: PeftModel, folder: Path) -> "Start | None":
        """Keep the start of a model that was just attached; None if the adapter leaves the base alone.

        A start that the folder holds already stays: `attach_adapter` began there.
        """
        if not isinstance(model.peft_config["default"].init_lora_weights, str):
            return None
        path = folder / FILE
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{FILE}.{os.getpid()}")
            save_file(_matrices(model), beside, metadata={"format": "pt"})
            os.rename(beside, path)
        return Start(path)

    def matrices(self) -> dict[str, torch.Tensor]:
        """AdapterError if the file was damaged."""
        try:
            return load_file(self.path)
        except (SafetensorError, OSError) as error:
            raise AdapterError(f"the start of the adapter, {self.path}, cannot be read: {error}") from None


def begin_at(model: PeftModel, start: Start) -> None:
    """Take a kept start out of the base of a model whose adapter changes nothing yet, as PEFT did when it was made."""
    set_peft_model_state_dict(model, start.matrices())
    for layer in model.modules():
        if isinstance(layer, LoraLayer):
            weight = layer.get_base_layer().weight
            product = (
                layer.scaling["default"] * layer.lora_B["default"].weight @ layer.lora_A["default"].weight
            )
            rest = (weight.data.T if layer.fan_in_fan_out else weight.data).float() - product.data
            weight.data = (rest.T if layer.fan_in_fan_out else rest).to(weight.dtype)


def write_converted(model: PeftModel, start: Start, target: Path) -> None:
    """Write the model's adapter as one for the untouched base, into the folder `target`."""
    began = start.matrices()
    tensors = {
        name: _beside(name, tensor.detach().cpu(), began.get(name))
        for name, tensor in get_peft_model_state_dict(model, save_embedding_layers=False).items()
    }
    target.mkdir(parents=True, exist_ok=True)
    save_file(tensors, target / WEIGHTS, metadata={"format": "pt"})
    _converted_settings(model).save_pretrained(str(target))


def _beside(name: str, trained: torch.Tensor, began: torch.Tensor | None) -> torch.Tensor:
    """[A; A₀] or [B, −B₀]; a module that is trained whole as it is."""
    if began is None:
        return trained.contiguous()
    if ".lora_A." in name:
        return torch.cat([trained, began.to(trained.dtype)], dim=0)
    return torch.cat([trained, -began.to(trained.dtype)], dim=1)


def _converted_settings(model: PeftModel) -> Any:
    """Twice the ranks at the same scale: alpha/r is kept by twice the alpha, alpha/√r by √2 times."""
    settings = copy.deepcopy(model.peft_config["default"])
    factor = math.sqrt(2) if settings.use_rslora else 2
    settings.r *= 2
    settings.lora_alpha *= factor
    settings.rank_pattern = {name: 2 * rank for name, rank in settings.rank_pattern.items()}
    settings.alpha_pattern = {name: factor * alpha for name, alpha in settings.alpha_pattern.items()}
    settings.init_lora_weights, settings.inference_mode = True, True
    settings.base_model_name_or_path = settings.base_model_name_or_path or model.config.name_or_path
    return settings


def _matrices(model: PeftModel) -> dict[str, torch.Tensor]:
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    return {name: tensor.detach().cpu().contiguous() for name, tensor in state.items() if ".lora_" in name}
