"""Modules that are trained whole and kept with the adapter: found, and trained in float32 in a base of whatever dtype.

A step of training is often smaller than what a 16-bit weight can show of it, and would be lost; gradient scaling for
float16 asks for float32 weights besides. Such a module takes and gives tensors in the dtype of the base all the same.
"""

from typing import Any

import torch
from peft import PeftModel
from peft.utils import ModulesToSaveWrapper
from torch import nn

from phi_core.config.module_patterns import ends_with
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError


def whole_modules(config: TrainingConfig, model: nn.Module) -> list[str]:
    """Full paths of `modules_to_save`: PEFT compares ends of paths without heeding where a name begins.

    ConfigError for what is no module, is made of several, or is held in a few bits.
    """
    modules = {path: module for path, module in model.named_modules() if path}
    chosen = []
    for name in config.modules_to_save:
        found = [path for path in modules if ends_with(path, name)]
        if not found:
            known = ", ".join(
                sorted({path.rpartition(".")[2] for path in modules if _is_single(modules[path])})
            )
            raise ConfigError(f"modules_to_save: {name} is no module", remedy=f"Modules: {known}")
        for path in found:
            _require_trainable(name, modules[path])
        chosen += found
    return list(dict.fromkeys(chosen))


def _is_single(module: nn.Module) -> bool:
    """Whether a module has weights of its own and is made of no others."""
    return not any(module.children()) and any(True for _ in module.parameters())


def _require_trainable(name: str, module: nn.Module) -> None:
    parts = [part for part, _ in module.named_children()]
    if parts:
        found = f"modules_to_save: {name} is made of {', '.join(parts)}"
        raise ConfigError(found, remedy="Name those of them that are to be trained whole")
    if not all(parameter.is_floating_point() for parameter in module.parameters()):
        found = f"modules_to_save: {name} is held in a few bits and cannot be trained whole"
        raise ConfigError(found, remedy="Leave it out, or set quantization to none")


def train_in_float32(model: PeftModel) -> None:
    """Cast the copies that `modules_to_save` trains; nothing where they are float32 already."""
    for wrapper in model.modules():
        if isinstance(wrapper, ModulesToSaveWrapper):
            for module in wrapper.modules_to_save.values():
                _cast(module)


def _cast(module: nn.Module) -> None:
    dtype = next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.float32)
    if dtype == torch.float32:
        return
    module.float()
    module.register_forward_pre_hook(lambda _, inputs: tuple(_in(value, torch.float32) for value in inputs))
    module.register_forward_hook(lambda _, inputs, output: _in(output, dtype))


def _in(value: Any, dtype: torch.dtype) -> Any:
    """A tensor of numbers in this dtype; ids and everything else as it is."""
    return value.to(dtype) if isinstance(value, torch.Tensor) and value.is_floating_point() else value
