"""Shapes from config.json: the counts are those of the models that transformers and PEFT build, on the meta device."""

from typing import Any

import pytest
from families import CASES, LAYOUTS, USUAL, built
from peft import LoraConfig, get_peft_model

from phi_core.model_files.architecture import FAMILIES, shape_of
from phi_core.model_files.base_models import base_model


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


@pytest.mark.parametrize(
    "broken",
    [
        {"vocab_size": "32000"},
        {"vocab_size": True},
        {"vocab_size": -5},
        {"hidden_size": 0},
        {"hidden_size": float("nan")},
        {"intermediate_size": [1]},
        {"intermediate_size": 1.5},
        {"num_key_value_heads": "2"},
        {"num_hidden_layers": -1},
        {"num_hidden_layers": 10**9},
        {"num_hidden_layers": float("inf")},
    ],
)
def test_a_size_that_is_none_leaves_the_shape_unknown(broken: dict[str, Any]) -> None:
    config = {"model_type": "phi", **USUAL}
    assert shape_of(config) is not None
    assert shape_of({**config, **broken}) is None


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
