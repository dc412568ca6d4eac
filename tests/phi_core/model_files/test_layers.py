"""Groups of layers and the goals of the layer guide, on every family of the table and on one that is not in it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import init_empty_weights
from families import CASES, LAYOUTS, built
from safetensors.torch import save_file
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

from phi_core.errors import ModelError
from phi_core.model_files.base_models import BASE_MODELS, base_model
from phi_core.model_files.layers import GOALS, ROLES, TITLES, group_of, layer_groups, layers_of, targets_for
from phi_core.model_files.named_layers import named_layers

COUNTERPARTS = {
    # family: attention in, attention out, feed-forward in, feed-forward out, embedding, head
    "phi": ("q_proj k_proj v_proj", "dense", "fc1", "fc2", "embed_tokens", "lm_head"),
    "phi3": ("qkv_proj", "o_proj", "gate_up_proj", "down_proj", "embed_tokens", "lm_head"),
    **dict.fromkeys(
        ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text"),
        ("q_proj k_proj v_proj", "o_proj", "gate_proj up_proj", "down_proj", "embed_tokens", "lm_head"),
    ),
    "gpt_neox": ("query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h", "embed_in", "lm_head"),
    "gpt2": ("c_attn", "attn.c_proj", "c_fc", "mlp.c_proj", "wte", "lm_head"),
    "gptj": ("q_proj k_proj v_proj", "out_proj", "fc_in", "fc_out", "wte", "lm_head"),
    "gpt_neo": ("q_proj k_proj v_proj", "out_proj", "c_fc", "c_proj", "wte", "lm_head"),
}
GUIDE = {
    # the table of the layer guide, written out for Phi-2
    "attention": "q_proj k_proj v_proj",
    "concepts": "q_proj k_proj v_proj dense fc1 fc2",
    "knowledge": "q_proj k_proj v_proj dense fc1 fc2 embed_tokens",
    "correction": "q_proj k_proj v_proj dense fc1 fc2",
    "fluency": "dense fc1 fc2 lm_head",
    "domain": "q_proj k_proj v_proj dense fc1 fc2 embed_tokens",
    "reasoning": "q_proj k_proj v_proj dense fc1 fc2",
    "structure": "dense fc1 fc2 lm_head",
    "personas": "q_proj k_proj v_proj dense lm_head",
}


@pytest.mark.parametrize(("family", "changes"), CASES)
def test_every_layer_is_a_module_of_the_model_with_its_size(family: str, changes: dict[str, Any]) -> None:
    model, shape = built(family, changes)
    modules = dict(model.named_modules())
    for layer in layers_of(shape):
        assert sum(p.numel() for p in modules[layer.path].parameters()) == layer.num_parameters, layer.path
    linear = {path for path, module in modules.items() if type(module).__name__ in ("Linear", "Conv1D")} | {
        shape.embedding
    }
    assert {layer.path for layer in layers_of(shape)} == linear


@pytest.mark.parametrize("family", LAYOUTS)
def test_groups_are_the_counterparts_of_phi_2(family: str) -> None:
    _, shape = built(family, LAYOUTS[family][0])
    groups = layer_groups(shape)
    assert tuple(" ".join(group.targets) for group in groups) == COUNTERPARTS[family]
    assert [group.name for group in groups] == [name for name in TITLES if name != "other"]
    assert sum(len(group.layers) for group in groups) == len(layers_of(shape))


def test_the_goals_on_phi_2_are_those_of_the_guide() -> None:
    known = base_model("microsoft/phi-2")
    assert known is not None
    assert {goal: " ".join(targets_for(goal, known.shape)) for goal in GOALS} == GUIDE


@pytest.mark.parametrize("family", LAYOUTS)
@pytest.mark.parametrize("goal", GOALS)
def test_a_goal_means_the_same_groups_on_every_family(family: str, goal: Any) -> None:
    _, shape = built(family, LAYOUTS[family][0])
    groups = layer_groups(shape)
    phi_groups = {
        group.name for group in layer_groups(_phi_2()) if {*group.targets} & {*targets_for(goal, _phi_2())}
    }
    chosen = {group.name for group in groups if {*group.targets} & {*targets_for(goal, shape)}}
    assert chosen == phi_groups == set(GOALS[goal].groups)


def test_gpt2_tells_its_two_projections_apart() -> None:
    assert group_of("transformer.h.3.attn.c_proj") == "attention_out"
    assert group_of("transformer.h.3.mlp.c_proj") == "feed_forward_out"


def test_every_curated_model_has_all_groups() -> None:
    for base in BASE_MODELS:
        assert len(layer_groups(base.shape)) == 6, base.hub_id


def test_phi_2_in_figures() -> None:
    """32 blocks; rank 8 on attention and feed-forward is 11,796,480 parameters, 47 MB in float32."""
    shape = _phi_2()
    groups = {group.name: group for group in layer_groups(shape)}
    inner = [group for name, group in groups.items() if name not in ("embedding", "head")]
    assert shape.num_layers == 32
    assert shape.is_parallel
    assert sum(group.lora_parameters(8) for group in inner) == 11_796_480
    assert len(groups["attention_in"].layers) == 96
    assert groups["head"].layers[0].has_bias


def test_roles_are_one_sentence_each_and_repeat_no_error_of_the_guides() -> None:
    assert set(ROLES) == set(TITLES)
    for role in ROLES.values():
        assert role.count(".") == 1 and role.endswith("."), role
    assert "adds none" in ROLES["embedding"]


def test_layers_of_an_unknown_family_are_found_by_name(tmp_path: Path) -> None:
    sizes = {"vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = CONFIG_MAPPING["stablelm"](**sizes, intermediate_size=48, num_key_value_heads=4)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    groups = {group.name: group for group in layer_groups(named_layers(tmp_path))}
    assert {name: " ".join(sorted(group.targets)) for name, group in groups.items()} == {
        "attention_in": "k_proj q_proj v_proj",
        "attention_out": "o_proj",
        "feed_forward_in": "gate_proj up_proj",
        "feed_forward_out": "down_proj",
        "embedding": "embed_tokens",
        "head": "lm_head",
    }
    assert groups["feed_forward_in"].shapes == ("32×48",)
    assert groups["embedding"].shapes == ("64×32",)
    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(config)
    modules = dict(model.named_modules())
    assert all(
        layer.num_parameters == sum(p.numel() for p in modules[layer.path].parameters())
        for group in groups.values()
        for layer in group.layers
    )


def test_a_head_that_is_not_stored_is_the_embedding_once_more(tmp_path: Path) -> None:
    save_file({"model.embed_tokens.weight": torch.zeros(64, 32)}, tmp_path / "model.safetensors")
    assert [(layer.path, layer.inputs, layer.outputs) for layer in named_layers(tmp_path)] == [
        ("model.embed_tokens", 64, 32),
        ("lm_head", 32, 64),
    ]


def test_positions_and_norms_are_no_layers(tmp_path: Path) -> None:
    tensors = {
        "model.embed_positions.weight": torch.zeros(40, 32),
        "model.layers.0.norm.weight": torch.zeros(32),
        "model.layers.0.strange.weight": torch.zeros(16, 32),
    }
    save_file(tensors, tmp_path / "model.safetensors")
    assert [(layer.path, layer.group) for layer in named_layers(tmp_path)] == [
        ("model.layers.0.strange", "other")
    ]


HEADERS = [
    b'{"h.q_proj.weight":{"shape":[%s]}}' % sizes for sizes in (b'"a","b"', b"1.5,2", b"-1,2", b"true,2")
]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff" * 8, *(len(header).to_bytes(8, "little") + header for header in (b"[]", *HEADERS))],
)
def test_a_broken_weight_file_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.safetensors cannot be read"):
        named_layers(tmp_path)


def test_a_folder_without_weights_tells_no_layers(tmp_path: Path) -> None:
    assert named_layers(tmp_path) == ()


def _phi_2() -> Any:
    known = base_model("microsoft/phi-2")
    assert known is not None
    return known.shape
