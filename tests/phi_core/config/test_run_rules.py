"""Rules between the options of running that are no rules of watching or of processes."""

from phi_core.config.problems import check

BASE = {"model_name": "m", "dataset_path": "d.jsonl", "torch_compile": True}


def test_a_rate_that_changes_each_step_is_not_compiled() -> None:
    changing = {**BASE, "lora_dropout": 0.1, "dropout_schedule": "golden"}
    (problem,) = check(changing).problems
    assert problem.where == "torch_compile"
    assert "anew at each step" in problem.what
    for change in ({"dropout_schedule": "constant"}, {"torch_compile": False}, {"lora_dropout": 0}):
        assert check({**changing, **change}).problems == ()
