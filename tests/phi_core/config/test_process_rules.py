"""What cannot work with several processes is refused with its reason, at the option that has to change."""

from typing import Any

import pytest

from phi_core.config.problems import check

TWO = {"num_processes": 2}
FSDP = {**TWO, "sharding": "fsdp"}


def refused(**values: Any) -> dict[str, str]:
    return {problem.where: problem.what for problem in check({"dataset_path": "x", **values}).problems}


@pytest.mark.parametrize(
    "values",
    [
        TWO,
        FSDP,
        {**TWO, "sharding": "zero2", "quantization": "4bit"},
        {**TWO, "sharding": "zero3"},
        {**TWO, "device": "cpu"},
        {"accelerate_config": "own.yaml"},
        {"num_processes": 8, "num_machines": 2, "launcher": "slurm"},
        {"launcher": "slurm", "slurm_options": "partition=gpu,time=04:00:00,gres=gpu:2,--mem=64G"},
    ],
)
def test_what_works_is_let_through(values: dict[str, Any]) -> None:
    assert refused(**values) == {}


@pytest.mark.parametrize(
    ("values", "where", "reason"),
    [
        (
            {"num_processes": 3, "num_machines": 2, "launcher": "slurm"},
            "num_processes",
            "evenly over 2 machines",
        ),
        ({**TWO, "num_machines": 2}, "num_machines", "a launcher that starts on each"),
        ({**TWO, "device": "mps"}, "num_processes", "MPS"),
        (
            {"num_processes": 5, "batch_size": 2, "gradient_accumulation_steps": 2},
            "num_processes",
            "share 4 records",
        ),
        ({"sharding": "fsdp"}, "sharding", "there is one"),
        ({**FSDP, "device": "cpu"}, "sharding", "needs a GPU"),
        ({**FSDP, "quantization": "4bit"}, "quantization", "packed in bytes"),
        ({**TWO, "sharding": "zero3", "quantization": "8bit"}, "quantization", "packed in bytes"),
        ({**FSDP, "optimizer": "paged_adamw"}, "optimizer", "fsdp cannot share"),
        ({**TWO, "sharding": "zero2", "optimizer": "lion_8bit"}, "optimizer", "zero2 cannot share"),
        ({**FSDP, "lora_init": "pissa"}, "lora_init", "whole weights"),
        ({**FSDP, "use_dora": True}, "use_dora", "whole weights"),
        ({**FSDP, "probe_prompts": "hi"}, "probe_prompts", "whole weights"),
        ({**TWO, "accelerate_config": "own.yaml"}, "num_processes", "accelerate_config says it"),
        ({"sharding": "zero2", "accelerate_config": "own.yaml"}, "sharding", "accelerate_config says it"),
        ({"slurm_options": "a=b"}, "slurm_options", "no effect"),
        ({"launcher": "slurm", "slurm_options": "partition"}, "slurm_options", "name=value"),
        ({"launcher": "slurm", "slurm_options": "nodes=4"}, "slurm_options", "set by phi"),
    ],
)
def test_what_cannot_work_is_refused_with_its_reason(values: dict[str, Any], where: str, reason: str) -> None:
    found = refused(**values)
    assert list(found) == [where] and reason in found[where]
