"""Callbacks that tests put into a real training loop. Heavy."""

from dataclasses import dataclass
from typing import Any

from torch import nn
from transformers import TrainerCallback


class SaveAt(TrainerCallback):
    """A checkpoint after some steps."""

    def __init__(self, *steps: int) -> None:
        self._steps = steps

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_save |= state.global_step in self._steps


@dataclass(frozen=True)
class Seen:
    """What the live objects held right before the optimizer moved the weights."""

    learning_rates: tuple[float, ...]
    decays: tuple[float, ...]
    dropouts: tuple[float, ...]


class Witness(TrainerCallback):
    """Reads optimizer groups and dropout modules itself, each step."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    def on_pre_optimizer_step(
        self, args: Any, state: Any, control: Any, model: Any = None, optimizer: Any = None, **_: Any
    ) -> None:
        groups = optimizer.param_groups
        modules = [part for part in model.modules() if isinstance(part, nn.Dropout) and part.training]
        self.seen.append(
            Seen(
                tuple(group["lr"] for group in groups),
                tuple(group["weight_decay"] for group in groups),
                tuple({module.p for module in modules if module.p != 0.0}),
            )
        )
