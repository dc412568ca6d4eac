"""RunReporter: the callback between the Trainer and the run directory.

Writes what happens as events, and decides at each step's end whether to validate, to write a checkpoint or to stop. All
decisions come from the plan, from what was asked (`steering`) and from the losses (`watch`); nothing is guessed. Of
several processes all decide alike and one writes.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from phi_core.planning.courses import Courses
from phi_core.planning.step_plan import StepPlan
from phi_core.runs.writer import Writer
from phi_core.training.checkpoint import Manifest, adopt, best, prune
from phi_core.training.out_of_memory import OutOfMemoryEvent
from phi_core.training.probe_answers import Probes
from phi_core.training.ranks import barrier, from_main, is_main
from phi_core.training.steering import Steering
from phi_core.training.watch import Watch


@dataclass(frozen=True)
class Reporting:
    """What the reporter needs of the plan. `identity` and `files` go into every checkpoint.

    `write_converted` writes the adapter for the untouched base, where that is another; `on_loss_spike` is the option.
    """

    identity: str
    steps: StepPlan
    evaluation_steps: Collection[int]
    checkpoint_steps: Collection[int]
    checkpoints_kept: int
    has_validation: bool
    has_sources: bool
    on_loss_spike: str
    files: dict[str, str]
    write_converted: Callable[[Path], None] | None


class Live(Protocol):
    """What the trainer knows of the step that it has just done: each value read back from the live objects."""

    step_trained_tokens: int
    step_tokens: dict[str, int]
    step_records: int
    learning_rate: float
    lora_dropout: float
    weight_decay: float
    micro_batch_size: int
    out_of_memory: list[OutOfMemoryEvent]

    def amend(self, courses: Courses) -> None: ...


class RunReporter(TrainerCallback):
    """One a trainer. `outcome` says how the loop ended: finished, stopped, paused or extended; `reason` why, if not by
    the plan or a request.
    """

    def __init__(
        self,
        writer: Writer,
        reporting: Reporting,
        steering: Steering,
        watch: Watch,
        probes: Probes,
        *,
        peak_memory_gib: Callable[[], float],
    ) -> None:
        self.outcome, self.reason = "finished", ""
        self.live: Live | None = None
        self._writer, self._reporting = writer, reporting
        self._steering, self._watch, self._probes = steering, watch, probes
        self._peak_memory_gib = peak_memory_gib
        self._step_start = time.monotonic()
        self._validated: tuple[int, float] | None = None
        self._saved_because = "plan"
        self._is_due = False

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._step_start = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        step, plan = state.global_step, self._reporting
        orders = self._steering.orders(step)
        if orders.courses is not None and not orders.end:
            self._trainer.amend(orders.courses)
        self._saved_because = orders.reason
        self._is_due = step in plan.evaluation_steps or orders.evaluates
        control.should_log = True
        control.should_evaluate = self._is_due and plan.has_validation
        control.should_save = step in plan.checkpoint_steps or orders.saves
        if orders.end:
            self._end(orders.end, control)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Any = None,
        model: Any = None,
        **_: Any,
    ) -> None:
        if not logs or "loss" not in logs:
            return
        self._report_step(state.global_step, logs)
        self._look_for_spike(state.global_step, logs["loss"], control)
        if self._is_due and not self._reporting.has_validation:
            self.answer(state.global_step, model)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: Any = None,
        model: Any = None,
        **_: Any,
    ) -> None:
        step, loss = state.global_step, metrics["eval_loss"]
        self._validated = (step, loss)
        self._report_memory(self._trainer.out_of_memory)
        self._report_validation(step, metrics)
        self.answer(step, model)
        if self._is_lowest(loss):
            control.should_save = True
        verdict = self._watch.early_stop(step, loss)
        if verdict and self.outcome != "extended" and step < self._reporting.steps.num_steps:
            self._saved_because = "early stopping"
            self._end("finished", control, reason=verdict)

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Every process has written its part of the checkpoint when the main one adopts it."""
        barrier()
        if is_main():
            self._adopt(state.global_step)
        barrier()

    def answer(self, step: int, model: Any, *, without: Collection[str] = ()) -> None:
        """Put the probe prompts to the model, but those in `without`. Every process computes, the main one writes."""
        for found in self._probes.answers(model, without=without):
            self._writer.event("sample", step, **asdict(found))

    @property
    def _trainer(self) -> Live:
        assert self.live is not None, "the trainer is set before it trains"
        return self.live

    def _end(self, outcome: str, control: TrainerControl, *, reason: str = "") -> None:
        """End the loop after this step, with a checkpoint."""
        self.outcome, self.reason = outcome, reason
        control.should_save = control.should_training_stop = True

    def _look_for_spike(self, step: int, loss: float, control: TrainerControl) -> None:
        said = self._watch.spike(loss)
        if not said:
            return
        self._writer.event("warning", step, message=said)
        outcome = {"pause": "paused", "stop": "stopped"}.get(self._reporting.on_loss_spike)
        if outcome and not control.should_training_stop:
            self._saved_because = "loss spike"
            self._end(outcome, control, reason=said)

    def _is_lowest(self, loss: float) -> bool:
        """Whether no checkpoint has so low a validation loss."""
        lowest = best(self._writer.layout) if is_main() else None
        return from_main(lowest is None or lowest.validation_loss is None or loss < lowest.validation_loss)

    def _adopt(self, step: int) -> None:
        plan, layout = self._reporting, self._writer.layout
        validation_loss = self._validated[1] if self._validated and self._validated[0] == step else None
        path = adopt(
            layout,
            Manifest(step, plan.identity, validation_loss),
            files=plan.files,
            write_converted=plan.write_converted,
        )
        lowest = best(layout)
        prune(layout, keep=plan.checkpoints_kept, best_step=lowest.step if lowest else None)
        self._writer.event(
            "checkpoint", step, path=str(path.relative_to(layout.root)), reason=self._saved_because
        )

    def _report_memory(self, events: Sequence[OutOfMemoryEvent]) -> None:
        """What was given up since the last report, in a step or in a validation."""
        for event in events:
            told = asdict(event)
            self._writer.event("out_of_memory", told.pop("step"), **told)

    def _report_step(self, step: int, logs: dict[str, float]) -> None:
        seconds, live = time.monotonic() - self._step_start, self._trainer
        self._report_memory(live.out_of_memory)
        by_source = {"tokens_by_source": live.step_tokens} if self._reporting.has_sources else {}
        self._writer.event(
            "step",
            step,
            epoch=self._reporting.steps.epoch_at(step),
            loss=logs["loss"],
            learning_rate=live.learning_rate,
            grad_norm=logs.get("grad_norm"),
            trained_tokens=live.step_trained_tokens,
            tokens_per_second=sum(live.step_tokens.values()) / seconds,
            step_seconds=seconds,
            peak_memory_gib=self._peak_memory_gib(),
            effective_batch_size=live.step_records,
            micro_batch_size=live.micro_batch_size,
            lora_dropout=live.lora_dropout,
            weight_decay=live.weight_decay,
            **by_source,
        )
        self._writer.beat(step=step)

    def _report_validation(self, step: int, metrics: dict[str, float]) -> None:
        by_source = {
            name.removeprefix("eval_loss/"): value
            for name, value in metrics.items()
            if name.startswith("eval_loss/")
        }
        self._writer.event(
            "evaluation",
            step,
            validation_loss=metrics["eval_loss"],
            perplexity=metrics["eval_perplexity"],
            **({"validation_loss_by_source": by_source} if by_source else {}),
        )
