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
from phi_core.config.module_patterns import ends_with, patterns
from phi_core.config.training import TrainingConfig
from phi_core.model_files.adapter_fit import (
    chosen_layers,
    impossible_start,
    outside_the_blocks,
    refuse,
    trained_twice,
    unknown_targets,
    unmatched_patterns,
)
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
    _require_targets(names, model, layers)
    adapted = chosen_layers(config, names, layers)
    _require_fit(config, names, model, adapted)
    return LoraConfig(
        r=config.lora_r,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=[layer.path for layer in adapted] if config.lora_layers else list(names),
        rank_pattern={name: int(rank) for name, rank in _pattern(config.rank_pattern, adapted).items()},
        alpha_pattern=_pattern(config.alpha_pattern, adapted),
        modules_to_save=whole_modules(config, model) or None,
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


def _require_targets(names: Sequence[str], model: PreTrainedModel, layers: Sequence[Layer]) -> None:
    """Every name is that of a module, though perhaps of a kind that only PEFT knows to adapt."""
    paths = [path for path, _ in model.named_modules()]
    known = sorted({layer.name for layer in layers})
    refuse(unknown_targets(names, paths, known=known, family=model.config.model_type))


def _require_fit(
    config: TrainingConfig, names: Sequence[str], model: nn.Module, adapted: Sequence[Layer]
) -> None:
    """A target without a layer in the chosen blocks passes while another has one: here blocks need not be alike."""
    if config.lora_layers and not adapted:
        refuse(outside_the_blocks(config, names))
    refuse(
        [
            *unmatched_patterns(config, adapted),
            *trained_twice(config, adapted),
            *impossible_start(config, adapted, has_transposed_weights=has_transposed_weights(model)),
        ]
    )


def _pattern(written: Sequence[str], adapted: Sequence[Layer]) -> dict[str, float]:
    """Figures by regular expressions of which no two fit one module.

    PEFT takes the first that fits, and sorts them when it writes adapter_config.json: the loaded adapter would have other
    figures than the trained one. A name that leaves modules to a longer one is therefore written as its own modules' paths.
    """
    found = patterns(written)
    figures: dict[str, float] = {}
    for name, figure in found.items():
        fitting = [layer.path for layer in adapted if ends_with(layer.path, name)]
        own = [path for path in fitting if _deciding(found, path) == name]
        figures |= dict.fromkeys((name,) if own == fitting else own, figure)
    return {re.escape(place): figure for place, figure in figures.items()}


def _deciding(found: Mapping[str, float], path: str) -> str:
    """The name that decides a module's figure: the first, as `figure_of` has it."""
    return next(name for name in found if ends_with(path, name))
