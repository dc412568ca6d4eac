"""The shape of a model from its config.json: parameter counts and the linear layers of a block.

One table of families serves the memory estimate, the trainable-parameter count and the choice of adapter targets;
`tests/phi_core/model_files` compares it with the models that transformers builds. Sizes are numbers of elements.
Loads no weights. A family that is not in the table has no shape here (`shape_of` returns None).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Linear:
    """One linear layer of a block: y = x Wᵀ (+ b), W of inputs × outputs elements. `name` is the last part of its path."""

    name: str
    inputs: int
    outputs: int
    bias: bool = False

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

    @property
    def num_parameters(self) -> int:
        block = sum(linear.num_parameters for linear in self.linears) + self.block_norm_parameters
        return self.num_layers * block + self.outer_parameters

    def lora_parameters(self, rank: int, targets: Sequence[str]) -> int:
        """Elements of A (rank × inputs) and B (outputs × rank) over all adapted layers (Hu et al. 2021, 4.1)."""
        adapted = [linear for linear in self.linears if linear.name in targets]
        return self.num_layers * sum(rank * (linear.inputs + linear.outputs) for linear in adapted)

    @property
    def block_targets(self) -> tuple[str, ...]:
        """Names of all linear layers of a block, each once: what `auto` adapts."""
        return tuple(dict.fromkeys(linear.name for linear in self.linears))


def shape_of(config: Mapping[str, Any]) -> Shape | None:
    """The shape that a config.json describes; None for a family that is not in the table, or if a size is not given."""
    read = FAMILIES.get(str(config.get("model_type")))
    try:
        return read(config) if read else None
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return None


def _phi(config: Mapping[str, Any]) -> Shape:
    hidden, inner, vocabulary = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    head = hidden // config["num_attention_heads"]
    keys = head * (config.get("num_key_value_heads") or config["num_attention_heads"])
    linears = (
        Linear("q_proj", hidden, hidden, True),
        Linear("k_proj", hidden, keys, True),
        Linear("v_proj", hidden, keys, True),
        Linear("dense", hidden, hidden, True),
        Linear("fc1", hidden, inner, True),
        Linear("fc2", inner, hidden, True),
    )
    norms = 2 * hidden + (4 * head if config.get("qk_layernorm") else 0)
    outer = _embeddings(config, hidden, head_bias=vocabulary) + 2 * hidden
    return _shape("phi", config, hidden=hidden, linears=linears, norms=norms, outer=outer)


def _phi3(config: Mapping[str, Any]) -> Shape:
    hidden, inner, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    head = config.get("head_dim") or hidden // heads
    keys = head * (config.get("num_key_value_heads") or heads)
    linears = (
        Linear("qkv_proj", hidden, heads * head + 2 * keys),
        Linear("o_proj", heads * head, hidden),
        Linear("gate_up_proj", hidden, 2 * inner),
        Linear("down_proj", inner, hidden),
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
        Linear("q_proj", hidden, heads * head, input_bias),
        Linear("k_proj", hidden, keys, input_bias),
        Linear("v_proj", hidden, keys, input_bias),
        Linear("o_proj", heads * head, hidden, attention_bias),
        Linear("gate_proj", hidden, inner, mlp_bias),
        Linear("up_proj", hidden, inner, mlp_bias),
        Linear("down_proj", inner, hidden, mlp_bias),
    )
    norms = (4 if family in ("gemma2", "gemma3_text") else 2) * hidden
    norms += 2 * head if family in ("qwen3", "gemma3_text") else 0
    outer = _embeddings(config, hidden, tied=family.startswith("gemma")) + hidden
    return _shape(family, config, hidden=hidden, linears=linears, norms=norms, outer=outer)


def _gpt_neox(config: Mapping[str, Any]) -> Shape:
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    bias = bool(config.get("attention_bias", True))
    linears = (
        Linear("query_key_value", hidden, 3 * hidden, bias),
        Linear("dense", hidden, hidden, bias),
        Linear("dense_h_to_4h", hidden, inner, True),
        Linear("dense_4h_to_h", inner, hidden, True),
    )
    outer = _embeddings(config, hidden) + 2 * hidden
    return _shape("gpt_neox", config, hidden=hidden, linears=linears, norms=4 * hidden, outer=outer)


def _gpt2(config: Mapping[str, Any]) -> Shape:
    hidden = config["n_embd"]
    inner = config.get("n_inner") or 4 * hidden
    linears = (
        Linear("c_attn", hidden, 3 * hidden, True),
        Linear("c_proj", hidden, hidden, True),
        Linear("c_fc", hidden, inner, True),
        Linear("c_proj", inner, hidden, True),
    )
    outer = _embeddings(config, hidden, tied=True) + config["n_positions"] * hidden + 2 * hidden
    return _shape("gpt2", config, hidden=hidden, linears=linears, norms=4 * hidden, outer=outer)


def _gptj(config: Mapping[str, Any]) -> Shape:
    hidden, vocabulary = config["n_embd"], config["vocab_size"]
    inner = config.get("n_inner") or 4 * hidden
    linears = (
        *(Linear(name, hidden, hidden) for name in ("q_proj", "k_proj", "v_proj", "out_proj")),
        Linear("fc_in", hidden, inner, True),
        Linear("fc_out", inner, hidden, True),
    )
    outer = _embeddings(config, hidden, head_bias=vocabulary) + 2 * hidden
    return _shape("gptj", config, hidden=hidden, linears=linears, norms=2 * hidden, outer=outer)


def _gpt_neo(config: Mapping[str, Any]) -> Shape:
    hidden = config["hidden_size"]
    inner = config.get("intermediate_size") or 4 * hidden
    linears = (
        *(Linear(name, hidden, hidden) for name in ("q_proj", "k_proj", "v_proj")),
        Linear("out_proj", hidden, hidden, True),
        Linear("c_fc", hidden, inner, True),
        Linear("c_proj", inner, hidden, True),
    )
    outer = _embeddings(config, hidden, tied=True) + config["max_position_embeddings"] * hidden + 2 * hidden
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


def _embeddings(config: Mapping[str, Any], hidden: int, *, tied: bool = False, head_bias: int = 0) -> int:
    table = int(config["vocab_size"]) * hidden
    return table if config.get("tie_word_embeddings", tied) else 2 * table + head_bias


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
    )


def _first(config: Mapping[str, Any], *names: str) -> int:
    return int(config[next((name for name in names if config.get(name) is not None), names[0])])
