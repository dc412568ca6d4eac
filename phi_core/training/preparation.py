"""What a run is made of before its first step: base, adapter, loss and batch forms, trainer, and the run's identity.

Each piece is a function of the configuration and of what was loaded; nothing here knows about run directories.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from peft import PeftModel
from transformers import TrainingArguments

from phi_core.config.training import TrainingConfig
from phi_core.files import user_path
from phi_core.model_files.architecture import shape_of
from phi_core.model_files.folder import commit_of, read_json
from phi_core.models.base import BaseModel, load_base, weights_fingerprint
from phi_core.models.device import choose_device
from phi_core.planning.courses import Courses
from phi_core.planning.run_plan import ModelFacts, RunPlan, prompt_format
from phi_core.training.attempt import Collate
from phi_core.training.batches import padded, padding_free
from phi_core.training.loss import Loss, choose_loss, keeps_documents_apart, parts
from phi_core.training.optimizers import ARGUMENT_NAMES
from phi_core.training.ranks import num_processes
from phi_core.training.reporter import RunReporter
from phi_core.training.trainer import PHITrainer

WITHOUT_NUMBERS = {
    *("model_name", "model_revision", "dataset_path", "validation_path", "prompt_template", "output_dir"),
    *("report_to", "accept", "initial_adapter"),
    *("evaluate_every", "checkpoint_every", "checkpoints_kept", "final_adapter"),
    *("early_stopping_patience", "early_stopping_min_delta", "on_loss_spike", "on_out_of_memory"),
    *("probe_prompts", "probe_max_new_tokens", "notify_command", "notify_webhook"),
    *("num_processes", "num_machines", "launcher", "slurm_options"),
}
"""Options that may change between stop and resume: names of things whose content is hashed, what is only kept, watched
or told, and where the processes are. (`sharding` may not: each way stores the optimizer in a form of its own.)
"""


@dataclass(frozen=True)
class Choices:
    """What was chosen for this model on this machine, and the sentences that say why."""

    collate: Collate
    loss: Loss
    decisions: dict[str, str]


def load(config: TrainingConfig, *, date: str | None = None) -> BaseModel:
    """The base model that a configuration names, on its device. `date` is what a template is told; None: today."""
    return load_base(
        config.model_name,
        choose_device(config.device, config.dtype),
        revision=config.model_revision,
        prompt_format=partial(prompt_format, config, date=date),
        trust_remote_code=config.trust_remote_code,
        quantization=config.quantization,
    )


def choose(model: PeftModel, config: TrainingConfig) -> Choices:
    """Fast forms where they were found equal to the slow ones on this model; switches on what the options ask for."""
    model.eval()
    loss, about_loss = choose_loss(model)
    apart = config.padding_free and keeps_documents_apart(model)
    asked = (
        "padded as asked" if not config.padding_free else "padded: this model mixes documents laid end to end"
    )
    if config.gradient_checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    if config.torch_compile:
        parts(model)[0].compile(dynamic=True)
    decisions = {
        "batches": "padding-free, found equal to one by one" if apart else asked,
        "loss": about_loss,
        "threads": str(torch.get_num_threads()),
        "torch_compile": {True: "on as asked", False: "off as asked", None: "off: not measured to pay"}[
            config.torch_compile
        ],
    }
    return Choices(padding_free if apart else padded, loss, decisions)


def make_trainer(
    plan: RunPlan,
    model: PeftModel,
    choices: Choices,
    reporter: RunReporter | None,
    arguments: TrainingArguments,
    *,
    courses: Courses | None = None,
) -> PHITrainer:
    """The trainer of a plan whose samples are tokenised. `courses` are the plan's own unless given."""
    config = plan.config
    assert plan.is_exact, "the worker always has a tokenizer"
    trainer = PHITrainer(
        model,
        arguments,
        train_dataset=plan.train,
        eval_dataset=plan.validation,
        labels=plan.data.labels,
        steps=plan.steps,
        courses=courses or plan.courses,
        batch_size=config.batch_size,
        collate=choices.collate,
        loss=choices.loss,
        on_out_of_memory=config.on_out_of_memory,
    )
    if reporter is not None:
        reporter.live = trainer
        trainer.add_callback(reporter)
    return trainer


def training_arguments(config: TrainingConfig, base: BaseModel, folder: Path) -> TrainingArguments:
    """The Trainer sees one epoch of whole steps; everything periodic is decided by the reporter."""
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=1,
        per_device_train_batch_size=1,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        optim=ARGUMENT_NAMES[config.optimizer],
        seed=config.seed,
        fp16=base.device.dtype_name == "float16",
        use_cpu=base.device.name == "cpu",
        ddp_backend="gloo" if base.device.name == "cpu" and num_processes() > 1 else None,
        save_strategy="no",
        eval_strategy="no",
        logging_strategy="no",
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        remove_unused_columns=False,
        report_to=list(config.report_to),
        run_name=folder.parent.parent.name,
        dataloader_num_workers=0,
    )


def model_facts(base: BaseModel) -> ModelFacts:
    shape = shape_of(read_json(base.folder, "config.json"))
    return ModelFacts(shape, base.form, base.tokenizer, commit_of(base.folder))


def run_identity(plan: RunPlan, base: BaseModel) -> str:
    """SHA-256 over all that decides the numbers of a run: what a checkpoint must share to be resumed from."""
    settings = plan.config.model_dump(mode="json", exclude=WITHOUT_NUMBERS)
    sides = [hashlib.sha256(side.records.tobytes()).hexdigest() for side in (plan.train, plan.validation)]
    start = (
        weights_fingerprint(user_path(plan.config.initial_adapter)) if plan.config.initial_adapter else None
    )
    parts = [plan.steps.hash, settings, plan.data.prepared.fingerprint, sides, base.fingerprint, start]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
