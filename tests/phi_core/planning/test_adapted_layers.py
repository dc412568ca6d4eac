"""The layers of a run from its configuration and a shape, and what is refused before any weight is read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError
from phi_core.model_files.architecture import Shape
from phi_core.model_files.base_models import base_model
from phi_core.planning import extras
from phi_core.planning.adapted_layers import (
    adapted_layers,
    adapter_megabytes,
    adapter_parameters,
    require_layers,
    target_names,
)
from phi_core.planning.initial_adapter import require_initial_adapter


@pytest.fixture
def phi_2() -> Shape:
    known = base_model("microsoft/phi-2")
    assert known is not None
    return known.shape


def configured(**options: Any) -> TrainingConfig:
    return checked({"dataset_path": "x.jsonl", **options})


def test_phi_2_at_its_defaults(phi_2: Shape) -> None:
    config = configured()
    assert target_names(config, phi_2) == ("q_proj", "k_proj", "v_proj", "dense", "fc1", "fc2")
    assert adapter_parameters(config, phi_2) == 11_796_480
    assert round(adapter_megabytes(11_796_480), 1) == 47.2


def test_the_goal_chooses_where_the_shape_is_known(phi_2: Shape) -> None:
    assert target_names(configured(lora_goal="structure"), phi_2) == ("dense", "fc1", "fc2", "lm_head")
    assert target_names(configured(lora_goal="structure"), None) == ("auto",)


def test_block_ranges_choose_among_the_blocks_and_leave_the_outside(phi_2: Shape) -> None:
    config = configured(lora_goal="knowledge", lora_layers="0-7,24-31")
    layers = adapted_layers(config, phi_2)
    assert len(layers) == 16 * 6 + 1
    assert layers[0].path == "model.embed_tokens"
    assert adapter_parameters(configured(lora_layers="0-7,24-31"), phi_2) == 11_796_480 // 2


def test_ranks_dora_and_whole_modules_are_counted(phi_2: Shape) -> None:
    alone = configured(lora_targets="fc1")
    per_rank = 32 * (2560 + 10240)
    assert adapter_parameters(alone, phi_2) == 8 * per_rank
    ranks = configured(lora_targets="fc1", rank_pattern="fc1=16,0.mlp.fc1=4")
    assert adapter_parameters(ranks, phi_2) == 16 * per_rank - 12 * (2560 + 10240)
    assert (
        adapter_parameters(configured(lora_targets="fc1", use_dora=True), phi_2) == 8 * per_rank + 32 * 10240
    )
    whole = configured(lora_targets="fc1", modules_to_save="lm_head")
    assert adapter_parameters(whole, phi_2) == 8 * per_rank + 51200 * 2560 + 51200
    assert adapter_parameters(configured(modules_to_save="input_layernorm"), phi_2) is None


def test_a_whole_module_that_the_model_has_not_is_refused_before_the_run(phi_2: Shape) -> None:
    with pytest.raises(ConfigError) as refused:
        require_layers(configured(modules_to_save="lm_hed"), phi_2)
    assert "lm_hed names no layer of this phi model" in str(refused.value.problems[0])
    require_layers(configured(modules_to_save="lm_head,embed_tokens,final_layernorm"), phi_2)


def test_every_problem_with_the_layers_is_told_at_once(phi_2: Shape) -> None:
    config = configured(
        lora_targets="mlp.fc1", rank_pattern="q_proj=2,fc2=3", alpha_pattern="dense=1", lora_layers="4-"
    )
    with pytest.raises(ConfigError) as refused:
        require_layers(config, phi_2)
    assert [problem.where for problem in refused.value.problems] == [
        "rank_pattern",
        "rank_pattern",
        "alpha_pattern",
    ]
    with pytest.raises(ConfigError, match="32 blocks, 0 to 31"):
        require_layers(configured(lora_layers="32"), phi_2)
    require_layers(config, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"lora_targets": "layers.0.mlp.fc1", "lora_layers": "1-"},
            "layers.0.mlp.fc1 has no layer in the blocks 1-",
        ),
        (
            {"lora_targets": "q_proj,layers.0.mlp.fc1", "lora_layers": "1,2"},
            "fc1 has no layer in the blocks 1,2",
        ),
        ({"lora_targets": "lm_head", "lora_layers": "0"}, "blocks 0 have no effect on lm_head"),
    ],
)
def test_blocks_that_leave_nothing_to_choose_are_refused(
    options: dict[str, Any], message: str, phi_2: Shape
) -> None:
    with pytest.raises(ConfigError, match=message):
        require_layers(configured(**options), phi_2)


@pytest.fixture
def trained(tmp_path: Path) -> Callable[..., str]:
    """An adapter folder with these settings."""

    def folder(**changes: Any) -> str:
        usual = {"peft_type": "LORA", "r": 8, "lora_alpha": 32.0, "target_modules": ["fc1", "fc2"]}
        (tmp_path / "adapter_config.json").write_text(json.dumps({**usual, **changes}))
        return str(tmp_path)

    return folder


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({}, {}),
        ({"use_rslora": True}, {"use_rslora": True}),
        ({"use_dora": False, "use_rslora": None}, {}),
        ({"rank_pattern": {r"mlp\.fc1": 4}}, {"rank_pattern": "fc1=4"}),
        ({"modules_to_save": ["model.final_layernorm"]}, {"modules_to_save": "final_layernorm"}),
        ({"target_modules": ["mlp.fc1", "fc2"]}, {}),
        (
            {"target_modules": [f"model.layers.{n}.mlp.fc1" for n in range(2)]},
            {"lora_targets": "fc1", "lora_layers": "0-1"},
        ),
    ],
)
def test_an_initial_adapter_of_the_same_layers_is_gone_on_with(
    settings: dict[str, Any], options: dict[str, Any], trained: Callable[..., str], phi_2: Shape
) -> None:
    config = configured(**{"lora_targets": "fc1,fc2", "initial_adapter": trained(**settings), **options})
    require_initial_adapter(config, None, phi_2)


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        ({"r": 4}, {}, "lora_r is 8, the initial adapter has 4"),
        ({"use_dora": True}, {}, "use_dora is false, the initial adapter has true"),
        ({}, {"use_rslora": True}, "use_rslora is true, the initial adapter has false"),
        ({"target_modules": ["fc1"]}, {}, "lora_targets are fc1, fc2, the initial adapter has fc1"),
        ({"modules_to_save": ["lm_head"]}, {}, "(?s)modules_to_save is none.*Set modules_to_save to lm_head"),
        ({}, {"modules_to_save": "lm_head"}, "(?s)modules_to_save is lm_head.*Set modules_to_save to none"),
        ({}, {"lora_layers": "0-7"}, "in blocks 0-7, the initial adapter has fc1, fc2"),
        ({"rank_pattern": {"fc1": 4}}, {}, "(?s)rank_pattern gives other figures.*fc1=4"),
        ({}, {"alpha_pattern": "fc1=4"}, "(?s)alpha_pattern gives other figures.*none"),
    ],
)
def test_an_initial_adapter_that_was_trained_otherwise_is_refused(
    settings: dict[str, Any],
    options: dict[str, Any],
    message: str,
    trained: Callable[..., str],
    phi_2: Shape,
) -> None:
    config = configured(**{"lora_targets": "fc1,fc2", "initial_adapter": trained(**settings), **options})
    with pytest.raises(ConfigError, match=message):
        require_initial_adapter(config, None, phi_2)


def test_what_an_initial_adapter_asks_for_can_be_typed(trained: Callable[..., str], phi_2: Shape) -> None:
    alpha, special = 32 * 2**0.5, 8 * 2**0.5  # as of a converted rsLoRA
    options = {
        "lora_targets": "fc1,fc2",
        "initial_adapter": trained(lora_alpha=alpha, alpha_pattern={"fc1": special}),
    }
    for option in ("lora_alpha", "alpha_pattern"):
        with pytest.raises(ConfigError, match=f"Set {option} to") as refused:
            require_initial_adapter(configured(**options), None, phi_2)
        options[option] = str(refused.value).rpartition(f"Set {option} to ")[2].strip()
    require_initial_adapter(configured(**options), None, phi_2)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("quantization", "4bit"),
        ("optimizer", "adamw_8bit"),
        ("optimizer", "paged_adamw"),
        ("optimizer", "lion_8bit"),
    ],
)
def test_a_package_that_is_not_installed_is_named_before_the_run(
    option: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "is_installed", lambda name: name != "bitsandbytes")
    with pytest.raises(ConfigError, match=rf"(?s){option}: {value} needs bitsandbytes.*\[quant\]"):
        extras.require_extras(configured(**{option: value}))
