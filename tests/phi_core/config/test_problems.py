"""The one validator: all problems at once, in the user's words; 0, false and none are values."""

import math

import pytest

from phi_core.config.option import shown
from phi_core.config.problems import SPECS, check, checked
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError

DATA = {"dataset_path": "data.jsonl"}


def problems(**values: object) -> list[str]:
    return [str(problem) for problem in check({**DATA, **values}).problems]


def test_every_problem_is_found_at_once() -> None:
    found = problems(lora_r=0, epochs="many", schedule="cos", learning_rat=1, warmup_ratio=1)
    assert len(found) == 5
    assert check({"lora_r": 0}).config is None


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"lora_r": 0}, "lora_r: must be a whole number ≥ 1 and ≤ 4,096, got 0"),
        ({"lora_r": 2.5}, "lora_r: must be a whole number ≥ 1 and ≤ 4,096, got 2.5"),
        ({"epochs": "many"}, "epochs: must be a finite number > 0 and ≤ 100,000, got 'many'"),
        ({"learning_rate": math.nan}, "learning_rate: must be a finite number > 0 and ≤ 10, got nan"),
        ({"max_grad_norm": math.inf}, "max_grad_norm: must be a finite number ≥ 0, got inf"),
        ({"max_steps": 0}, "max_steps: must be a whole number ≥ 1 or none, got 0"),
        ({"record_weights": "even"}, "record_weights: must be one of equal, fibonacci, got 'even'"),
        ({"gradient_checkpointing": "maybe"}, "gradient_checkpointing: must be true or false, got 'maybe'"),
        (
            {"report_to": "tensorbord"},
            "report_to: must be a list of tensorboard, wandb, trackio, got 'tensorbord'",
        ),
        ({"learning-rat": 1}, "learning-rat: unknown option. Did you mean learning_rate?"),
        ({"xyzzy": 1}, "xyzzy: unknown option. `phi train --help` lists all options"),
        ({"lora_targets": ""}, "lora_targets: no module to adapt. Use auto, or names such as q_proj,v_proj"),
        ({"model_name": ""}, "model_name: no base model given. Name a hub id or a local folder"),
        ({"model_name": None}, "model_name: must be text, got none"),
        ({"dataset_path": ""}, "dataset_path: no dataset given. Name a file of records"),
        ({"dataset_path": [["a"]]}, "dataset_path: must be a list of names, got a"),
        (
            {"validation_fraction": "gold"},
            "validation_fraction: must be a finite number ≥ 0 and < 1 or golden, got 'gold'",
        ),
        (
            {"validation_fraction": 1},
            "validation_fraction: must be a finite number ≥ 0 and < 1 or golden, got 1",
        ),
        ({"columns": "prompt"}, "columns: must be a list of field=column, got 'prompt'"),
        ({"mixture_weights": "a"}, "mixture_weights: must be a list of numbers, got 'a'"),
        (
            {"mixture_weights": "0.5,0.5"},
            "mixture_weights: mixture concatenated takes no weights. Set mixture to weighted",
        ),
        (
            {"mixture": "weighted", "mixture_weights": "0.5,0.5"},
            "mixture_weights: 2 weights for 1 sources. Give one for each source of dataset_path",
        ),
        (
            {"mixture": "weighted", "mixture_weights": "-1"},
            "mixture_weights: must be ≥ 0 and not all 0, got -1",
        ),
        (
            {"prompt_template": "own.jinja", "prompt_format": "alpaca"},
            "prompt_template: a template of your own and prompt_format alpaca. Set prompt_format to auto",
        ),
        (
            {"accept": "everything"},
            "accept: must be a list of cut_answers, dropped, overlap, got 'everything'",
        ),
        (
            {"dtype": "float16", "device": "cpu"},
            "dtype: float16 on the CPU is many times slower and not trained here. Use float32",
        ),
    ],
)
def test_a_problem_says_option_value_and_what_would_be_right(
    values: dict[str, object], sentence: str
) -> None:
    assert problems(**values) == [sentence]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"lora_dropout": "0"}, 0.0),
        ({"lora_dropout": 0}, 0.0),
        ({"validation_fraction": 0}, 0.0),
        ({"max_grad_norm": 0}, 0.0),
        ({"seed": "0"}, 0),
        ({"gradient_checkpointing": "false"}, False),
        ({"torch_compile": False}, False),
        ({"torch_compile": "none"}, None),
        ({"max_steps": "None"}, None),
        ({"validation_path": ""}, ()),
        ({"validation_path": None}, ()),
        ({"dataset_path": "a.jsonl, b.csv"}, ("a.jsonl", "b.csv")),
        ({"dataset_path": r"a\,b.jsonl"}, ("a,b.jsonl",)),
        ({"dataset_path": ["a,b.jsonl"]}, ("a,b.jsonl",)),
        ({"validation_fraction": "golden"}, "golden"),
        ({"columns": {"prompt": "question"}}, ("prompt=question",)),
        ({"columns": "prompt=question,response=best"}, ("prompt=question", "response=best")),
        ({"learning_rate": " 2e-4 "}, 2e-4),
        ({"lora_targets": "q_proj, v_proj,"}, ("q_proj", "v_proj")),
        ({"lora_targets": ["q_proj"]}, ("q_proj",)),
        ({"report_to": "none"}, ()),
        ({"report_to": "wandb,trackio"}, ("wandb", "trackio")),
    ],
)
def test_nothing_and_no_are_values_and_text_is_read_as_typed(
    values: dict[str, object], expected: object
) -> None:
    assert getattr(checked({**DATA, **values}), next(iter(values))) == expected


def test_every_shown_value_is_read_back() -> None:
    lists = {"dataset_path": ["a,b.jsonl", "c"], "mixture": "weighted", "mixture_weights": [0.25, 0.1]}
    config = checked({**lists, "max_steps": 3, "report_to": ["wandb"], "torch_compile": True})
    again = checked({name: shown(getattr(config, name)) for name in SPECS})
    assert again == config


def test_advice_never_blocks_and_is_given_for_given_values_only() -> None:
    found = check({**DATA, "lora_r": 256, "learning_rate": 1e-2})
    assert found.config is not None and not found.problems
    assert [problem.where for problem in found.warnings] == ["lora_r", "learning_rate"]
    assert check(DATA).warnings == ()


def test_the_error_lists_every_problem_and_its_source() -> None:
    with pytest.raises(ConfigError) as caught:
        checked({"lora_r": 0, "epochs": 0}, source="train.yaml")
    lines = str(caught.value).splitlines()
    assert lines[0] == "train.yaml has 2 problems"
    assert [line.strip().split(":")[0] for line in lines[1:]] == ["lora_r", "epochs"]
    assert caught.value.exit_status == 2


def test_a_configuration_cannot_be_changed_and_knows_its_effective_batch() -> None:
    config = TrainingConfig(batch_size=3, gradient_accumulation_steps=5)
    assert config.effective_batch_size == 15
    with pytest.raises(ValueError, match="frozen"):
        config.batch_size = 4  # type: ignore[misc]


@pytest.mark.parametrize("written", [3, [3], "3", ["3"]])
def test_a_block_may_be_a_number(written: object) -> None:
    assert checked({"dataset_path": "x", "lora_layers": written}).lora_layers == ("3",)
    assert check({"dataset_path": "x", "lora_layers": True}).problems
