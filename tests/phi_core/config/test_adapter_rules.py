"""What the adapter's options must hold between them, told whatever the model."""

import pytest

from phi_core.config.block_ranges import chosen_blocks, range_fault
from phi_core.config.module_patterns import ends_with, figure_of, patterns
from phi_core.config.problems import check
from phi_core.errors import ConfigError


def problems(**values: object) -> list[str]:
    return [str(problem) for problem in check({"dataset_path": "data.jsonl", **values}).problems]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lora_goal": "domain", "lora_targets": "q_proj"}, "lora_goal: the goal domain chooses the modules"),
        ({"lora_targets": "auto,q_proj"}, "lora_targets: auto stands beside other names"),
        ({"lora_targets": "q_proj(.*"}, "lora_targets: 'q_proj(.*' is no name of a module"),
        ({"lora_targets": ".q_proj"}, "lora_targets: '.q_proj' is no name"),
        ({"modules_to_save": "lm-head"}, "modules_to_save: 'lm-head' is no name"),
        ({"modules_to_save": "fc1", "lora_targets": "mlp.fc1"}, "modules_to_save: fc1 is trained whole"),
        ({"lora_layers": "7-3"}, "lora_layers: 7-3 ends before it begins"),
        ({"lora_layers": "a"}, "lora_layers: 'a' is no range of blocks"),
        ({"lora_layers": "-3"}, "lora_layers: '-3' is no range of blocks"),
        ({"rank_pattern": "fc1"}, "rank_pattern: 'fc1' is not of the form module=rank"),
        ({"rank_pattern": "fc.*=3"}, "rank_pattern: 'fc.*=3' is not of the form"),
        ({"rank_pattern": "fc1=2.5"}, "rank_pattern: 'fc1=2.5': '2.5' is no whole number"),
        ({"rank_pattern": "fc1=0"}, "rank_pattern: 'fc1=0': 0 is not > 0 and ≤ 4,096"),
        ({"rank_pattern": "fc1=5000"}, "≤ 4,096"),
        ({"rank_pattern": "fc1=2,fc1=3"}, "rank_pattern: fc1 is named twice"),
        ({"alpha_pattern": "fc1=nan"}, "alpha_pattern: 'fc1=nan': 'nan' is no number"),
        ({"alpha_pattern": "fc1=-1"}, "alpha_pattern: 'fc1=-1': '-1' is no number"),
        ({"lora_init": "pissa", "initial_adapter": "a"}, "lora_init: pissa begins at the base's weights"),
        ({"lora_init": "olora", "quantization": "4bit"}, "lora_init: olora takes a part out"),
        ({"lora_init": "pissa", "use_dora": True}, "lora_init: pissa changes the weights whose magnitudes"),
        ({"use_dora": True, "quantization": "8bit"}, "use_dora: DoRA reads the base's weights"),
        ({"quantization": "4bit", "device": "mps"}, "quantization: 4bit weights need bitsandbytes"),
        ({"dtype": "float16", "device": "cpu"}, "dtype: float16 on the CPU"),
    ],
)
def test_a_problem_names_the_option_and_what_would_be_right(values: dict[str, object], words: str) -> None:
    found = problems(**values)
    assert any(words in problem for problem in found), found


@pytest.mark.parametrize(
    "values",
    [
        {"lora_layers": "0-7,24-31"},
        {"lora_layers": "16-"},
        {"rank_pattern": "fc1=16,layers.0.mlp.fc1=4", "alpha_pattern": "fc1=1.5"},
        {"rank_pattern": {"fc1": 16}},
        {"lora_goal": "domain"},
        {"use_dora": True, "use_rslora": True, "quantization": "4bit"},
        {"lora_init": "pissa_fast", "use_rslora": True, "lora_layers": "3"},
        {"modules_to_save": "embed_tokens,lm_head"},
    ],
)
def test_what_goes_together_is_no_problem(values: dict[str, object]) -> None:
    assert problems(**values) == []


def test_ranges_hold_both_ends_and_each_block_once() -> None:
    assert chosen_blocks(("0-2", "2", "5-"), 8) == (0, 1, 2, 5, 6, 7)
    assert chosen_blocks((), 3) == (0, 1, 2)
    assert chosen_blocks(("7-",), 8) == (7,)
    assert range_fault(" 0-7 ") == ""


@pytest.mark.parametrize("written", ["8", "7-8", "8-"])
def test_a_block_beyond_the_last_is_refused_with_the_number_of_blocks(written: str) -> None:
    with pytest.raises(ConfigError, match=f"{written} names blocks that this model has not") as refused:
        chosen_blocks((written,), 8)
    assert "It has 8 blocks, 0 to 7" in str(refused.value)


def test_whole_names_are_compared_from_the_end() -> None:
    assert ends_with("model.layers.1.mlp.fc1", "1.mlp.fc1")
    assert not ends_with("model.layers.11.mlp.fc1", "1.mlp.fc1")
    assert not ends_with("model.layers.1.mlp.xfc1", "fc1")


def test_the_longest_name_decides() -> None:
    found = patterns(("fc1=16", "0.mlp.fc1=4", "mlp.fc1=8"))
    assert list(found) == ["0.mlp.fc1", "mlp.fc1", "fc1"]
    assert [figure_of(path, found, 2) for path in ("a.0.mlp.fc1", "a.1.mlp.fc1", "fc1", "fc2")] == [
        4,
        8,
        16,
        2,
    ]
