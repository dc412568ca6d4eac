"""The plan of a person's own script: steps and courses from TrainingArguments, a PHITrainingConfig and the data.

`phi_config` decides what it names: learning rate, its course and warm-up, dropout, weight decay, order, the records of
an optimizer step. TrainingArguments decide the rest: epochs, max_steps, the micro-batch, seed, max_grad_norm, optimizer.
Without `phi_config` a step has per_device_train_batch_size × gradient_accumulation_steps × processes records, the
learning rate takes transformers' own course (lr_scheduler_type, warmup_steps), and weight decay is constant.
"""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from transformers import TrainingArguments, get_scheduler

from phi_core.config.phi_training_config import PHITrainingConfig, phase_of
from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError, DataError
from phi_core.planning.courses import Courses, courses_of
from phi_core.planning.run_plan import steps_of
from phi_core.planning.step_plan import StepPlan
from phi_core.training.step_data import Records

_WITHOUT_COURSE = ("reduce_lr_on_plateau", "greedy")
_NOT_HONOURED = (
    "data_collator",
    "compute_loss_func",
    "compute_metrics",
    "preprocess_logits_for_metrics",
    "optimizer_cls_and_kwargs",
)
_ARGUMENTS_NOT_HONOURED = {
    "label_smoothing_factor": 0.0,
    "auto_find_batch_size": False,
    "dataloader_drop_last": False,
    "train_sampling_strategy": "random",
    "torch_compile": False,
}
"""Each with the value that says nothing."""
_ONE_PASS = {
    "num_train_epochs": 1,
    "max_steps": -1,
    "gradient_accumulation_steps": 1,
    "remove_unused_columns": False,
    "dataloader_num_workers": 0,
}
"""What transformers' loop is told: it sees one pass over whole steps."""


@dataclass(frozen=True)
class ScriptPlan:
    """`micro_batch` in records."""

    steps: StepPlan
    courses: Courses
    micro_batch: int


def training_phase(phi_config: Any, steps: StepPlan, step: int) -> str | None:
    """The name of the training phase that the last of `step` steps belongs to; None without phases."""
    if phi_config is None or not 0 < step <= steps.num_steps:
        return None
    epochs = max(1, math.ceil(steps.epoch_at(steps.num_steps)))
    return phase_of(math.floor(steps.epoch_at(step - 1)), epochs, phi_config)


def script_plan(
    args: TrainingArguments, phi_config: Any, data: Records, *, lora_dropout: float, steps: StepPlan | None
) -> ScriptPlan:
    """ConfigError if arguments and phi_config do not go together; DataError without data."""
    if not len(data):
        raise DataError("train_dataset is empty", remedy="It needs a record to train on")
    if phi_config is not None and not isinstance(phi_config, PHITrainingConfig):
        raise ConfigError(f"phi_config must be a PHITrainingConfig, not {type(phi_config).__name__}")
    options = dict(phi_config.options()) if phi_config is not None else {}
    config = _config(args, {"lora_dropout": lora_dropout, **options})
    steps = steps or _steps(data, config)
    courses = courses_of(config, steps) if phi_config is not None else _own_courses(args, config, steps)
    return ScriptPlan(steps, courses, min(args.per_device_train_batch_size, config.effective_batch_size))


def one_pass(args: TrainingArguments) -> TrainingArguments:
    """The arguments as transformers' loop must see them; the person's own stay untouched."""
    seen = copy.copy(args)
    for name, value in _ONE_PASS.items():
        setattr(seen, name, value)
    return seen


def refuse_without_effect(args: TrainingArguments, more: Mapping[str, Any]) -> None:
    """ConfigError for arguments of Trainer or TrainingArguments that this one would not honour."""
    found = [name for name in _NOT_HONOURED if more.get(name) is not None]
    found += [name for name, idle in _ARGUMENTS_NOT_HONOURED.items() if getattr(args, name, idle) != idle]
    if more.get("optimizers", (None, None))[1] is not None:
        found.append("learning-rate scheduler of yours (args and phi_config lay the course out)")
    if found:
        raise ConfigError(
            f"PHITrainer takes no {', '.join(found)}",
            remedy="It lays batches and computes loss and perplexity itself; `collate` and `loss` replace its own",
        )


def _config(args: TrainingArguments, options: Mapping[str, Any]) -> TrainingConfig:
    """Both as one configuration, so that the same rules hold as in a run."""
    own = {
        "model_name": "model",
        "dataset_path": "train_dataset",
        "epochs": args.num_train_epochs,
        "max_steps": args.max_steps if args.max_steps > 0 else None,
        "batch_size": args.per_device_train_batch_size,
        "gradient_accumulation_steps": args.gradient_accumulation_steps * args.world_size,
        "seed": args.seed,
        "weight_decay": args.weight_decay,
        "learning_rate": args.learning_rate,
    }
    return checked({**own, **options}, source="args and phi_config")


def _steps(data: Records, config: TrainingConfig) -> StepPlan:
    """max_steps alone decides where it is given, as in transformers."""
    if config.max_steps is not None:
        epochs = math.ceil(config.max_steps * config.effective_batch_size / len(data)) + config.max_steps
        config = config.model_copy(update={"epochs": epochs})
    return steps_of(data.lengths, config)


def _own_courses(args: TrainingArguments, config: TrainingConfig, steps: StepPlan) -> Courses:
    count = steps.num_steps
    return Courses(
        learning_rate=_scheduled(args, count),
        lora_dropout=(config.lora_dropout,) * count,
        weight_decay=(args.weight_decay,) * count,
    )


def _scheduled(args: TrainingArguments, count: int) -> tuple[float, ...]:
    """The learning rates that transformers' scheduler gives, read from one that runs on nothing."""
    kind = str(getattr(args.lr_scheduler_type, "value", args.lr_scheduler_type))
    if kind in _WITHOUT_COURSE:
        raise ConfigError(
            f"lr_scheduler_type {kind} cannot be laid out in advance", remedy="Choose one by step"
        )
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=args.learning_rate)
    scheduler = get_scheduler(
        kind,
        optimizer,
        num_warmup_steps=args.get_warmup_steps(count),
        num_training_steps=count,
        scheduler_specific_kwargs=args.lr_scheduler_kwargs,
    )
    rates = []
    for _ in range(count):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return tuple(rates)
