"""Layers of a model of any family from the names and shapes in its weight files. Reads headers, no weights.

A safetensors file begins with 8 bytes, the length of a JSON header that names every tensor with its shape
(github.com/huggingface/safetensors, "Format").
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phi_core.errors import ModelError
from phi_core.model_files.layers import NAMES, Layer, group_of

LARGEST_HEADER = 100 * 2**20
"""Bytes; the format's own limit."""


def named_layers(folder: Path) -> tuple[Layer, ...]:
    """Every matrix of the folder's weight files that can be adapted; none without such files. ModelError if one is broken."""
    shapes: dict[str, tuple[int, ...]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        shapes |= _shapes(path)
    return _with_head(
        tuple(
            _layer(name.removesuffix(".weight"), shape, shapes) for name, shape in _matrices(shapes).items()
        )
    )


def _matrices(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Weights with two axes, but for tables that are no embedding of tokens, such as that of positions."""
    return {
        name: shape
        for name, shape in shapes.items()
        if name.endswith(".weight")
        and len(shape) == 2
        and not ("embed" in name and group_of(name.removesuffix(".weight")) == "other")
    }


def _layer(path: str, shape: tuple[int, ...], shapes: Mapping[str, tuple[int, ...]]) -> Layer:
    group = group_of(path)
    rows, columns = shape
    inputs, outputs = (rows, columns) if group == "embedding" else (columns, rows)
    return Layer(path, inputs, outputs, f"{path}.bias" in shapes, group)


def _with_head(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """A tied head is not stored: it is the embedding's matrix once more."""
    embedding = next((layer for layer in layers if layer.group == "embedding"), None)
    if embedding is None or any(layer.name in NAMES["head"] for layer in layers):
        return layers
    return (*layers, Layer("lm_head", embedding.outputs, embedding.inputs, False, "head"))


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header: Any = json.loads(file.read(length)) if length <= LARGEST_HEADER else None
        return {name: _axes(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}
    except (OSError, ValueError, AttributeError, LookupError, TypeError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from None


def _axes(shape: Any) -> tuple[int, ...]:
    if not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError("a tensor's shape is no list of sizes")
    return tuple(shape)
