"""The files of an exported folder that are no weights of a model: adapter, tokenizer, chat template, stop tokens.

Loads nothing heavy: an adapter is exported without its base.
"""

import hashlib
import shutil
from pathlib import Path
from typing import Any

from phi_core.chat.prompt_format import FILE, PromptFormat, stop_ids
from phi_core.chat.standalone_template import standalone_template
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.errors import AdapterError, WorkError
from phi_core.files import read_json, write_json, write_text
from phi_core.models.adapter_record import WEIGHTS, adapter_settings

TOKENIZER_FILES = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "vocab.txt", "merges.txt", "tokenizer.model", "chat_template.jinja"),
)
ALTERING = ("pissa", "olora", "loftq", "corda", "lora_ga")
"""Beginnings of `init_lora_weights` under which an adapter does not belong to the base as it is."""


def write_adapter(adapter: Path, target: Path, *, base_folder: Path | None, base_name: str) -> None:
    """PEFT's files, the tokenizer and the prompt format. `base_name` is what the adapter then calls its base.

    AdapterError if the adapter belongs to an altered base. The weights are copied byte for byte, and compared.
    """
    settings = adapter_settings(adapter)
    start = str(settings.get("init_lora_weights")).lower()
    if start.startswith(ALTERING):
        raise AdapterError(
            f"adapter {adapter} began as {start} and was not converted: it does not belong to the base as it is",
            "Export the run's final adapter",
        )
    copy_exactly(adapter / WEIGHTS, target / WEIGHTS)
    write_json(target / "adapter_config.json", {**settings, "base_model_name_or_path": base_name})
    copy_tokenizer(adapter if (adapter / "tokenizer.json").exists() else base_folder, target)
    if (adapter / FILE).exists():
        shutil.copyfile(adapter / FILE, target / FILE)


def copy_tokenizer(source: Path | None, target: Path) -> None:
    """The tokenizer's files as they are; nothing where there is no source."""
    for name in TOKENIZER_FILES if source else ():
        if source and (source / name).exists():
            shutil.copyfile(source / name, target / name)


def write_chat_template(form: PromptFormat, tokenizer: TextTokenizer, target: Path) -> None:
    """Make the format of training the tokenizer's chat template, and its only one."""
    opening = "".join(tokenizer.token(token) or "" for token in tokenizer.opening)
    write_text(target / "chat_template.jinja", standalone_template(form, opening=opening))
    settings = read_json(target / "tokenizer_config.json")
    if isinstance(settings, dict) and settings.pop("chat_template", None) is not None:
        write_json(target / "tokenizer_config.json", settings)


def write_generation_config(
    base: Path, target: Path, form: PromptFormat | None, tokenizer: TextTokenizer
) -> None:
    """The base's, with every token that ends an answer in the format of training as an end of generation."""
    settings = _object(base / "generation_config.json")
    ends = settings.get("eos_token_id", _object(base / "config.json").get("eos_token_id"))
    known = ends if isinstance(ends, list) else [] if ends is None else [ends]
    stops = sorted({*known, *(stop_ids(form, tokenizer) if form else ())})
    if stops:
        settings["eos_token_id"] = stops[0] if len(stops) == 1 else stops
    write_json(target / "generation_config.json", settings)


def copy_exactly(source: Path, target: Path) -> None:
    """WorkError if the copy is not the source, as on a failing disk."""
    shutil.copyfile(source, target)
    if _sha256(source) != _sha256(target):
        raise WorkError(f"{target.name} was not copied as it is", "Check the disk, then export again")


def _object(path: Path) -> dict[str, Any]:
    content = read_json(path)
    return content if isinstance(content, dict) else {}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
