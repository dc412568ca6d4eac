"""Searches without runs: a study in a folder whose objective is a function."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from phi_core.config.problems import checked
from phi_core.search.space import parse_space
from phi_core.search.study import Request, Result, open_study, search
from phi_core.search.trials import Outcome, Trial

Objective = Callable[[Mapping[str, Any], int], float]
FACTS = {"configuration": {"epochs": 1}, "data": "abc"}


def request(space: Mapping[str, object], **more: Any) -> Request:
    config = checked({"dataset_path": "-", "seed": more.get("seed", 42)})
    found, problems = parse_space(space, config)
    assert not problems, problems
    unchanged = {dimension.name: getattr(config, dimension.name) for dimension in found}
    return Request(**{"space": found, "method": "random", "seed": 42, "unchanged": unchanged, **more})


def run_search(folder: Path, wanted: Request, objective: Objective, **more: Any) -> Result:
    def evaluate(trial: Trial) -> Outcome:
        return Outcome("finished", objective(trial.values, trial.seed))

    with open_study(folder, wanted, FACTS) as log:
        return search(log, wanted, evaluate, **more)


def noise(values: Mapping[str, Any], seed: int, *, world: int) -> float:
    """Normal noise of deviation 1 that depends on setting, seed and world, and half of it on the seed alone."""
    shared = random.Random(f"{world} {seed}").gauss(0, 1)
    own = random.Random(f"{world} {seed} {sorted(values.items())}").gauss(0, 1)
    return (shared + own) / 2**0.5
