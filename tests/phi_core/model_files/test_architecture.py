"""Shapes from config.json: the counts are those of the models that transformers and PEFT build, on the meta device."""

import json
from typing import Any

import pytest
import torch
from accelerate import init_empty_weights
from peft import LoraConfig, get_peft_model
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PreTrainedModel

from phi_core.model_files.architecture import FAMILIES, Shape, shape_of
from phi_core.model_files.base_models import base_model

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


def test_every_family_is_compared() -> None:
    assert set(LAYOUTS) == set(FAMILIES)


@pytest.mark.parametrize(("family", "changes"), CASES)
def test_parameters_are_those_of_the_model(family: str, changes: dict[str, Any]) -> None:
    model, shape = built(family, changes)
    assert shape.num_parameters == sum(parameter.numel() for parameter in model.parameters())
    assert (shape.num_layers, shape.num_heads, shape.hidden) == (3, 4, 32)
    assert (shape.vocabulary, shape.context, shape.family) == (64, 40, family)


@pytest.mark.parametrize(("family", "changes"), CASES)
def test_lora_parameters_are_those_that_peft_attaches(family: str, changes: dict[str, Any]) -> None:
    for targets in (None, 1):
        model, shape = built(family, changes)
        names = shape.block_targets[:targets]
        lora = LoraConfig(
            r=4, target_modules=list(names), fan_in_fan_out=family == "gpt2", task_type="CAUSAL_LM"
        )
        adapted = get_peft_model(model, lora)
        trainable = sum(parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad)
        assert shape.lora_parameters(4, names) == trainable > 0


@pytest.mark.parametrize("family", ["phi", "llama", "gpt_neox", "gpt2"])
def test_auto_adapts_what_peft_calls_all_linear(family: str) -> None:
    model, shape = built(family, LAYOUTS[family][0])
    lora = LoraConfig(
        r=4, target_modules="all-linear", fan_in_fan_out=family == "gpt2", task_type="CAUSAL_LM"
    )
    adapted = get_peft_model(model, lora)
    found = {
        name.split(".lora_A")[0].rpartition(".")[2] for name, _ in adapted.named_modules() if "lora_A" in name
    }
    assert set(shape.block_targets) == found


def test_an_unknown_family_has_no_shape() -> None:
    assert shape_of({"model_type": "mamba"}) is None
    assert shape_of({}) is None


@pytest.mark.parametrize("missing", USUAL)
def test_a_size_that_is_not_given_leaves_the_shape_unknown(missing: str) -> None:
    config = {"model_type": "llama", **USUAL}
    assert shape_of(config) is not None
    assert shape_of({name: value for name, value in config.items() if name != missing}) is None


def test_phi_2_has_its_published_figures() -> None:
    known = base_model("microsoft/phi-2")
    assert known is not None
    shape = known.shape
    assert shape.num_parameters == 2_779_683_840
    assert shape.lora_parameters(8, shape.block_targets) == 11_796_480


def test_phi_3_5_mini_has_its_published_figures() -> None:
    known = base_model("microsoft/Phi-3.5-mini-instruct")
    assert known is not None
    shape = known.shape
    assert shape.num_parameters == 3_821_079_552
