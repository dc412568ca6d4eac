"""The shape of a model from its config.json: parameter counts and the linear layers of a block.

One table of families serves the memory estimate, the trainable-parameter count and the choice of adapter targets;
`tests/phi_core/model_files` compares it with the models that transformers builds. Sizes are numbers of elements.
Loads no weights. A family that is not in the table has no shape here (`shape_of` returns None).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from phi_core.config.module_patterns import ends_with

MOST_BLOCKS = 10_000
"""Far above any model: a config.json that says more is broken."""


@dataclass(frozen=True)
class Linear:
    """One linear layer of a block: y = x Wᵀ (+ b), W of inputs × outputs elements. `path` is its place in the block."""

    path: str
    inputs: int
    outputs: int
    bias: bool = False

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]

    @property
    def num_parameters(self) -> int:
        return self.inputs * self.outputs + (self.outputs if self.bias else 0)


@dataclass(frozen=True)
class Shape:
    """A decoder: `num_layers` equal blocks of `linears` and norms, embeddings before and a head after."""

    family: str
    hidden: int
    num_layers: int
    num_heads: int
    vocabulary: int
    context: int
    linears: tuple[Linear, ...]
    block_norm_parameters: int
    outer_parameters: int
    """Embeddings, positions, last norm and head (a tied head counts once)."""
    blocks: str = "model.layers"
    """Path of the list of blocks."""
    embedding: str = "model.embed_tokens"
    head: str = "lm_head"
    has_tied_head: bool = False
    """Whether the head is the embedding's own matrix."""
    has_head_bias: bool = False
    is_parallel: bool = False
    """Whether attention and feed-forward part of a block read the same input and are summed, not one after the other."""

    @property
    def num_parameters(self) -> int:
        block = sum(linear.num_parameters for linear in self.linears) + self.block_norm_parameters
        return self.num_layers * block + self.outer_parameters

    def lora_parameters(self, rank: int, targets: Sequence[str]) -> int:
        """Elements of A (rank × inputs) and B (outputs × rank) over all adapted layers (Hu et al. 2021, 4.1)."""
        adapted = [
            linear for linear in self.linears if any(ends_with(linear.path, target) for target in targets)
        ]
        return self.num_layers * sum(rank * (linear.inputs + linear.outputs) for linear in adapted)

    @property
    def block_targets(self) -> tuple[str, ...]:
        """Names of all linear layers of a block, each once: what `auto` adapts."""
        return tuple(dict.fromkeys(linear.name for linear in self.linears))


def shape_of(config: Mapping[str, Any]) -> Shape | None:
    """The shape that a config.json describes; None for a family that is not in the table, or if a size is not given or is
    no size."""
    read = FAMILIES.get(str(config.get("model_type")))
    try:
        shape = read(config) if read else None
        return shape if shape and _has_sizes(shape) else None
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return None


def _has_sizes(shape: Shape) -> bool:
    """Whether every size is a whole number above 0, and the blocks are no more than a model can have."""
    sizes = (shape.hidden, shape.num_layers, shape.num_heads, shape.vocabulary, shape.context)
    sides = (side for linear in shape.linears for side in (linear.inputs, linear.outputs))
    return (
        all(type(size) is int and size > 0 for size in (*sizes, *sides)) and shape.num_layers <= MOST_BLOCKS
    )


def _phi(config: Mapping[str, Any]) -> Shape:
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    head = hidden // config["num_attention_heads"]
    keys = head * (config.get("num_key_value_heads") or config["num_attention_heads"])
    linears = (
        Linear("self_attn.q_proj", hidden, hidden, True),
        Linear("self_attn.k_proj", hidden, keys, True),
        Linear("self_attn.v_proj", hidden, keys, True),
        Linear("self_attn.dense", hidden, hidden, True),
        Linear("mlp.fc1", hidden, inner, True),
        Linear("mlp.fc2", inner, hidden, True),
    )
    norms = 2 * hidden + (4 * head if config.get("qk_layernorm") else 0)
    outer = _embeddings(config, hidden) + 2 * hidden
    return _shape("phi", config, hidden=hidden, linears=linears, norms=norms, outer=outer)


def _phi3(config: Mapping[str, Any]) -> Shape:
    hidden, inner, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    head = config.get("head_dim") or hidden // heads
    keys = head * (config.get("num_key_value_heads") or heads)
    linears = (
        Linear("self_attn.qkv_proj", hidden, heads * head + 2 * keys),
        Linear("self_attn.o_proj", heads * head, hidden),
        Linear("mlp.gate_up_proj", hidden, 2 * inner),
        Linear("mlp.down_proj", inner, hidden),
    )
    outer = _embeddings(config, hidden) + hidden
    return _shape("phi3", config, hidden=hidden, linears=linears, norms=2 * hidden, outer=outer)


def _llama(config: Mapping[str, Any]) -> Shape:
    family = str(config["model_type"])
    hidden, inner, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    head = config.get("head_dim") or hidden // heads
    keys = head * (config.get("num_key_value_heads") or heads)
    attention_bias = bool(config.get("attention_bias", False))
    input_bias, mlp_bias = attention_bias or family == "qwen2", bool(config.get("mlp_bias", False))
    linears = (
        Linear("self_attn.q_proj", hidden, heads * head, input_bias),
        Linear("self_attn.k_proj", hidden, keys, input_bias),
        Linear("self_attn.v_proj", hidden, keys, input_bias),
        Linear("self_attn.o_proj", heads * head, hidden, attention_bias),
        Linear("mlp.gate_proj", hidden, inner, mlp_bias),
        Linear("mlp.up_proj", hidden, inner, mlp_bias),
        Linear("mlp.down_proj", inner, hidden, mlp_bias),
    )
    norms = (4 if family in ("gemma2", "gemma3_text") else 2) * hidden
    norms += 2 * head if family in ("qwen3", "gemma3_text") else 0
    outer = _embeddings(config, hidden) + hidden
    return _shape(family, config, hidden=hidden, linears=linears, norms=norms, outer=outer)


def _gpt_neox(config: Mapping[str, Any]) -> Shape:
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    bias = bool(config.get("attention_bias", True))
    linears = (
        Linear("attention.query_key_value", hidden, 3 * hidden, bias),
        Linear("attention.dense", hidden, hidden, bias),
        Linear("mlp.dense_h_to_4h", hidden, inner, True),
        Linear("mlp.dense_4h_to_h", inner, hidden, True),
    )
    outer = _embeddings(config, hidden) + 2 * hidden
    return _shape("gpt_neox", config, hidden=hidden, linears=linears, norms=4 * hidden, outer=outer)


def _gpt2(config: Mapping[str, Any]) -> Shape:
    hidden = config["n_embd"]
    inner = config.get("n_inner") or 4 * hidden
    linears = (
        Linear("attn.c_attn", hidden, 3 * hidden, True),
        Linear("attn.c_proj", hidden, hidden, True),
        Linear("mlp.c_fc", hidden, inner, True),
        Linear("mlp.c_proj", inner, hidden, True),
    )
    outer = _embeddings(config, hidden) + config["n_positions"] * hidden + 2 * hidden
    return _shape("gpt2", config, hidden=hidden, linears=linears, norms=4 * hidden, outer=outer)


def _gptj(config: Mapping[str, Any]) -> Shape:
    hidden = config["n_embd"]
    inner = config.get("n_inner") or 4 * hidden
    linears = (
        *(Linear(f"attn.{name}", hidden, hidden) for name in ("q_proj", "k_proj", "v_proj", "out_proj")),
        Linear("mlp.fc_in", hidden, inner, True),
        Linear("mlp.fc_out", inner, hidden, True),
    )
    outer = _embeddings(config, hidden) + 2 * hidden
    return _shape("gptj", config, hidden=hidden, linears=linears, norms=2 * hidden, outer=outer)


def _gpt_neo(config: Mapping[str, Any]) -> Shape:
    hidden = config["hidden_size"]
    inner = config.get("intermediate_size") or 4 * hidden
    linears = (
        *(Linear(f"attn.attention.{name}", hidden, hidden) for name in ("q_proj", "k_proj", "v_proj")),
        Linear("attn.attention.out_proj", hidden, hidden, True),
        Linear("mlp.c_fc", hidden, inner, True),
        Linear("mlp.c_proj", inner, hidden, True),
    )
    outer = _embeddings(config, hidden) + config["max_position_embeddings"] * hidden + 2 * hidden
    return _shape("gpt_neo", config, hidden=hidden, linears=linears, norms=4 * hidden, outer=outer)


FAMILIES: Mapping[str, Callable[[Mapping[str, Any]], Shape]] = {
    "phi": _phi,
    "phi3": _phi3,
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text"), _llama),
    "gpt_neox": _gpt_neox,
    "gpt2": _gpt2,
    "gptj": _gptj,
    "gpt_neo": _gpt_neo,
}


PLACES: Mapping[str, tuple[str, str]] = {
    "gpt_neox": ("gpt_neox.layers", "gpt_neox.embed_in"),
    **dict.fromkeys(("gpt2", "gptj", "gpt_neo"), ("transformer.h", "transformer.wte")),
}
"""Family → paths of its list of blocks and of its embedding, where they are not as in Llama."""
TIED_BY_DEFAULT = ("gpt2", "gpt_neo", "gemma", "gemma2", "gemma3_text")
WITH_HEAD_BIAS = ("phi", "gptj")
PARALLEL = ("phi", "gptj")


def _embeddings(config: Mapping[str, Any], hidden: int) -> int:
    """Elements of the embedding, and of the head where it is a matrix of its own."""
    vocabulary = int(config["vocab_size"])
    bias = vocabulary if config["model_type"] in WITH_HEAD_BIAS else 0
    return vocabulary * hidden if _is_tied(config) else 2 * vocabulary * hidden + bias


def _is_tied(config: Mapping[str, Any]) -> bool:
    return bool(config.get("tie_word_embeddings", config["model_type"] in TIED_BY_DEFAULT))


def _shape(
    family: str,
    config: Mapping[str, Any],
    *,
    hidden: int,
    linears: tuple[Linear, ...],
    norms: int,
    outer: int,
) -> Shape:
    return Shape(
        family=family,
        hidden=hidden,
        num_layers=_first(config, "num_hidden_layers", "n_layer", "num_layers"),
        num_heads=_first(config, "num_attention_heads", "n_head", "num_heads"),
        vocabulary=config["vocab_size"],
        context=_first(config, "max_position_embeddings", "n_positions"),
        linears=linears,
        block_norm_parameters=norms,
        outer_parameters=outer,
        blocks=PLACES.get(family, ("model.layers", ""))[0],
        embedding=PLACES.get(family, ("", "model.embed_tokens"))[1],
        has_tied_head=_is_tied(config),
        has_head_bias=family in WITH_HEAD_BIAS,
        is_parallel=family in PARALLEL
        or (family == "gpt_neox" and bool(config.get("use_parallel_residual", True))),
    )


def _first(config: Mapping[str, Any], *names: str) -> int:
    return int(config[next((name for name in names if config.get(name) is not None), names[0])])
