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
from typing import Any, get_args

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler
from transformers import PrinterCallback, Trainer, TrainerControl, TrainingArguments

from phi_core.config.words import OnOutOfMemory
from phi_core.errors import ConfigError, DataError, TrainingFailed
from phi_core.planning.courses import Courses
from phi_core.planning.step_plan import StepPlan
from phi_core.training import ranks
from phi_core.training.attempt import Attempt, Collate, Work, attempt
from phi_core.training.batches import padded, padding_free
from phi_core.training.course_scheduler import CourseScheduler
from phi_core.training.gradients import sum_over_processes, trained_parameters
from phi_core.training.live_values import (
    LiveValues,
    lora_dropouts,
    make_room_for_dropout,
    read_values,
    set_values,
)
from phi_core.training.loss import Loss, choose_loss, keeps_documents_apart, slow_loss
from phi_core.training.memory_ladder import MemoryLadder
from phi_core.training.not_finite import require_finite_gradient, require_finite_loss
from phi_core.training.optimizers import decay_groups, make_optimizer
from phi_core.training.out_of_memory import (
    OutOfMemoryEvent,
    first_line,
    is_out_of_memory,
    random_state,
    restore,
)
from phi_core.training.own_script import one_pass, refuse_without_effect, script_plan, training_phase
from phi_core.training.step_data import (
    Records,
    StepRecord,
    Steps,
    records_of,
    require_known_ids,
    step_loader,
)
from phi_core.training.trainer_callback import StepCallback
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
        if on_out_of_memory not in get_args(OnOutOfMemory):
            raise ConfigError(f"on_out_of_memory is {on_out_of_memory!r}", remedy="Give adapt or fail")
        args = args or TrainingArguments()
        refuse_without_effect(args, more)
        self._train, self._labels = records_of(train_dataset), labels
        self._validation = _validation(eval_dataset)
        if steps is None or courses is None:
            rate = max((module.p for module in lora_dropouts(model)), default=0.0)
            plan = script_plan(args, phi_config, self._train, lora_dropout=rate, steps=steps)
            steps, courses = plan.steps, courses or plan.courses
            batch_size = batch_size or plan.micro_batch
        for data in filter(None, (self._train, self._validation)):
            require_known_ids(data, _vocabulary(model))
        self._steps, self._courses = steps, _required_length(courses, steps)
        micro_batch = batch_size or args.per_device_train_batch_size
        self._phi_config = phi_config
        self.step_trained_tokens = self.step_records = 0
        self.step_tokens: dict[str, int] = {}
        self.out_of_memory: list[OutOfMemoryEvent] = []
        self.learning_rate = self.lora_dropout = self.weight_decay = 0.0
        if any(courses.lora_dropout):
            make_room_for_dropout(model)
        self._dropouts = lora_dropouts(model)
        super().__init__(
            model,
            one_pass(args),
            train_dataset=self._train,
            eval_dataset=self._validation,
            processing_class=processing_class,
            callbacks=list(callbacks or ()),
            **more,
        )
        self._ladder = MemoryLadder(
            self.model,
            mode=on_out_of_memory,
            micro_batch=micro_batch,
            accumulation=math.ceil(max(map(len, steps.steps())) / micro_batch),
            is_sharded=self._is_sharded,
        )
        self.remove_callback(PrinterCallback)
        self.add_callback(StepCallback(self))
        self._collate, self._loss = self._chosen(collate, loss)
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
        self._courses = _required_length(courses, self._steps)
        if any(courses.lora_dropout):
            make_room_for_dropout(self.model)
            self._dropouts = lora_dropouts(self.model)

    def get_train_dataloader(self) -> Steps:
        """One batch an optimizer step: this process's share of its records."""
        return step_loader(
            self._train, self._labels, self._steps, rank=ranks.rank(), processes=ranks.num_processes()
        )

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """With the decay groups of `optimizers`; a class of transformers for a name that is none of ours."""
        model = self.model if model is None else model
        if self.optimizer is None:
            groups = decay_groups(model, self.args.weight_decay)
            if not groups:
                raise ConfigError("the model has no parameter to train", remedy="Attach an adapter first")
            made = make_optimizer(
                self.args.optim,
                groups,
                learning_rate=self.args.learning_rate,
                betas=(self.args.adam_beta1, self.args.adam_beta2),
                epsilon=self.args.adam_epsilon,
            )
            self.optimizer = made or self._of_transformers(model, groups)
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
        done = self._until_it_fits(model, inputs, num_records=len(numbers))
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
        data = self._validation if eval_dataset is None else _validation(eval_dataset)
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

    def _of_transformers(self, model: Any, groups: list[dict[str, Any]]) -> Any:
        kind, settings = self.get_optimizer_cls_and_kwargs(self.args, model)
        if not isinstance(kind, type) or {"params", "model", "optimizer_dict"} & settings.keys():
            raise ConfigError(
                f"optim {self.args.optim} forms parameter groups of its own, and courses could not reach them",
                remedy="Choose another",
            )
        return kind(groups, **settings)

    @property
    def _is_sharded(self) -> bool:
        return bool(self.is_fsdp_enabled or self.is_deepspeed_enabled)

    def _at(self, step: int) -> LiveValues:
        courses, place = self._courses, min(step, self._steps.num_steps - 1)
        return LiveValues(
            courses.learning_rate[place], courses.lora_dropout[place], courses.weight_decay[place]
        )

    def _chosen(self, collate: Collate | None, loss: Loss | None) -> tuple[Collate, Loss]:
        """The fast forms where they are found equal to the slow ones on this model."""
        if collate is None or loss is None:
            self.model.eval()
        loss = loss or choose_loss(self.model)[0]
        return collate or (padding_free if keeps_documents_apart(self.model) else padded), loss

    def _until_it_fits(self, model: nn.Module, inputs: Sequence[StepRecord], *, num_records: int) -> Attempt:
        """The whole step, done again from its beginning on each rung of the ladder."""
        work = self._work(model, divisor=self.step_trained_tokens, trains=True)
        before, device = random_state(self.args.device), self.args.device
        share = math.ceil(num_records / ranks.num_processes())

        def compute(micro_batch: int) -> Attempt:
            restore(before, device)
            return attempt(work, inputs, micro_batch=micro_batch, largest_share=share)

        return self._ladder.until_it_fits(
            compute,
            share=share,
            step=self.state.global_step + 1,
            activity="training",
            events=self.out_of_memory,
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
        places = places_of(data, source)
        share = math.ceil(len(places) / ranks.num_processes())
        work = self._work(self.model_wrapped if self._is_sharded else self.model, divisor=1, trains=False)

        own = OwnShare(data, places)

        def compute(micro_batch: int) -> Attempt:
            return attempt(work, own, micro_batch=micro_batch, largest_share=share)

        done = self._ladder.until_it_fits(
            compute,
            share=share,
            step=self.state.global_step,
            activity="validation",
            events=self.out_of_memory,
        )
        return done.loss


def _validation(dataset: Any) -> Records | None:
    """None where there is nothing in it."""
    return records_of(dataset) if dataset is not None and len(dataset) else None


def _vocabulary(model: Any) -> int:
    """Ids that the embedding has a row for."""
    return int(model.get_input_embeddings().weight.shape[0])


def _is_float32(model: nn.Module) -> bool:
    """Whether mixed precision is the arithmetic alone; weights in low precision bring their own."""
    return next(model.parameters()).dtype == torch.float32


def _required_length(courses: Courses, steps: StepPlan) -> Courses:
    lengths = {len(courses.learning_rate), len(courses.lora_dropout), len(courses.weight_decay)}
    if lengths != {steps.num_steps}:
        raise ConfigError(f"courses of {sorted(lengths)} steps do not fit a plan of {steps.num_steps}")
    return courses
