"""PHITrainer: transformers' Trainer on a flat step plan, through public hooks only.

The plan lists the records of every optimizer step of the whole run, so the Trainer sees one epoch of `num_steps`
batches with no accumulation of its own; `training_step` cuts each into micro-batches. The loss is summed and divided
by the trained tokens of the whole step, and is therefore independent of how the step is cut: into micro-batches, over
processes, before or after memory ran out. Knows nothing about run directories: callbacks report.

    from phi_core import PHITrainer, PHITrainingConfig
    PHITrainer(model=model, args=TrainingArguments(…), train_dataset=rows, phi_config=PHITrainingConfig()).train()
"""

import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler
from transformers import PrinterCallback, Trainer, TrainerControl, TrainingArguments

from phi_core.config.words import OnOutOfMemory
from phi_core.errors import ConfigError, DataError, TrainingFailed
from phi_core.models.free_memory import is_out_of_memory
from phi_core.planning.courses import Courses
from phi_core.planning.step_plan import StepPlan
from phi_core.training import ranks
from phi_core.training.attempt import Attempt, Collate, Work
from phi_core.training.course_scheduler import CourseScheduler
from phi_core.training.gradients import sum_over_processes, trained_parameters
from phi_core.training.live_values import LiveValues, read_values, set_values, settable_dropouts
from phi_core.training.loss import Loss, slow_loss
from phi_core.training.memory_ladder import MemoryLadder
from phi_core.training.not_finite import require_finite_gradient, require_finite_loss
from phi_core.training.optimizers import optimizer_for
from phi_core.training.out_of_memory import OutOfMemoryEvent, first_line
from phi_core.training.own_script import one_pass, refuse_without_effect, training_phase
from phi_core.training.step_data import Records, Steps, step_loader
from phi_core.training.trainer_callback import StepCallback
from phi_core.training.trainer_inputs import (
    Given,
    chosen_forms,
    known_records,
    required_length,
    trainer_plan,
    validation_records,
)
from phi_core.training.validation import OwnShare, figures, places_of


class PHITrainer(Trainer):
    """Give `steps`, `courses`, `collate` and `loss`, as the app's run does, or leave them to `args`, `phi_config`, the
    model and the data, as a person's own script does (`own_script` says which decides what).

    `labels` name the sources that records come from: tokens are counted and validation losses told apart by them.
    `batch_size` is the micro-batch in records. `on_out_of_memory` is "adapt" or "fail".

    After a step: `step_trained_tokens`, `step_records` and `step_tokens` (by source) of all processes; `learning_rate`,
    `lora_dropout` and `weight_decay` as the live objects held them; `micro_batch_size`; `out_of_memory`, what happened.
    """

    control: TrainerControl
    optimizer: Any
    out_of_memory: list[OutOfMemoryEvent]
    step_tokens: dict[str, int]
    step_trained_tokens = step_records = 0
    learning_rate = lora_dropout = weight_decay = 0.0

    def __init__(
        self,
        model: nn.Module | None = None,
        args: TrainingArguments | None = None,
        train_dataset: Any = None,
        eval_dataset: Any = None,
        *,
        phi_config: Any = None,
        processing_class: Any = None,
        callbacks: Sequence[Any] | None = None,
        steps: StepPlan | None = None,
        courses: Courses | None = None,
        labels: Sequence[str] = ("",),
        batch_size: int | None = None,
        collate: Collate | None = None,
        loss: Loss | None = None,
        on_out_of_memory: OnOutOfMemory = "adapt",
        **more: Any,
    ) -> None:
        if model is None or train_dataset is None:
            raise ConfigError("PHITrainer needs model and train_dataset")
        args = args or TrainingArguments()
        refuse_without_effect(args, more)
        self._train, self._validation = known_records(model, train_dataset, eval_dataset)
        given = Given(phi_config, steps, courses, batch_size)
        plan = trainer_plan(model, args, self._train, given)
        self._steps, self._courses = plan.steps, plan.courses
        self._labels, self._phi_config = labels, phi_config
        self._dropouts = settable_dropouts(model, plan.courses.lora_dropout)
        super().__init__(
            model,
            one_pass(args),
            train_dataset=self._train,
            eval_dataset=self._validation,
            processing_class=processing_class,
            callbacks=list(callbacks or ()),
            **more,
        )
        self._set_up(plan.micro_batch, collate, loss, on_out_of_memory)

    def _set_up(
        self, micro_batch: int, collate: Collate | None, loss: Loss | None, mode: OnOutOfMemory
    ) -> None:
        """What needs the parent's accelerator, callbacks and model."""
        self.out_of_memory, self.step_tokens = [], {}
        self._ladder = MemoryLadder(
            self.model,
            mode=mode,
            micro_batch=micro_batch,
            accumulation=math.ceil(max(map(len, self._steps.steps())) / micro_batch),
            is_sharded=self._is_sharded,
        )
        self.remove_callback(PrinterCallback)
        self.add_callback(StepCallback(self))
        self._collate, self._loss = chosen_forms(self.model, collate, loss)
        self._autocasts = self.accelerator.mixed_precision != "no" and _is_float32(self.model)

    @property
    def steps(self) -> StepPlan:
        return self._steps

    @property
    def micro_batch_size(self) -> int:
        """Records computed together, as it is now."""
        return self._ladder.micro_batch

    def amend(self, courses: Courses) -> None:
        """Other courses from the next step on."""
        self._courses = required_length(courses, self._steps)
        self._dropouts = settable_dropouts(self.model, courses.lora_dropout)

    def get_train_dataloader(self) -> Steps:
        """One batch an optimizer step: this process's share of its records."""
        return step_loader(
            self._train, self._labels, self._steps, rank=ranks.rank(), processes=ranks.num_processes()
        )

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """With the decay groups of `optimizers`; a class of transformers for a name that is none of ours."""
        model = self.model if model is None else model
        if self.optimizer is None:
            self.optimizer = optimizer_for(model, self.args, self.get_optimizer_cls_and_kwargs)
        for group in self.optimizer.param_groups:
            group.setdefault("decays", group["weight_decay"] > 0)
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> LRScheduler:
        self.lr_scheduler = CourseScheduler(
            optimizer or self.optimizer, lambda step: self._at(step).learning_rate
        )
        self._created_lr_scheduler = True
        return self.lr_scheduler

    def train(self, *args: Any, **more: Any) -> Any:
        """As the parent. TrainingFailed, too, if memory ran out where no step can be done again."""
        try:
            return super().train(*args, **more)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            said = first_line(error)
        raise TrainingFailed(
            f"out of memory outside of forward and backward, at step {self.state.global_step + 1} ({said})",
            "The optimizer's state or a checkpoint did not fit: choose an 8-bit optimizer, or adapt fewer layers",
        )

    def training_step(self, model: nn.Module, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """Forward and backward of one optimizer step. `inputs` are this process's records of it. Returns the mean loss
        per trained token over all processes.

        TrainingFailed if the loss or the gradient is not finite, or the step does not fit into memory: the weights are
        then still those of the step before.
        """
        model.train()
        set_values(self._at(self.state.global_step), self.optimizer, self._dropouts)
        self.out_of_memory = []
        step = self.state.global_step + 1
        numbers = self._steps.step(step)
        self.step_trained_tokens = sum(self._train.trained[number] for number in numbers)
        work = self._work(model, divisor=self.step_trained_tokens, trains=True)
        done = self._ladder.until_it_fits(
            work, inputs, num_records=len(numbers), step=step, events=self.out_of_memory
        )
        require_finite_loss(done, self._train, step=step)
        if not self._is_sharded and ranks.num_processes() > 1:
            sum_over_processes(trained_parameters(self.model))
        if not self.is_deepspeed_enabled:  # it holds the gradients itself
            require_finite_gradient(
                self.model, numbers, self._train, step=step, scaler=self.accelerator.scaler
            )
        return torch.tensor(self._counted(done), device=self.args.device)

    def compute_loss(
        self, model: nn.Module, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The summed loss of a micro-batch. A model in shards must be entered through itself."""
        with self.accelerator.autocast() if self._autocasts else nullcontext():
            return slow_loss(model, inputs) if self._is_sharded else self._loss(self.model, inputs)

    @torch.no_grad()
    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Mean loss per trained token over the validation records, and its exponential, the perplexity.

        With several sources also the loss of each, as `eval_loss/LABEL`. The processes share the records.
        """
        data = self._validation if eval_dataset is None else validation_records(eval_dataset)
        if data is None:
            raise DataError("there is no data to evaluate on", remedy="Give eval_dataset")
        self.model.eval()
        self.out_of_memory = []
        sources = sorted(set(data.sources))
        sums = ranks.summed([self._validated(data, source) for source in sources])
        totals = dict(zip(sources, sums, strict=True))
        metrics = figures(totals, data, self._labels, prefix=metric_key_prefix)
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def predict(self, *args: Any, **more: Any) -> Any:
        raise ConfigError(
            "PHITrainer keeps no predictions", remedy="evaluate(eval_dataset) gives the figures"
        )

    def log(self, logs: dict[str, float], *args: Any, **more: Any) -> None:
        """As the parent; the entry in `state.log_history` names its training phase where `phi_config` has phases."""
        super().log(logs, *args, **more)
        if phase := training_phase(self._phi_config, self._steps, self.state.global_step):
            self.state.log_history[-1]["training_phase"] = phase

    def floating_point_ops(self, inputs: Any) -> int:
        """Not counted: the parent's formula does not fit batches without padding."""
        return 0

    def read_live_values(self) -> None:
        """What the live objects hold right before the optimizer moves the weights."""
        found = read_values(self.optimizer, self._dropouts)
        self.learning_rate, self.lora_dropout = found.learning_rate, found.lora_dropout
        self.weight_decay = found.weight_decay

    def memory_state(self) -> dict[str, Any]:
        """What was given up when memory ran out: it travels in checkpoints."""
        return self._ladder.state()

    def go_on_from(self, memory_state: dict[str, Any]) -> None:
        self._ladder.go_on_from(memory_state)

    @property
    def _is_sharded(self) -> bool:
        return bool(self.is_fsdp_enabled or self.is_deepspeed_enabled)

    def _at(self, step: int) -> LiveValues:
        courses, place = self._courses, min(step, self._steps.num_steps - 1)
        return LiveValues(
            courses.learning_rate[place], courses.lora_dropout[place], courses.weight_decay[place]
        )

    def _work(self, model: nn.Module, *, divisor: int, trains: bool) -> Work:
        return Work(
            model=model,
            accelerator=self.accelerator,
            device=self.args.device,
            collate=self._collate,
            loss=self.compute_loss,
            divisor=divisor,
            trains=trains,
            filler=self._train[0] if self._is_sharded else None,
        )

    def _counted(self, done: Attempt) -> float:
        """The loss over all processes; records and tokens of all of them are noted."""
        labels = sorted(set(self._labels))
        counts = [done.num_records, *(done.tokens[label] for label in labels)]
        loss, records, *tokens = ranks.summed([done.loss, *map(float, counts)])
        self.step_records = int(records)
        self.step_tokens = {label: int(n) for label, n in zip(labels, tokens, strict=True) if n}
        return loss

    def _validated(self, data: Records, source: int) -> float:
        """Summed loss of this process's share of the validation records of one source."""
        places, step = places_of(data, source), self.state.global_step
        work = self._work(self.model_wrapped if self._is_sharded else self.model, divisor=1, trains=False)
        done = self._ladder.until_it_fits(
            work, OwnShare(data, places), num_records=len(places), step=step, events=self.out_of_memory
        )
        return done.loss


def _is_float32(model: nn.Module) -> bool:
    """Whether mixed precision is the arithmetic alone; weights in low precision bring their own."""
    return next(model.parameters()).dtype == torch.float32
