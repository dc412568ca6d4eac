"""Curated base models by size, with what their config.json and model card publish: nothing here is fetched.

The figures of `config` are those of each config.json; parameters and context follow from them by the table of families,
and a test compares the parameters with the published totals. Only models that the hub still offers are listed; those
that were withdrawn are refused by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from phi_core.errors import ModelError
from phi_core.files import GIB
from phi_core.model_files.architecture import Shape, shape_of

BYTES_PER_PARAMETER = 2
"""Weights on the hub are stored in 16 bits by most of these models."""


@dataclass(frozen=True)
class BaseModel:
    """`is_gated`: the hub hands it out only to those who have accepted its licence."""

    hub_id: str
    licence: str
    config: Mapping[str, Any]
    is_gated: bool = False

    @cached_property
    def shape(self) -> Shape:
        shape = shape_of(self.config)
        assert shape is not None, f"{self.hub_id} is of a family that is not in the table"
        return shape

    @property
    def num_parameters(self) -> int:
        return self.shape.num_parameters

    @property
    def context(self) -> int:
        """The longest sequence that the model was made for, in tokens."""
        return self.shape.context


def base_model(hub_id: str) -> BaseModel | None:
    """The curated entry of this id, however its letters are cased: the hub does not tell them apart."""
    return next((base for base in BASE_MODELS if base.hub_id.lower() == hub_id.lower()), None)


def require_offered(hub_id: str) -> None:
    """ModelError for a model that the hub has no more."""
    if remedy := WITHDRAWN.get(hub_id.lower()):
        raise ModelError(f"model {hub_id} was withdrawn from the hub", remedy)


def download_gib(num_parameters: int) -> float:
    """About what the weights take: parameters × 2 bytes."""
    return num_parameters * BYTES_PER_PARAMETER / GIB


def _decoder(
    family: str,
    hidden: int,
    inner: int,
    layers: int,
    *,
    heads: int,
    key_heads: int,
    vocabulary: int,
    context: int,
    tied: bool,
    **more: Any,
) -> Mapping[str, Any]:
    return {
        "model_type": family,
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_heads,
        "vocab_size": vocabulary,
        "max_position_embeddings": context,
        "tie_word_embeddings": tied,
        **more,
    }


def _phi(hidden: int, layers: int) -> Mapping[str, Any]:
    return _decoder(
        "phi", hidden, 4 * hidden, layers, heads=32, key_heads=32, vocabulary=51200, context=2048, tied=False
    )


def _pythia(hidden: int, layers: int, *, heads: int, vocabulary: int = 50304) -> Mapping[str, Any]:
    return _decoder(
        "gpt_neox",
        hidden,
        4 * hidden,
        layers,
        heads=heads,
        key_heads=heads,
        vocabulary=vocabulary,
        context=2048,
        tied=False,
    )


def _gpt_neo(hidden: int, layers: int, *, heads: int) -> Mapping[str, Any]:
    return {
        "model_type": "gpt_neo",
        "hidden_size": hidden,
        "num_layers": layers,
        "num_heads": heads,
        "vocab_size": 50257,
        "max_position_embeddings": 2048,
    }


def _gpt2(hidden: int, layers: int, *, heads: int) -> Mapping[str, Any]:
    return {
        "model_type": "gpt2",
        "n_embd": hidden,
        "n_layer": layers,
        "n_head": heads,
        "vocab_size": 50257,
        "n_positions": 1024,
    }


def _smollm2(hidden: int, inner: int, layers: int, *, heads: int, key_heads: int) -> Mapping[str, Any]:
    return _decoder(
        "llama",
        hidden,
        inner,
        layers,
        heads=heads,
        key_heads=key_heads,
        vocabulary=49152,
        context=8192,
        tied=True,
    )


def _llama32(hidden: int, layers: int, *, heads: int) -> Mapping[str, Any]:
    return _decoder(
        "llama",
        hidden,
        8192,
        layers,
        heads=heads,
        key_heads=8,
        vocabulary=128256,
        context=131072,
        tied=True,
        head_dim=128 if hidden == 3072 else 64,
    )


def _qwen25(hidden: int, inner: int, layers: int, *, heads: int) -> Mapping[str, Any]:
    return _decoder(
        "qwen2",
        hidden,
        inner,
        layers,
        heads=heads,
        key_heads=2,
        vocabulary=151936,
        context=32768,
        tied=True,
    )


def _qwen3(hidden: int, inner: int, layers: int, *, heads: int) -> Mapping[str, Any]:
    return _decoder(
        "qwen3",
        hidden,
        inner,
        layers,
        heads=heads,
        key_heads=8,
        vocabulary=151936,
        context=40960,
        tied=True,
        head_dim=128,
    )


def _phi3(*, heads: int, key_heads: int, vocabulary: int, tied: bool) -> Mapping[str, Any]:
    return _decoder(
        "phi3",
        3072,
        8192,
        32,
        heads=heads,
        key_heads=key_heads,
        vocabulary=vocabulary,
        context=131072,
        tied=tied,
    )


_GPT_J = {
    "model_type": "gptj",
    "n_embd": 4096,
    "n_layer": 28,
    "n_head": 16,
    "vocab_size": 50400,
    "n_positions": 2048,
}
_TINYLLAMA = _decoder(
    "llama", 2048, 5632, 22, heads=32, key_heads=4, vocabulary=32000, context=2048, tied=False
)
_LISTED = (
    BaseModel("microsoft/phi-2", "MIT", _phi(2560, 32)),
    BaseModel("microsoft/phi-1_5", "MIT", _phi(2048, 24)),
    BaseModel(
        "microsoft/Phi-3.5-mini-instruct",
        "MIT",
        _phi3(heads=32, key_heads=32, vocabulary=32064, tied=False),
    ),
    BaseModel(
        "microsoft/Phi-4-mini-instruct", "MIT", _phi3(heads=24, key_heads=8, vocabulary=200064, tied=True)
    ),
    BaseModel("EleutherAI/pythia-70m", "Apache-2.0", _pythia(512, 6, heads=8)),
    BaseModel("EleutherAI/pythia-160m", "Apache-2.0", _pythia(768, 12, heads=12)),
    BaseModel("EleutherAI/pythia-410m", "Apache-2.0", _pythia(1024, 24, heads=16)),
    BaseModel("EleutherAI/pythia-1b", "Apache-2.0", _pythia(2048, 16, heads=8)),
    BaseModel("EleutherAI/pythia-1.4b", "Apache-2.0", _pythia(2048, 24, heads=16)),
    BaseModel("EleutherAI/pythia-2.8b", "Apache-2.0", _pythia(2560, 32, heads=32)),
    BaseModel("EleutherAI/pythia-6.9b", "Apache-2.0", _pythia(4096, 32, heads=32, vocabulary=50432)),
    BaseModel("EleutherAI/gpt-neo-125m", "MIT", _gpt_neo(768, 12, heads=12)),
    BaseModel("EleutherAI/gpt-neo-1.3B", "MIT", _gpt_neo(2048, 24, heads=16)),
    BaseModel("EleutherAI/gpt-neo-2.7B", "MIT", _gpt_neo(2560, 32, heads=20)),
    BaseModel("EleutherAI/gpt-j-6b", "Apache-2.0", _GPT_J),
    BaseModel("openai-community/gpt2", "MIT", _gpt2(768, 12, heads=12)),
    BaseModel("openai-community/gpt2-medium", "MIT", _gpt2(1024, 24, heads=16)),
    BaseModel("openai-community/gpt2-large", "MIT", _gpt2(1280, 36, heads=20)),
    BaseModel("openai-community/gpt2-xl", "MIT", _gpt2(1600, 48, heads=25)),
    BaseModel(
        "HuggingFaceTB/SmolLM2-135M-Instruct", "Apache-2.0", _smollm2(576, 1536, 30, heads=9, key_heads=3)
    ),
    BaseModel(
        "HuggingFaceTB/SmolLM2-360M-Instruct", "Apache-2.0", _smollm2(960, 2560, 32, heads=15, key_heads=5)
    ),
    BaseModel(
        "HuggingFaceTB/SmolLM2-1.7B-Instruct",
        "Apache-2.0",
        _smollm2(2048, 8192, 24, heads=32, key_heads=32),
    ),
    BaseModel("TinyLlama/TinyLlama-1.1B-Chat-v1.0", "Apache-2.0", _TINYLLAMA),
    BaseModel("meta-llama/Llama-3.2-1B-Instruct", "Llama 3.2", _llama32(2048, 16, heads=32), is_gated=True),
    BaseModel("meta-llama/Llama-3.2-3B-Instruct", "Llama 3.2", _llama32(3072, 28, heads=24), is_gated=True),
    BaseModel("Qwen/Qwen2.5-0.5B-Instruct", "Apache-2.0", _qwen25(896, 4864, 24, heads=14)),
    BaseModel("Qwen/Qwen2.5-1.5B-Instruct", "Apache-2.0", _qwen25(1536, 8960, 28, heads=12)),
    BaseModel("Qwen/Qwen3-0.6B", "Apache-2.0", _qwen3(1024, 3072, 28, heads=16)),
    BaseModel("Qwen/Qwen3-1.7B", "Apache-2.0", _qwen3(2048, 6144, 28, heads=16)),
    BaseModel("Qwen/Qwen3-4B", "Apache-2.0", _qwen3(2560, 9728, 36, heads=32)),
)

BASE_MODELS: tuple[BaseModel, ...] = tuple(sorted(_LISTED, key=lambda base: base.num_parameters))
"""The smallest first."""

WITHDRAWN: Mapping[str, str] = {
    # github.com/EleutherAI/gpt-neo/issues/264, github.com/hyunwoongko/openchat/issues/31
    "eleutherai/gpt-neo-350m": "EleutherAI/pythia-410m is of its size",
}
"""Ids in lower case that lists elsewhere still name → what to name instead."""
