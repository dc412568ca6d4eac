"""What varies over a run, set on and read from the live objects: optimizer groups and LoRA dropout modules.

Knows nothing about schedules: it is told the values of one step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn


@dataclass(frozen=True)
class LiveValues:
    """Absolute values; weight decay that of the groups that decay."""

    learning_rate: float
    lora_dropout: float
    weight_decay: float


def lora_dropouts(model: nn.Module) -> list[nn.Dropout]:
    """The dropout modules of the adapters. (PEFT builds an Identity, which is none, where the rate is 0.)"""
    parts = (part for name, part in model.named_modules() if name.rpartition(".")[2] == "lora_dropout")
    return [own for part in parts for own in part.modules() if isinstance(own, nn.Dropout)]


def settable_dropouts(model: nn.Module, rates: Sequence[float]) -> list[nn.Dropout]:
    """The dropout modules of the adapters, which can take the rates of a course."""
    if any(rates):
        _make_room(model)
    return lora_dropouts(model)


def _make_room(model: nn.Module) -> None:
    """Replace the Identities of a rate of 0 by modules whose rate can be set."""
    for name, part in model.named_modules():
        if name.rpartition(".")[2] == "lora_dropout" and isinstance(part, nn.ModuleDict):
            for adapter, own in part.items():
                if isinstance(own, nn.Identity):
                    part[adapter] = nn.Dropout(0.0)


def set_values(values: LiveValues, optimizer: Any, dropouts: list[nn.Dropout]) -> None:
    for group in optimizer.param_groups:
        group["lr"] = values.learning_rate
        if group["decays"]:
            group["weight_decay"] = values.weight_decay
    for module in dropouts:
        module.p = values.lora_dropout


def read_values(optimizer: Any, dropouts: list[nn.Dropout]) -> LiveValues:
    """What the objects hold. A model in evaluation mode drops nothing out."""
    groups = optimizer.param_groups
    rates = [module.p for module in dropouts if module.training]
    return LiveValues(
        learning_rate=float(groups[0]["lr"]),
        lora_dropout=max(rates, default=0.0),
        weight_decay=max((float(group["weight_decay"]) for group in groups if group["decays"]), default=0.0),
    )
