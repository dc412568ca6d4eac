"""Which layers a run adapts, with which rank, and how many parameters it trains: from the configuration and the shape.

What asks for layers that the model has not is refused here, before any weight is read. Where the family is not known,
the worker finds out.
"""

import re
from collections.abc import Iterator, Sequence

from phi_core.config.adapter_rules import AUTO
from phi_core.config.module_patterns import ends_with, figure_of, patterns
from phi_core.config.training import TrainingConfig
from phi_core.errors import Problem
from phi_core.model_files.adapter_fit import (
    chosen_layers,
    idle_targets,
    impossible_start,
    outside_the_blocks,
    refuse,
    trained_twice,
    unknown_targets,
    unmatched_patterns,
)
from phi_core.model_files.architecture import Shape
from phi_core.model_files.layers import OUTER, Layer, layer_groups, layers_of, targets_for

NOT_IN_THE_SHAPE = re.compile(r"norm|^ln_|^wpe$")
"""Modules that config.json does not tell of."""
BYTES_PER_PARAMETER = 4
"""Adapters are trained and kept in float32."""


def target_names(config: TrainingConfig, shape: Shape | None) -> tuple[str, ...]:
    """Names of the modules that a run adapts; ("auto",) where the architecture is not known before loading."""
    if shape is None or config.lora_targets != AUTO:
        return config.lora_targets
    return targets_for(config.lora_goal, shape) if config.lora_goal else shape.block_targets


def adapted_layers(config: TrainingConfig, shape: Shape) -> tuple[Layer, ...]:
    """The layers that get an adapter. ConfigError if `lora_layers` names blocks that the model has not.

    `lora_layers` chooses among the blocks; the embedding and the head stand outside them.
    """
    return chosen_layers(config, target_names(config, shape), layers_of(shape))


def adapter_parameters(config: TrainingConfig, shape: Shape) -> int | None:
    """Parameters that the run trains: those of LoRA and DoRA, and of the modules that are trained whole.

    None if `modules_to_save` names modules whose size config.json does not tell, such as norms.
    """
    ranks = patterns(config.rank_pattern)
    lora = sum(
        layer.lora_parameters(int(figure_of(layer.path, ranks, config.lora_r)), use_dora=config.use_dora)
        for layer in adapted_layers(config, shape)
    )
    layers = layers_of(shape)
    if not all(any(ends_with(layer.path, name) for layer in layers) for name in config.modules_to_save):
        return None
    saved = {layer for layer in layers for name in config.modules_to_save if ends_with(layer.path, name)}
    return lora + sum(layer.num_parameters for layer in saved)


def adapter_megabytes(num_parameters: int) -> float:
    """The size of the adapter's file: float32, 10⁶ bytes."""
    return num_parameters * BYTES_PER_PARAMETER / 1e6


def require_layers(config: TrainingConfig, shape: Shape | None) -> None:
    """ConfigError that lists everything the configuration asks of layers that a known architecture has not."""
    if shape is None:
        return
    adapted, paths = adapted_layers(config, shape), [layer.path for layer in layers_of(shape)]
    names = target_names(config, shape)
    refuse(unknown_targets(names, paths, known=_all_names(shape), family=shape.family))
    refuse(
        [
            *_blocks(config, names, adapted),
            *unmatched_patterns(config, adapted),
            *trained_twice(config, adapted),
            *_unknown_whole(config, shape),
            *_quantized(config, shape),
            *impossible_start(config, adapted, has_transposed_weights=shape.family == "gpt2"),
        ]
    )


def _blocks(config: TrainingConfig, names: Sequence[str], adapted: Sequence[Layer]) -> Iterator[Problem]:
    """`lora_layers` where it leaves a target without any layer, or has none to choose among."""
    if idle := idle_targets(names, adapted):
        yield from outside_the_blocks(config, idle)
    elif config.lora_layers and all(layer.group in OUTER for layer in adapted):
        found = (
            f"blocks {','.join(config.lora_layers)} have no effect on {', '.join(names)}, outside the blocks"
        )
        yield Problem("lora_layers", found, "Set it to none")


def _unknown_whole(config: TrainingConfig, shape: Shape) -> Iterator[Problem]:
    """Modules to be trained whole that the model has not. Norms and positions are not in config.json and pass here."""
    unknown = [
        name
        for name in idle_targets(config.modules_to_save, layers_of(shape))
        if not NOT_IN_THE_SHAPE.search(name.rpartition(".")[2])
    ]
    if unknown:
        found = f"{', '.join(unknown)} names no layer of this {shape.family} model"
        yield Problem("modules_to_save", found, f"It has {', '.join(_all_names(shape))}, and norms")


def _quantized(config: TrainingConfig, shape: Shape) -> Iterator[Problem]:
    """Modules that are to be trained whole, and held in a few bits."""
    inner = [layer for layer in layers_of(shape) if layer.group not in OUTER]
    held = [name for name in config.modules_to_save if any(ends_with(layer.path, name) for layer in inner)]
    if held and config.quantization != "none":
        bits = config.quantization.replace("bit", " bits")
        found = f"{', '.join(held)} is held in {bits} and cannot be trained whole"
        yield Problem("modules_to_save", found, "Leave it out, or set quantization to none")


def _all_names(shape: Shape) -> tuple[str, ...]:
    return tuple(name for group in layer_groups(shape) for name in group.targets)
