"""RunReporter: the callback between the Trainer and the run directory.

Writes what happens as events, does what control files and signals ask, and decides at each step's end whether to
validate, to write a checkpoint or to stop. All decisions come from the plan and the requests; nothing is guessed.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from phi_core.planning.step_plan import StepPlan
from phi_core.runs.control import take_requests
from phi_core.runs.writer import RunWriter
from phi_core.training.checkpoint import Manifest, adopt, best, prune


@dataclass(frozen=True)
class Reporting:
    """What the reporter needs of the plan. `identity` and `extra_files` go into every checkpoint."""

    identity: str
    steps: StepPlan
    evaluation_steps: Collection[int]
    checkpoint_steps: Collection[int]
    checkpoints_kept: int
    has_validation: bool
    has_sources: bool
    extra_files: dict[str, str]


class Interruption(Protocol):
    """Something that may ask to stop: the number of the signal that did, None while none has."""

    received: int | None


class Live(Protocol):
    """What the trainer knows of the step that it has just done."""

    step_trained_tokens: int
    step_tokens: dict[str, int]


class RunReporter(TrainerCallback):
    """One per worker. `outcome` says how the loop ended: finished, stopped or paused."""

    def __init__(
        self,
        writer: RunWriter,
        reporting: Reporting,
        interruption: Interruption,
        *,
        peak_memory_gib: Callable[[], float],
    ) -> None:
        self._interruption = interruption
        self.outcome = "finished"
        self.live: Live | None = None
        self._writer, self._reporting = writer, reporting
        self._peak_memory_gib = peak_memory_gib
        self._step_start = time.monotonic()
        self._learning_rate = 0.0
        self._validated: tuple[int, float] | None = None
        self._reason = "plan"

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._step_start = time.monotonic()

    def on_pre_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        optimizer: Any = None,
        **_: Any,
    ) -> None:
        """The learning rate that this step really uses, read from the live optimizer."""
        self._learning_rate = float(optimizer.param_groups[0]["lr"])

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        step, plan = state.global_step, self._reporting
        self._reason = "plan"
        control.should_log = True
        control.should_evaluate = step in plan.evaluation_steps
        control.should_save = step in plan.checkpoint_steps
        self._obey_requests(step, control)
        if self.outcome != "finished":
            control.should_save = control.should_training_stop = True
        control.should_evaluate &= plan.has_validation

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Any = None,
        **_: Any,
    ) -> None:
        if logs and "loss" in logs:
            self._report_step(state.global_step, logs)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: Any = None,
        **_: Any,
    ) -> None:
        loss = metrics["eval_loss"]
        self._validated = (state.global_step, loss)
        by_source = {
            name.removeprefix("eval_loss/"): value
            for name, value in metrics.items()
            if name.startswith("eval_loss/")
        }
        self._writer.event(
            "evaluation",
            state.global_step,
            validation_loss=loss,
            perplexity=metrics["eval_perplexity"],
            **({"validation_loss_by_source": by_source} if by_source else {}),
        )
        lowest = best(self._writer.layout)
        if lowest is None or lowest.validation_loss is None or loss < lowest.validation_loss:
            control.should_save = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        step, plan, layout = state.global_step, self._reporting, self._writer.layout
        validation_loss = self._validated[1] if self._validated and self._validated[0] == step else None
        path = adopt(layout, Manifest(step, plan.identity, validation_loss), extra_files=plan.extra_files)
        lowest = best(layout)
        prune(layout, keep=plan.checkpoints_kept, best_step=lowest.step if lowest else None)
        self._writer.event("checkpoint", step, path=str(path.relative_to(layout.root)), reason=self._reason)

    def _report_step(self, step: int, logs: dict[str, float]) -> None:
        seconds = time.monotonic() - self._step_start
        live = self.live
        assert live is not None, "the trainer is set before it trains"
        by_source = {"tokens_by_source": live.step_tokens} if self._reporting.has_sources else {}
        self._writer.event(
            "step",
            step,
            epoch=self._reporting.steps.epoch_at(step),
            loss=logs["loss"],
            learning_rate=self._learning_rate,
            grad_norm=logs.get("grad_norm"),
            trained_tokens=live.step_trained_tokens,
            tokens_per_second=sum(live.step_tokens.values()) / seconds,
            step_seconds=seconds,
            peak_memory_gib=self._peak_memory_gib(),
            effective_batch_size=len(self._reporting.steps.step(step)),
            **by_source,
        )
        self._writer.beat(step=step)

    def _obey_requests(self, step: int, control: TrainerControl) -> None:
        if self._interruption.received is not None:
            self._reason, self.outcome = "signal", "stopped"
        for request in take_requests(self._writer.layout):
            self._writer.event("control", step, request=request.kind)
            self._reason = "request"
            if request.kind in ("stop", "pause"):
                self.outcome = "stopped" if request.kind == "stop" else "paused"
            elif request.kind == "checkpoint":
                control.should_save = True
            elif request.kind == "evaluate":
                control.should_evaluate = True
