"""Opening a LocalEngine from a request, as the workers get one: which base, which adapters, which device and format."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import peft
import torch
import transformers

import phi_core
from phi_core.chat.prompt_format import read_prompt_format
from phi_core.inference.local_engine import LocalEngine
from phi_core.models.adapter_record import base_name
from phi_core.models.base import load_base
from phi_core.models.device import choose_device


def open_local_engine(request: Mapping[str, Any], *, held: Mapping[str, Path] | None = None) -> LocalEngine:
    """The engine of a `load` request (chat.wire). Without a model the first adapter names it. PhiError if it cannot be.

    `held` are folders that stand in for adapters that vanish before they are read, by their labels.
    """
    asked = {label: Path(path) for label, path in request["adapters"].items()}
    template = request["prompt_template"]
    base = load_base(
        request["model_name"] or base_name(next(iter(_there(asked, held).values()))),
        choose_device(request["device"], request["dtype"]),
        revision=request["revision"],
        prompt_format=partial(
            read_prompt_format,
            wanted=request["prompt_format"],
            template_file=Path(template) if template else None,
        ),
        trust_remote_code=request["trust_remote_code"],
        quantization=request.get("quantization", "none"),
    )
    is_asked = request["prompt_format"] != "auto" or template is not None
    adapters = _there(asked, held)  # asked again: the base took its time
    return LocalEngine(base, adapters, use_recorded_format=not is_asked, versions=versions())


def _there(asked: Mapping[str, Path], held: Mapping[str, Path] | None) -> dict[str, Path]:
    """Each adapter's folder, or the one that stands in for it."""
    spare = held or {}
    return {label: path if path.is_dir() else spare.get(label, path) for label, path in asked.items()}


def versions() -> dict[str, str]:
    libraries = {library.__name__: str(library.__version__) for library in (torch, transformers, peft)}
    return {"phi": phi_core.__version__, **libraries}
