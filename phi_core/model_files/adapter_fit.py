"""Whether the adapter that a configuration asks for fits the layers of a model, and which of them it stands on.

Pure functions on layers, wherever these come from: a plan has them from config.json before any weight is read, a worker
from the loaded model. What does not fit is told as problems; `refuse` raises them together.
"""

from collections.abc import Iterable, Iterator, Sequence

from phi_core.config.block_ranges import chosen_blocks
from phi_core.config.module_patterns import ends_with, figure_of, patterns
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError, Problem
from phi_core.model_files.layers import OUTER, Layer


def chosen_layers(config: TrainingConfig, names: Sequence[str], layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers of these names in the blocks of `lora_layers`, and those outside the blocks.

    ConfigError if `lora_layers` names blocks that the model has not.
    """
    numbers = [number for layer in layers if (number := _block(layer.path)) is not None]
    blocks = chosen_blocks(config.lora_layers, 1 + max(numbers, default=-1))
    return tuple(
        layer
        for layer in layers
        if any(ends_with(layer.path, name) for name in names)
        and (layer.group in OUTER or _block(layer.path) in (None, *blocks))
    )


def refuse(problems: Iterable[Problem]) -> None:
    """ConfigError that lists the problems, if there are any."""
    if found := tuple(problems):
        raise ConfigError("the adapter does not fit the model", found)


def unknown_targets(
    names: Sequence[str], paths: Sequence[str], *, known: Sequence[str], family: str
) -> Iterator[Problem]:
    """Targets that no path ends with. `known` are the names to choose from instead."""
    if unknown := [name for name in names if not any(ends_with(path, name) for path in paths)]:
        found = f"{', '.join(unknown)} names no layer of this {family} model"
        yield Problem("lora_targets", found, f"It has {', '.join(known)}")


def idle_targets(names: Sequence[str], adapted: Sequence[Layer]) -> tuple[str, ...]:
    """Targets that are left without any layer."""
    return tuple(name for name in names if not any(ends_with(layer.path, name) for layer in adapted))


def outside_the_blocks(config: TrainingConfig, idle: Sequence[str]) -> Iterator[Problem]:
    """`lora_layers` where it leaves targets without any layer."""
    if idle:
        found = f"{', '.join(idle)} has no layer in the blocks {','.join(config.lora_layers)}"
        yield Problem("lora_layers", found, "Choose other blocks, or leave it out of lora_targets")


def unmatched_patterns(config: TrainingConfig, adapted: Sequence[Layer]) -> Iterator[Problem]:
    """Patterns that fit none of the adapted layers."""
    names = ", ".join(dict.fromkeys(layer.name for layer in adapted))
    for option in ("rank_pattern", "alpha_pattern"):
        for name in idle_targets(tuple(patterns(getattr(config, option))), adapted):
            yield Problem(option, f"{name} fits no adapted module", f"Adapted are {names}")


def trained_twice(config: TrainingConfig, adapted: Sequence[Layer]) -> Iterator[Problem]:
    """Modules that are both adapted and trained whole."""
    both = [name for name in config.modules_to_save if any(ends_with(layer.path, name) for layer in adapted)]
    if both:
        found = f"{', '.join(both)} is trained whole and adapted too"
        yield Problem("modules_to_save", found, "Name it in one of modules_to_save and lora_targets")


def impossible_start(
    config: TrainingConfig, adapted: Sequence[Layer], *, has_transposed_weights: bool
) -> Iterator[Problem]:
    """What keeps a start at the components of the weights from beginning."""
    if config.lora_init == "default":
        return
    if outer := [layer.name for layer in adapted if layer.group in OUTER]:
        found = f"{config.lora_init} starts are for layers of the blocks, not for {', '.join(outer)}"
        yield Problem("lora_init", found, "Leave them out of lora_targets, or set lora_init to default")
    elif config.lora_init == "olora" and has_transposed_weights:
        found = "olora does not know the transposed weights of this model"
        yield Problem("lora_init", found, "Set lora_init to pissa or default")
    elif low := _of_higher_rank(config, adapted):
        found = f"{low[0].path} has {_components(low[0])} components, fewer than its rank"
        yield Problem("lora_init", found, "Lower lora_r or its rank_pattern, or set lora_init to default")


def _of_higher_rank(config: TrainingConfig, adapted: Sequence[Layer]) -> list[Layer]:
    """Layers whose adapter would have more ranks than they have components."""
    ranks = patterns(config.rank_pattern)
    return [layer for layer in adapted if figure_of(layer.path, ranks, config.lora_r) > _components(layer)]


def _components(layer: Layer) -> int:
    return min(layer.inputs, layer.outputs)


def _block(path: str) -> int | None:
    """The number of the block that a layer stands in: the first number of its path."""
    return next((int(part) for part in path.split(".") if part.isdigit()), None)
