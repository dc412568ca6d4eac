"""Load a base model with its tokenizer and prompt format.

Everything is read from one folder: a local one, or the hub cache's snapshot, fetched when it is not there yet.
Remote code is never run unless asked for. Knows nothing about adapters.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, PreTrainedModel
from transformers.utils import logging as transformers_logging

from phi_core.chat.prompt_format import PromptFormat, read_prompt_format
from phi_core.chat.tokenizer import TextTokenizer, read_tokenizer, text_tokenizer
from phi_core.config.words import Quantization
from phi_core.errors import ModelError
from phi_core.model_files.fetch import ALL_FILES, fetch
from phi_core.model_files.folder import is_hub_model, locate, read_json
from phi_core.models.device import Device, choose_threads
from phi_core.models.quantization import keep_gradients, keep_scales, quantization_settings

NUM_PIECES, PIECE_BYTES = 128, 2**18
"""Of a file of weights above 32 MiB so many pieces are hashed."""


@dataclass(frozen=True)
class BaseModel:
    """A loaded model in evaluation mode, every weight frozen."""

    name: str
    folder: Path
    model: PreTrainedModel
    tokenizer: TextTokenizer
    form: PromptFormat
    device: Device
    quantization: Quantization = "none"
    """How the weights are held; `fingerprint` is that of the files, whatever it is."""
    trust_remote_code: bool = False

    @cached_property
    def fingerprint(self) -> str:
        """Tells these weights from others."""
        return weights_fingerprint(self.folder)

    @property
    def context_length(self) -> int:
        return int(
            getattr(self.model.config, "max_position_embeddings", None) or self.model.config.n_positions
        )


def load_base(
    name: str,
    device: Device,
    *,
    revision: str | None = None,
    prompt_format: Callable[[Path], PromptFormat] = read_prompt_format,
    trust_remote_code: bool = False,
    quantization: Quantization = "none",
) -> BaseModel:
    """ModelError with cause and next step if it cannot be found or loaded. `prompt_format` reads the form from the folder."""
    transformers_logging.disable_progress_bar()
    held = quantization_settings(quantization, device)
    folder = locate(name, revision)
    if folder is None or (is_hub_model(name) and not has_weights(folder)):
        folder = fetch(name, revision, files=ALL_FILES)  # goes on with a download that was broken off
    form = prompt_format(folder)
    model = _load_weights(folder, device, held, trust_remote_code=trust_remote_code)
    choose_threads(model.num_parameters())
    tokenizer = _load_tokenizer(folder, trust_remote_code)
    return BaseModel(name, folder, model, tokenizer, form, device, quantization, trust_remote_code)


def second_copy(base: BaseModel) -> PreTrainedModel:
    """The weights once more, from the files: for an adapter that alters the base it is loaded onto."""
    held = quantization_settings(base.quantization, base.device)
    return _load_weights(base.folder, base.device, held, trust_remote_code=base.trust_remote_code)


def has_weights(folder: Path) -> bool:
    """Whether every file of the weights is there."""
    index = read_json(folder, "model.safetensors.index.json").get("weight_map", {})
    wanted = set(index.values()) or {"model.safetensors"}
    return all((folder / str(name)).exists() for name in wanted)


def weights_fingerprint(folder: Path) -> str:
    """SHA-256 over size and content of every safetensors file; of a large one, over pieces spread evenly over it.

    So weights are told apart without reading them whole, also where training has left the first and last ones alone.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        digest.update(f"{path.name}:{size}".encode())
        with path.open("rb") as file:
            for start, length in _pieces(size):
                file.seek(start)
                digest.update(file.read(length))
    return digest.hexdigest()


def _pieces(size: int) -> list[tuple[int, int]]:
    """(start, bytes) of what is read of a file, the end of the last piece at its end."""
    if size <= NUM_PIECES * PIECE_BYTES:
        return [(0, size)]
    last = size - PIECE_BYTES
    return [(last * number // (NUM_PIECES - 1), PIECE_BYTES) for number in range(NUM_PIECES)]


def _load_weights(
    folder: Path, device: Device, held: BitsAndBytesConfig | None, *, trust_remote_code: bool
) -> PreTrainedModel:
    quantized = {"quantization_config": held, "device_map": {"": device.name}} if held else {}
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=device.dtype,
            trust_remote_code=trust_remote_code,
            local_files_only=True,
            use_safetensors=True,
            **quantized,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(f"model {folder} cannot be loaded: {str(error).strip().splitlines()[0]}") from error
    keep_gradients(model)
    keep_scales(model)
    model.requires_grad_(False).eval()
    return model if held else model.to(device.name)


def _load_tokenizer(folder: Path, trust_remote_code: bool) -> TextTokenizer:
    tokenizer = read_tokenizer(folder)
    if tokenizer is not None:
        return tokenizer
    try:
        loaded = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=trust_remote_code, local_files_only=True
        )
        return text_tokenizer(loaded.backend_tokenizer)
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"tokenizer of {folder} cannot be loaded: {error}") from None
