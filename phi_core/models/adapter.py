"""LoRA adapters through PEFT: attach a new one, load trained ones, check them against the base first.

All use of PEFT is here and in the switch of `inference`. An adapter is refused before it is loaded if any of its
matrices does not land on a layer of the right shape: PEFT alone would leave such a layer untrained without a word.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from peft import (
    LoraConfig,
    PeftModel,
    get_peft_model,
    get_peft_model_state_dict,
    set_peft_model_state_dict,
)
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import nn
from transformers import PreTrainedModel

from phi_core.chat.prompt_format import FILE, PromptFormat, probe_ids_hash, prompt_format_from
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.config.training import TrainingConfig
from phi_core.errors import AdapterError, ConfigError, ModelError
from phi_core.files import read_json, user_path

WEIGHTS = "adapter_model.safetensors"
PREFIX = "base_model.model."


def attach_adapter(model: PreTrainedModel, config: TrainingConfig, targets: Sequence[str]) -> PeftModel:
    """A new, trainable adapter on `targets`; ("auto",) adapts every linear layer but the head.

    The adapter is float32; with `initial_adapter` it begins with that one's weights. ConfigError if a target matches no
    module, AdapterError if the initial adapter does not fit.
    """
    _require_matches(model, targets)
    lora = LoraConfig(
        r=config.lora_r,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules="all-linear" if tuple(targets) == ("auto",) else list(targets),
        fan_in_fan_out=model.config.model_type == "gpt2",
        task_type="CAUSAL_LM",
    )
    try:
        adapted = get_peft_model(model, lora)
    except ValueError as error:
        raise ConfigError(f"lora_targets: {error}") from None
    if config.initial_adapter is not None:
        _start_from(adapted, user_path(config.initial_adapter))
    return adapted


def _start_from(model: PeftModel, path: Path) -> None:
    """Give a new adapter the weights of a trained one."""
    check_adapter(model, path)
    weights = load_file(path / WEIGHTS)
    expected = {name: tensor.shape for name, tensor in get_peft_model_state_dict(model).items()}
    if expected != {name: tensor.shape for name, tensor in weights.items()}:
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


def load_adapter(model: PreTrainedModel | PeftModel, path: Path, *, label: str) -> PeftModel:
    """The model with one more adapter, switched on, frozen. AdapterError if it does not fit."""
    check_adapter(model, path)
    if isinstance(model, PeftModel):
        model.load_adapter(str(path), adapter_name=peft_name(label))
        return model
    return PeftModel.from_pretrained(model, str(path), adapter_name=peft_name(label))


def check_adapter(model: nn.Module, path: Path) -> None:
    """AdapterError if the folder holds no adapter, one of another architecture, or one that would change the base.

    PEFT loads tensors that are no LoRA matrices straight into the base model, which then is the base no more.
    """
    adapter_settings(path)
    foreign = [name for name in _matrices(path) if ".lora_" not in name]
    if foreign:
        raise AdapterError(
            f"adapter {path} replaces parts of the base model: {foreign[0]}",
            "Only LoRA matrices are loaded; train it without modules_to_save, biases and embedding layers",
        )
    modules = {
        name.replace(".base_layer", "").removeprefix(PREFIX): module for name, module in model.named_modules()
    }
    wrong = [fault for name, shape in _matrices(path).items() if (fault := _mismatch(name, shape, modules))]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise AdapterError(
            f"adapter {path} belongs to another base model: {wrong[0]}{more}",
            "Name the base that it was trained on",
        )


def adapter_settings(path: Path) -> dict[str, Any]:
    """adapter_config.json. AdapterError if the folder holds no LoRA adapter."""
    if not path.is_dir():
        raise AdapterError(f"adapter {path} does not exist", "Give a folder with adapter_config.json")
    settings = read_json(path / "adapter_config.json")
    if not isinstance(settings, dict):
        raise AdapterError(f"{path} holds no adapter: adapter_config.json is missing or broken")
    if settings.get("peft_type") != "LORA":
        raise AdapterError(f"adapter {path} is of type {settings.get('peft_type')}", "Only LORA is supported")
    if not (path / WEIGHTS).exists():
        raise AdapterError(f"adapter {path} has no {WEIGHTS}", "Pickled weights are not loaded; convert them")
    return settings


def recorded_format(path: Path) -> PromptFormat | None:
    """The prompt format recorded beside the adapter, None if there is none."""
    record = read_json(path / FILE)
    return prompt_format_from(record) if isinstance(record, dict) else None


def require_same_ids(path: Path, tokenizer: TextTokenizer) -> None:
    """AdapterError if the recorded format and this tokenizer give other ids than in training.

    Adapters without a record, or with one that says nothing of it, pass.
    """
    record = read_json(path / FILE)
    expected = record.get("probe_ids_hash") if isinstance(record, dict) else None
    if not expected:
        return
    try:
        found = probe_ids_hash(prompt_format_from(record), tokenizer)[:12]
    except ModelError as error:
        found = f"nothing, for {error.what}"
    if found != str(expected)[:12]:
        raise AdapterError(
            f"adapter {path} was trained with another tokenizer or template than the one at hand: the same "
            f"conversation gives other tokens (expected {str(expected)[:12]}, found {found})",
            f"Restore the base model's tokenizer.json and the adapter's {FILE}",
        )


def recorded_fingerprint(path: Path) -> str | None:
    """The fingerprint of the base that the adapter was trained on, None if it is not recorded."""
    record = read_json(path / FILE)
    return record.get("base_fingerprint") if isinstance(record, dict) else None


def format_record(form: PromptFormat, tokenizer: TextTokenizer, *, base_fingerprint: str) -> str:
    """The content of prompt_format.json."""
    contract = {"probe_ids_hash": probe_ids_hash(form, tokenizer), "base_fingerprint": base_fingerprint}
    return json.dumps({**form.as_json(), **contract}, indent=2, ensure_ascii=False) + "\n"


def num_trainable(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def base_name(path: Path) -> str:
    """The base model that an adapter names. AdapterError if it names none."""
    name = adapter_settings(path).get("base_model_name_or_path")
    if not name:
        raise AdapterError(f"adapter {path} does not name its base model", "Give it with --model")
    return str(name)


def _require_matches(model: nn.Module, targets: Sequence[str]) -> None:
    names = [name for name, _ in model.named_modules()]
    for target in targets:
        if target != "auto" and not any(name == target or name.endswith(f".{target}") for name in names):
            linear = sorted(
                {
                    name.rpartition(".")[2]
                    for name, module in model.named_modules()
                    if isinstance(module, nn.Linear)
                }
            )
            raise ConfigError(
                f"lora_targets: {target} matches no module", remedy=f"Linear layers: {', '.join(linear)}"
            )


def _matrices(path: Path) -> dict[str, tuple[int, ...]]:
    try:
        with safe_open(str(path / WEIGHTS), framework="pt") as file:
            return {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise AdapterError(f"adapter {path / WEIGHTS} cannot be read: {error}") from None


def _mismatch(key: str, shape: tuple[int, ...], modules: dict[str, nn.Module]) -> str:
    """What is wrong with one LoRA matrix, "" if it fits."""
    name = key.removeprefix(PREFIX).partition(".lora_")[0]
    module = modules.get(name)
    if module is None:
        return f"this model has no module {name}"
    weight = getattr(getattr(module, "base_layer", module), "weight", None)
    if weight is None or not {shape[0], shape[-1]} & set(weight.shape):
        return (
            f"{name} is {tuple(weight.shape) if weight is not None else '()'}, the adapter's matrix {shape}"
        )
    return ""
