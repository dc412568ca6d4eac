"""What to try next: a function of the space, the seed and the trials so far, so that a resumed search is the same search.

grid      every combination in order
random    draws of our own
tpe       Optuna's tree-structured Parzen estimator (Bergstra et al. 2011), rebuilt from the trials for each question

No setting is proposed twice: the same setting and seed would give the same loss.
"""

import random
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any, Literal, get_args

from phi_core.errors import RequestError
from phi_core.search.space import Choices, Dimension, Space, Values, grid, size
from phi_core.search.trials import Trial

Method = Literal["tpe", "random", "grid"]
METHODS: tuple[Method, ...] = get_args(Method)
STARTUP_TRIALS = 5
"""Settings drawn at random before the estimator has anything to go by."""
TPE_ATTEMPTS = 8
RANDOM_ATTEMPTS = 200


def require_method(method: Method) -> None:
    """RequestError if the method needs a package that is not installed."""
    if method == "tpe" and find_spec("optuna") is None:
        raise RequestError(
            "method tpe needs the package optuna, which is not installed",
            "pip install 'phi-trainer[hpo]', or take --method random",
        )


def propose(method: Method, space: Space, tried: Sequence[Trial], *, seed: int) -> dict[str, Any] | None:
    """The next setting, None if all have been tried. `tried` are the trials of one seed, the unchanged one included."""
    known = [dict(trial.values) for trial in tried]
    candidates = _candidates(method, space, tried, seed)
    return next((values for values in candidates if values not in known), None)


def _candidates(method: Method, space: Space, tried: Sequence[Trial], seed: int) -> Iterator[dict[str, Any]]:
    """Settings in the order of preference; of a listable space, all of them in the end."""
    if method == "grid":
        yield from grid(space)
        return
    if method == "tpe":
        yield from (_estimated(space, tried, _seed(seed, len(tried), n)) for n in range(TPE_ATTEMPTS))
    draws = random.Random(f"{seed} {len(tried)}")
    yield from ({d.name: d.draw(draws) for d in space} for _ in range(RANDOM_ATTEMPTS))
    if size(space) is not None:
        yield from grid(space)


def _seed(seed: int, number: int, attempt: int) -> int:
    return random.Random(f"{seed} {number} {attempt}").randrange(2**32)


def _estimated(space: Space, tried: Sequence[Trial], seed: int) -> dict[str, Any]:
    import optuna  # late: the extra `hpo`, and slow to import

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
    study = optuna.create_study(sampler=sampler)
    distributions = {dimension.name: _distribution(dimension) for dimension in space}
    for trial in tried:
        if trial.validation_loss is not None and _is_inside(space, trial.values):
            place = {d.name: _to_optuna(d, trial.values[d.name]) for d in space}
            study.add_trial(
                optuna.trial.create_trial(
                    params=place, distributions=distributions, value=trial.validation_loss
                )
            )
    drawn = study.ask(distributions).params
    return {dimension.name: _from_optuna(dimension, drawn[dimension.name]) for dimension in space}


def _is_inside(space: Space, values: Values) -> bool:
    """The unchanged configuration may lie outside the space."""
    return all(dimension.holds(values[dimension.name]) for dimension in space)


def _distribution(dimension: Dimension) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(dimension, Choices):
        return CategoricalDistribution(tuple(range(len(dimension.values))))
    if dimension.is_whole:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.is_log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.is_log)


def _to_optuna(dimension: Dimension, value: Any) -> Any:
    return dimension.values.index(value) if isinstance(dimension, Choices) else value


def _from_optuna(dimension: Dimension, value: Any) -> Any:
    return dimension.values[value] if isinstance(dimension, Choices) else dimension.rounded(value)
