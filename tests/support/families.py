"""Every family of the table of shapes as a model without weights, on the meta device. Heavy."""

import json
from typing import Any

import torch
from accelerate import init_empty_weights
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PreTrainedModel

from phi_core.model_files.architecture import Shape, shape_of

USUAL = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 40,
}
GROUPED = {**USUAL, "num_key_value_heads": 2}
GPT = {"vocab_size": 64, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 40}
NO_TOKENS = {"pad_token_id": None, "bos_token_id": 1, "eos_token_id": 2}
LAYOUTS: dict[str, list[dict[str, Any]]] = {
    "phi": [USUAL, {**GROUPED, "qk_layernorm": True}],
    "phi3": [USUAL, {**GROUPED, "tie_word_embeddings": True}],
    "llama": [
        USUAL,
        {**GROUPED, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True},
        {**GROUPED, "head_dim": 16},
    ],
    "mistral": [GROUPED, {**GROUPED, "head_dim": 16}],
    "qwen2": [GROUPED, {**GROUPED, "tie_word_embeddings": True}],
    "qwen3": [{**GROUPED, "head_dim": 16}, {**GROUPED, "head_dim": 8, "tie_word_embeddings": True}],
    "gemma": [{**GROUPED, "head_dim": 16}],
    "gemma2": [{**GROUPED, "head_dim": 16}],
    "gemma3_text": [{**GROUPED, "head_dim": 16}],
    "gpt_neox": [USUAL, {**USUAL, "attention_bias": False, "tie_word_embeddings": True}],
    "gpt2": [GPT, {**GPT, "n_inner": 80}],
    "gptj": [{**GPT, "rotary_dim": 4}, {**GPT, "rotary_dim": 4, "n_inner": 80}],
    "gpt_neo": [
        {
            "vocab_size": 64,
            "hidden_size": 32,
            "num_layers": 3,
            "num_heads": 4,
            "max_position_embeddings": 40,
            "attention_types": [[["global"], 3]],
        }
    ],
}
CASES = [(family, changes) for family, layouts in LAYOUTS.items() for changes in layouts]


def built(family: str, changes: dict[str, Any]) -> tuple[PreTrainedModel, Shape]:
    """A model without weights, and the shape read from the config.json that it would be saved with."""
    config = CONFIG_MAPPING[family](**{**NO_TOKENS, **changes})
    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.tie_weights()
    shape = shape_of(json.loads(config.to_json_string()))
    assert shape is not None
    return model, shape
