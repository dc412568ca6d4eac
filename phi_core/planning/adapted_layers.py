"""Which layers a run adapts, with which rank, and how many parameters it trains: from the configuration and the shape.

What asks for layers that the model has not is refused here, before any weight is read. Where the family is not known,
the worker finds out.
"""

import re

from phi_core.config.adapter_rules import AUTO
from phi_core.config.block_ranges import chosen_blocks
from phi_core.config.module_patterns import ends_with, figure_of, patterns
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError, Problem
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
    names = target_names(config, shape)
    blocks = {str(block) for block in chosen_blocks(config.lora_layers, shape.num_layers)}
    return tuple(
        layer
        for layer in layers_of(shape)
        if any(ends_with(layer.path, name) for name in names)
        and (layer.group in OUTER or layer.path.removeprefix(f"{shape.blocks}.").partition(".")[0] in blocks)
    )


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
    layers = adapted_layers(config, shape)
    problems = [*_missing(config, shape)]
    if not problems:
        problems = [
            *_blocks(config, shape, layers),
            *_unmatched(config, layers),
            *_whole(config, layers),
            *_unknown_whole(config, shape),
            *_quantized(config, shape),
            *_start(config, shape, layers),
        ]
    if problems:
        raise ConfigError("the adapter does not fit the model", problems)


def _missing(config: TrainingConfig, shape: Shape) -> list[Problem]:
    """Targets that name no layer."""
    layers = layers_of(shape)
    missing = [
        name
        for name in target_names(config, shape)
        if not any(ends_with(layer.path, name) for layer in layers)
    ]
    if not missing:
        return []
    found = f"{', '.join(missing)} names no layer of this {shape.family} model"
    return [Problem("lora_targets", found, f"It has {', '.join(_all_names(shape))}")]


def _blocks(config: TrainingConfig, shape: Shape, layers: tuple[Layer, ...]) -> list[Problem]:
    """`lora_layers` where it leaves a target without any layer, or has none to choose among."""
    names, chosen = target_names(config, shape), ",".join(config.lora_layers)
    idle = [name for name in names if not any(ends_with(layer.path, name) for layer in layers)]
    if idle:
        found = f"{', '.join(idle)} has no layer in the blocks {chosen}"
        return [Problem("lora_layers", found, "Choose other blocks, or leave it out of lora_targets")]
    if config.lora_layers and all(layer.group in OUTER for layer in layers):
        found = f"blocks {chosen} have no effect on {', '.join(names)}, outside the blocks"
        return [Problem("lora_layers", found, "Set it to none")]
    return []


def _unmatched(config: TrainingConfig, layers: tuple[Layer, ...]) -> list[Problem]:
    """Patterns that fit none of the adapted layers."""
    adapted = ", ".join(dict.fromkeys(layer.name for layer in layers))
    return [
        Problem(option, f"{name} fits no adapted module", f"Adapted are {adapted}")
        for option in ("rank_pattern", "alpha_pattern")
        for name in patterns(getattr(config, option))
        if not any(ends_with(layer.path, name) for layer in layers)
    ]


def _quantized(config: TrainingConfig, shape: Shape) -> list[Problem]:
    """Modules that are to be trained whole, and held in a few bits."""
    if config.quantization == "none":
        return []
    inner = [layer for layer in layers_of(shape) if layer.group not in OUTER]
    held = [name for name in config.modules_to_save if any(ends_with(layer.path, name) for layer in inner)]
    if not held:
        return []
    found = f"{', '.join(held)} is held in {config.quantization.replace('bit', ' bits')} and cannot be trained whole"
    return [Problem("modules_to_save", found, "Leave it out, or set quantization to none")]


def _whole(config: TrainingConfig, layers: tuple[Layer, ...]) -> list[Problem]:
    """Modules that are both adapted and trained whole."""
    both = [name for name in config.modules_to_save if any(ends_with(layer.path, name) for layer in layers)]
    if not both:
        return []
    found = f"{', '.join(both)} is trained whole and adapted too"
    return [Problem("modules_to_save", found, "Name it in one of modules_to_save and lora_targets")]


def _unknown_whole(config: TrainingConfig, shape: Shape) -> list[Problem]:
    """Modules to be trained whole that the model has not. Norms and positions are not in config.json and pass here."""
    unknown = [
        name
        for name in config.modules_to_save
        if not any(ends_with(layer.path, name) for layer in layers_of(shape))
        and not NOT_IN_THE_SHAPE.search(name.rpartition(".")[2])
    ]
    if not unknown:
        return []
    found = f"{', '.join(unknown)} names no layer of this {shape.family} model"
    return [Problem("modules_to_save", found, f"It has {', '.join(_all_names(shape))}, and norms")]


def _start(config: TrainingConfig, shape: Shape, layers: tuple[Layer, ...]) -> list[Problem]:
    """What a start at the components of the weights cannot begin from."""
    if config.lora_init == "default":
        return []
    ranks = patterns(config.rank_pattern)
    outer = [layer.name for layer in layers if layer.group in OUTER]
    low = [
        layer
        for layer in layers
        if figure_of(layer.path, ranks, config.lora_r) > min(layer.inputs, layer.outputs)
    ]
    if outer:
        what = f"{config.lora_init} starts are for layers of the blocks, not for {', '.join(outer)}"
        return [Problem("lora_init", what, "Leave them out of lora_targets, or set lora_init to default")]
    if config.lora_init == "olora" and shape.family == "gpt2":
        what = "olora does not know the transposed weights of gpt2"
        return [Problem("lora_init", what, "Set lora_init to pissa or default")]
    if low:
        what = f"{low[0].path} has {min(low[0].inputs, low[0].outputs)} components, fewer than its rank"
        return [Problem("lora_init", what, "Lower lora_r or its rank_pattern, or set lora_init to default")]
    return []


def _all_names(shape: Shape) -> tuple[str, ...]:
    return tuple(name for group in layer_groups(shape) for name in group.targets)
