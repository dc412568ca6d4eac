"""Proposals: the optimum of a known function is found, nothing is proposed twice, and history decides alone."""

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from searches import request, run_search

from phi_core.errors import RequestError
from phi_core.search.proposals import METHODS, Method, propose, require_method
from phi_core.search.trials import Trial

SPACE = {"learning_rate": "1e-6..1e-1:log", "lora_dropout": "0..0.5", "lora_r": "8,13,21,34"}


def quadratic(values: Mapping[str, Any], seed: int) -> float:
    """Lowest, with 0, at learning rate 1e-3, dropout 0.2 and rank 13."""
    rank = {8: 0.1, 13: 0.0, 21: 0.2, 34: 0.4}[values["lora_r"]]
    return (math.log10(values["learning_rate"]) + 3) ** 2 + 10 * (values["lora_dropout"] - 0.2) ** 2 + rank


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("method", "trials", "most"), [("tpe", 60, 0.15), ("random", 300, 0.3)])
def test_the_optimum_of_a_known_function_is_found(
    tmp_path: Path, method: Method, trials: int, most: float, seed: int
) -> None:
    wanted = request(SPACE, method=method, trials=trials, repeats=0, seed=seed)
    result = run_search(tmp_path, wanted, quadratic)
    best = min(result.searched, key=lambda trial: trial.loss)
    assert best.loss < most
    assert abs(math.log10(best.values["learning_rate"]) + 3) < 0.5
    assert abs(best.values["lora_dropout"] - 0.2) < 0.15


def test_a_grid_finds_the_best_of_all_combinations(tmp_path: Path) -> None:
    space = {"learning_rate": "1e-4,1e-3,1e-2", "lora_dropout": "0,0.2", "lora_r": "8,13"}
    result = run_search(tmp_path, request(space, method="grid", trials=None, repeats=0), quadratic)
    assert len(result.searched) == 1 + 12
    best = min(result.searched, key=lambda trial: trial.loss)
    assert best.values == {"learning_rate": 1e-3, "lora_dropout": 0.2, "lora_r": 13}


@pytest.mark.parametrize("method", METHODS)
def test_every_setting_of_a_small_space_is_tried_once_and_then_the_search_ends(
    tmp_path: Path, method: Method
) -> None:
    wanted = request({"lora_r": "8,13,21", "schedule": "linear,cosine"}, method=method, trials=50, repeats=0)
    result = run_search(tmp_path, wanted, lambda values, seed: values["lora_r"])
    settings = [tuple(trial.values.values()) for trial in result.searched]
    assert len(settings) == len(set(settings)) == 6
    assert result.ending == "done"


@pytest.mark.parametrize("method", METHODS)
def test_the_next_setting_is_a_function_of_the_trials_and_the_seed(method: Method) -> None:
    wanted = request({"learning_rate": "1e-5,1e-4,1e-3", "lora_r": "8,13,21,34"})
    tried = [
        Trial(n, {"learning_rate": 1e-4, "lora_r": rank}, 42, "", "finished", float(rank))
        for n, rank in enumerate((8, 13, 21))
    ]
    first, again = (propose(method, wanted.space, tried, seed=42) for _ in range(2))
    assert first == again
    assert first not in [trial.values for trial in tried]


def test_an_unchanged_configuration_outside_the_space_does_not_disturb_the_estimator() -> None:
    wanted = request({"learning_rate": "1e-2..1e-1:log"})
    tried = [Trial(0, {"learning_rate": 2e-4}, 42, "", "finished", 1.0)]
    tried.append(Trial(1, {"learning_rate": 5e-2}, 42, "", "failed"))
    found = propose("tpe", wanted.space, tried, seed=42)
    assert found is not None
    assert wanted.space[0].holds(found["learning_rate"])


def test_only_the_estimator_needs_optuna_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    wanted = request({"lora_r": "8,13,21"})
    for method in ("random", "grid"):
        require_method(method)  # type: ignore[arg-type]
        assert propose(method, wanted.space, [], seed=1)  # type: ignore[arg-type]
    monkeypatch.delitem(sys.modules, "optuna")
    monkeypatch.setattr("phi_core.search.proposals.find_spec", lambda name: None)
    with pytest.raises(RequestError, match=r"optuna.*\n?.*phi-trainer\[hpo\]"):
        require_method("tpe")
