"""PEFT's settings for the adapter that a configuration asks for, resolved against the modules of a loaded model.

Names are resolved here, so that PEFT gets lists of modules and never a word that it would read in its own way.
"""

import re
from collections.abc import Mapping, Sequence

from peft import LoraConfig
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from phi_core.config.adapter_rules import AUTO
from phi_core.config.block_ranges import chosen_blocks
from phi_core.config.module_patterns import ends_with, figure_of, patterns
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError
from phi_core.model_files.layers import OUTER, Layer, group_of, layer_groups, targets_for
from phi_core.models.whole_modules import whole_modules

ROUTERS = ("router", "gate")
"""Layers that choose experts: `auto` leaves them alone."""
STARTS: dict[str, bool | str] = {
    "default": True,
    "pissa": "pissa",
    "pissa_fast": "pissa_niter_16",
    "olora": "olora",
}
"""Our words for where an adapter begins → PEFT's. 16 iterations of the randomised SVD, as PEFT's documentation has it."""


def lora_settings(model: PreTrainedModel, config: TrainingConfig, targets: Sequence[str]) -> LoraConfig:
    """ConfigError if a target, pattern, block or module to save is not in the model, or the start cannot begin there."""
    layers = adaptable_layers(model)
    names = _names(config, tuple(targets), layers)
    _require_matches(names, model, layers)
    adapted = _chosen(config, names, layers)
    if config.lora_layers and not adapted:
        found = f"lora_layers: {', '.join(names)} stand in none of the blocks {','.join(config.lora_layers)}"
        raise ConfigError(found, remedy="Choose other blocks, or set lora_layers to none")
    _require_start(config, model, adapted)
    return LoraConfig(
        r=config.lora_r,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=[layer.path for layer in adapted] if config.lora_layers else list(names),
        rank_pattern={name: int(rank) for name, rank in _pattern(config, "rank_pattern", adapted).items()},
        alpha_pattern=_pattern(config, "alpha_pattern", adapted),
        modules_to_save=whole_modules(config, model, adapted) or None,
        use_rslora=config.use_rslora,
        use_dora=config.use_dora,
        init_lora_weights=STARTS[config.lora_init],
        fan_in_fan_out=has_transposed_weights(model),
        task_type="CAUSAL_LM",
    )


def adaptable_layers(model: PreTrainedModel) -> tuple[Layer, ...]:
    """Every linear layer, and the embedding of tokens."""
    head, found = model.get_output_embeddings(), []
    for path, module in model.named_modules():
        if isinstance(module, nn.Linear):
            inputs, outputs, group = module.in_features, module.out_features, group_of(path)
        elif isinstance(module, Conv1D):
            inputs, outputs, group = module.nx, module.nf, group_of(path)
        elif module is model.get_input_embeddings():
            inputs, outputs, group = module.num_embeddings, module.embedding_dim, "embedding"
        else:
            continue
        has_bias = getattr(module, "bias", None) is not None
        found.append(Layer(path, inputs, outputs, has_bias, "head" if module is head else group))
    return tuple(found)


def has_transposed_weights(model: nn.Module) -> bool:
    """Whether linear layers keep W as inputs × outputs, as GPT-2 does."""
    return any(isinstance(module, Conv1D) for module in model.modules())


def _names(config: TrainingConfig, targets: tuple[str, ...], layers: Sequence[Layer]) -> tuple[str, ...]:
    """Module names; what the plan could not resolve without the model is resolved here."""
    if targets != AUTO:
        return targets
    if config.lora_goal:
        return targets_for(config.lora_goal, layers)
    groups = (group for group in layer_groups(layers) if group.name not in OUTER)
    return tuple(name for group in groups for name in group.targets if name.rpartition(".")[2] not in ROUTERS)


def _chosen(config: TrainingConfig, names: Sequence[str], layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers of these names in the chosen blocks, and those outside the blocks."""
    numbers = [number for layer in layers if (number := _block(layer.path)) is not None]
    blocks = chosen_blocks(config.lora_layers, 1 + max(numbers, default=-1))
    return tuple(
        layer
        for layer in layers
        if any(ends_with(layer.path, name) for name in names)
        and (layer.group in OUTER or _block(layer.path) in (None, *blocks))
    )


def _block(path: str) -> int | None:
    """The number of the block that a layer stands in: the first number of its path."""
    return next((int(part) for part in path.split(".") if part.isdigit()), None)


def _require_matches(names: Sequence[str], model: nn.Module, layers: Sequence[Layer]) -> None:
    paths = [path for path, _ in model.named_modules()]
    for name in names:
        if not any(ends_with(path, name) for path in paths):
            linear = ", ".join(sorted({layer.name for layer in layers}))
            raise ConfigError(f"lora_targets: {name} matches no module", remedy=f"Linear layers: {linear}")


def _pattern(config: TrainingConfig, option: str, adapted: Sequence[Layer]) -> dict[str, float]:
    """Figures by regular expressions of which no two fit one module.

    PEFT takes the first that fits, and sorts them when it writes adapter_config.json: the loaded adapter would have other
    figures than the trained one. A name that leaves modules to a longer one is therefore written as its own modules' paths.
    """
    found, paths = patterns(getattr(config, option)), [layer.path for layer in adapted]
    figures: dict[str, float] = {}
    for name, figure in found.items():
        fitting = [path for path in paths if ends_with(path, name)]
        if not fitting:
            names = ", ".join(dict.fromkeys(layer.name for layer in adapted))
            raise ConfigError(f"{option}: {name} fits no adapted module", remedy=f"Adapted are {names}")
        own = [path for path in fitting if _deciding(found, path) == name]
        figures |= dict.fromkeys((name,) if own == fitting else own, figure)
    return {re.escape(place): figure for place, figure in figures.items()}


def _deciding(found: Mapping[str, float], path: str) -> str:
    """The name that decides a module's figure: the first, as `figure_of` has it."""
    return next(name for name in found if ends_with(path, name))


def _require_start(config: TrainingConfig, model: nn.Module, adapted: Sequence[Layer]) -> None:
    """ConfigError where a start at the components of the weights cannot begin."""
    if config.lora_init == "default":
        return
    ranks = patterns(config.rank_pattern)
    for layer in adapted:
        if layer.group in OUTER:
            found = f"lora_init: {config.lora_init} is for layers of the blocks, not for {layer.name}"
            raise ConfigError(found, remedy="Leave it out of lora_targets, or set lora_init to default")
        if figure_of(layer.path, ranks, config.lora_r) > (components := min(layer.inputs, layer.outputs)):
            found = f"lora_init: {layer.path} has {components} components, fewer than its rank"
            raise ConfigError(found, remedy="Lower lora_r, or set lora_init to default")
    if config.lora_init == "olora" and has_transposed_weights(model):
        found = "lora_init: olora does not know the transposed weights of this model"
        raise ConfigError(found, remedy="Set lora_init to pissa or default")
