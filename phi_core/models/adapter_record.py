"""What an adapter's folder says of itself: PEFT's settings, and the record of format and base that training wrote.

Reads JSON only. Whether the adapter fits a model is found out in `adapter_check`.
"""

import json
from pathlib import Path
from typing import Any

from phi_core.chat.prompt_format import FILE, PromptFormat, probe_ids_hash, prompt_format_from
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.config.words import Quantization
from phi_core.errors import AdapterError, ModelError
from phi_core.files import read_json

WEIGHTS = "adapter_model.safetensors"


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


def base_name(path: Path) -> str:
    """The base model that an adapter names. AdapterError if it names none."""
    name = adapter_settings(path).get("base_model_name_or_path")
    if not name:
        raise AdapterError(f"adapter {path} does not name its base model", "Give it with --model")
    return str(name)


def recorded_format(path: Path) -> PromptFormat | None:
    """The prompt format recorded beside the adapter, None if there is none."""
    record = read_json(path / FILE)
    return prompt_format_from(record) if isinstance(record, dict) else None


def recorded_fingerprint(path: Path) -> str | None:
    """The fingerprint of the base that the adapter was trained on, None if it is not recorded."""
    record = read_json(path / FILE)
    return record.get("base_fingerprint") if isinstance(record, dict) else None


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


def format_record(
    form: PromptFormat,
    tokenizer: TextTokenizer,
    *,
    base_fingerprint: str,
    base_quantization: Quantization = "none",
) -> str:
    """The content of prompt_format.json."""
    contract = {
        "probe_ids_hash": probe_ids_hash(form, tokenizer),
        "base_fingerprint": base_fingerprint,
        "base_quantization": base_quantization,
    }
    return json.dumps({**form.as_json(), **contract}, indent=2, ensure_ascii=False) + "\n"
