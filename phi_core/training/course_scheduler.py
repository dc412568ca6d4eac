"""The learning-rate scheduler that transformers' loop wants: it reads the course of the run and keeps only its place."""

from collections.abc import Callable
from typing import Any

from torch.optim.lr_scheduler import LRScheduler


class CourseScheduler(LRScheduler):
    """`rate(k)` is the learning rate of optimizer step k + 1. It is asked anew each time, so a course may be amended."""

    def __init__(self, optimizer: Any, rate: Callable[[int], float]) -> None:
        self._rate = rate
        super().__init__(optimizer)

    def get_lr(self) -> list[Any]:
        return [self._rate(self.last_epoch) for _ in self.optimizer.param_groups]

    def get_last_lr(self) -> list[Any]:
        """Read from the live groups: also right where a step was skipped or the course was amended."""
        return [float(group["lr"]) for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        return {"last_epoch": self.last_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.last_epoch = int(state_dict["last_epoch"])
