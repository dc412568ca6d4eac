"""What the trainer itself must do at the loop's events; public callback hooks instead of private methods.

Its state travels in checkpoints: a run that had given something up for memory goes on with that.
"""

from typing import Any, Protocol

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ExportableState
from transformers.trainer_utils import IntervalStrategy, SaveStrategy

from phi_core.errors import TrainingFailed
from phi_core.planning.step_plan import StepPlan
from phi_core.training import ranks


class _Trainer(Protocol):
    @property
    def steps(self) -> StepPlan: ...
    def read_live_values(self) -> None: ...
    def memory_state(self) -> dict[str, Any]: ...
    def go_on_from(self, memory_state: dict[str, Any]) -> None: ...


class StepCallback(TrainerCallback, ExportableState):
    def __init__(self, trainer: _Trainer) -> None:
        self._trainer = trainer
        self._done = 0

    def state(self) -> dict[str, Any]:
        steps, done = self._trainer.steps, self._done
        return {
            "args": {},
            "attributes": {**self._trainer.memory_state(), "steps_done": steps.hash_until(done)},
        }

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Processes draw other dropout; those of a resumed run then go on with the state that they had."""
        self._done = state.global_step
        saved = state.stateful_callbacks.setdefault(type(self).__name__, self.state())
        if ranks.rank():
            torch.manual_seed(args.seed + ranks.rank())
        if state.global_step:
            self._require_same_steps(saved["attributes"])
            self._trainer.go_on_from(saved["attributes"])

    def on_pre_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._trainer.read_live_values()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """transformers sees one epoch; the real ones end here."""
        steps, self._done = self._trainer.steps, state.global_step
        state.epoch = steps.epoch_at(state.global_step)
        if state.global_step in steps.epoch_ends and state.global_step < steps.num_steps:
            control.should_evaluate |= args.eval_strategy == IntervalStrategy.EPOCH
            control.should_save |= args.save_strategy == SaveStrategy.EPOCH
            control.should_log |= args.logging_strategy == IntervalStrategy.EPOCH

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Every process has written its part of the checkpoint before one of them goes on."""
        ranks.barrier()

    def _require_same_steps(self, saved: dict[str, Any]) -> None:
        """TrainingFailed if the steps that were done are not those that this plan begins with."""
        steps = self._trainer.steps
        if self._done > steps.num_steps or steps.hash_until(self._done) != saved.get("steps_done"):
            raise TrainingFailed(
                f"the checkpoint's {self._done} steps were done on other records than this run begins with",
                "Give the same data, seed and batch sizes, or start anew",
            )
