"""LoRA adapters through PEFT: attach a new one, load trained ones.

All use of PEFT is in this room and in the switch of `inference`. What is asked for is resolved in `lora_settings`, what
is loaded is checked in `adapter_check`, starts that alter the base are undone in `conversion`.
"""

import hashlib
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from peft import (
    PeftModel,
    get_peft_model,
    get_peft_model_state_dict,
    set_peft_model_state_dict,
)
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils import ModulesToSaveWrapper
from safetensors.torch import load_file
from torch import nn
from transformers import PreTrainedModel

from phi_core.config.training import TrainingConfig
from phi_core.errors import AdapterError, ConfigError
from phi_core.files import user_path
from phi_core.models import conversion
from phi_core.models.adapter_check import check_adapter
from phi_core.models.adapter_record import WEIGHTS, adapter_settings
from phi_core.models.lora_settings import lora_settings
from phi_core.models.whole_modules import train_in_float32


def attach_adapter(
    model: PreTrainedModel,
    config: TrainingConfig,
    targets: Sequence[str],
    *,
    start_folder: Path | None = None,
) -> PeftModel:
    """A new, trainable adapter on `targets`; ("auto",) adapts the layers of lora_goal, else every linear one but the head.

    What is trained is float32; with `initial_adapter` it begins with that one's weights. Where `lora_init` takes its start out
    of the base, `start_folder` may hold the start of the run, which then is used again (`conversion.Start`).
    ConfigError if a target, pattern or module matches nothing, AdapterError if the initial adapter does not fit.
    """
    settings = lora_settings(model, config, targets)
    kept = start_folder / conversion.FILE if start_folder and config.lora_init != "default" else None
    begins_anew = kept is None or not kept.exists()
    word = settings.init_lora_weights
    settings.init_lora_weights = word if begins_anew else True
    try:
        with _without_warnings():
            adapted = get_peft_model(model, settings)
    except ValueError as error:
        raise ConfigError(f"lora_targets: {error}") from None
    if kept is not None and not begins_anew:
        conversion.begin_at(adapted, conversion.Start(kept))
        adapted.peft_config["default"].init_lora_weights = word
    train_in_float32(adapted)
    if config.initial_adapter is not None:
        _start_from(adapted, user_path(config.initial_adapter))
    # PEFT would add the base's own embedding and head to the file where they are adapted, or ask the hub about them.
    adapted.save_pretrained = partial(adapted.save_pretrained, save_embedding_layers=False)
    return adapted


def _start_from(model: PeftModel, path: Path) -> None:
    """Give a new adapter the weights of a trained one."""
    check_adapter(model, path)
    weights = load_file(path / WEIGHTS)
    own = get_peft_model_state_dict(model, save_embedding_layers=False)
    if {name: tensor.shape for name, tensor in own.items()} != {
        name: tensor.shape for name, tensor in weights.items()
    }:
        targets = adapter_settings(path).get("target_modules")
        named = ",".join(sorted(targets)) if isinstance(targets, list) else targets
        raise AdapterError(
            f"initial_adapter {path} adapts other layers than lora_targets says",
            f"Set lora_targets to {named}",
        )
    set_peft_model_state_dict(model, weights)


def peft_name(label: str) -> str:
    """PEFT's name for an adapter: a module's name, so that a label may hold any character."""
    return f"adapter_{hashlib.sha256(label.encode()).hexdigest()[:16]}"


def load_adapter(
    model: PreTrainedModel | PeftModel, path: Path, *, label: str, may_alter_base: bool = False
) -> PeftModel:
    """The model with one more adapter, switched on, frozen. AdapterError if it does not fit; the model is as before then.

    `may_alter_base`: the model is this adapter's own copy, from which PEFT may take the adapter's start.
    """
    check_adapter(model, path, may_alter_base=may_alter_base)
    try:
        with _without_warnings():
            loaded = _with_adapter(model, path, peft_name(label))
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError, ImportError, re.error) as error:
        _undo(model, peft_name(label))
        said = " ".join(str(error).split())[:300] or type(error).__name__
        raise AdapterError(
            f"adapter {path} cannot be loaded: {said}",
            "See that its adapter_config.json belongs to its weights and to this version of PEFT",
        ) from error
    return loaded


def _with_adapter(model: PreTrainedModel | PeftModel, path: Path, name: str) -> PeftModel:
    if not isinstance(model, PeftModel):
        return PeftModel.from_pretrained(model, str(path), adapter_name=name)
    model.load_adapter(str(path), adapter_name=name)
    return model


def remove_adapter(model: PeftModel, *, name: str) -> None:
    """Free an adapter. The last one stays, out of use: without any, PEFT's switches have nothing to switch."""
    others = [other for other in model.peft_config if other != name]
    if others:
        model.set_adapter(others[0], inference_mode=True)
        model.delete_adapter(name)


def _undo(model: PreTrainedModel | PeftModel, name: str) -> None:
    """Take out what PEFT had put in before it failed: layers around the base's own answer for the base otherwise."""
    if isinstance(model, PeftModel):
        if name in model.peft_config:
            remove_adapter(model, name=name)
        return
    for path, module in list(model.named_modules()):
        if isinstance(module, BaseTunerLayer):
            model.set_submodule(path, module.get_base_layer())
        elif isinstance(module, ModulesToSaveWrapper):
            model.set_submodule(path, module.original_module)
    if hasattr(model, "peft_config"):
        del model.peft_config


def is_bare(model: nn.Module) -> bool:
    """Whether no adapter stands in the model, as one does in a base that PEFT has wrapped in place."""
    return not any(isinstance(module, BaseTunerLayer | ModulesToSaveWrapper) for module in model.modules())


@contextmanager
def _without_warnings() -> Iterator[None]:
    """A tied head is adapted apart from its embedding, and layers with and without transposed weights together: both
    are meant here, and PEFT handles them layer by layer."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s).*tie_word_embeddings")
        warnings.filterwarnings("ignore", message="fan_in_fan_out is set to")
        yield


def num_trainable(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
