"""Carry out one run: load, plan, attach, train, keep the result. The stages of the training worker, top to bottom.

Takes a RunWriter on a prepared run directory and returns how the run ended. Raises what went wrong; the worker's
entry point records it.
"""

import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from peft import PeftModel
from transformers import TrainingArguments, set_seed

from phi_core.chat.prompt_format import FILE
from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import read_values
from phi_core.errors import AdapterError, DataError
from phi_core.files import user_path
from phi_core.model_files.architecture import shape_of
from phi_core.model_files.folder import commit_of, read_json
from phi_core.models.adapter import attach_adapter, format_record, num_trainable, recorded_fingerprint
from phi_core.models.base import BaseModel, load_base, weights_fingerprint
from phi_core.models.device import choose_device, peak_memory_gib
from phi_core.planning.machine import this_machine
from phi_core.planning.run_plan import ModelFacts, RunPlan, make_plan, prompt_format
from phi_core.runs.reader import Run, read_run
from phi_core.runs.writer import RunWriter
from phi_core.samples.gate import require_open
from phi_core.training.batches import padded, padding_free
from phi_core.training.checkpoint import newest_sound, read_manifest, working_folder
from phi_core.training.final import chosen_checkpoint, model_card, write_final_adapter, write_history
from phi_core.training.loss import Loss, choose_loss, keeps_documents_apart, parts
from phi_core.training.reporter import Interruption, Reporting, RunReporter
from phi_core.training.trainer import Collate, PHITrainer

WITHOUT_NUMBERS = {
    *("model_name", "model_revision", "dataset_path", "validation_path", "prompt_template", "output_dir"),
    *("report_to", "accept", "initial_adapter"),
    *("evaluate_every", "checkpoint_every", "checkpoints_kept", "final_adapter"),
}
"""Options that may change between stop and resume: names of things whose content is hashed, and what is only kept."""


@dataclass(frozen=True)
class Choices:
    """What was chosen for this model on this machine, and the sentences that say why."""

    collate: Collate
    loss: Loss
    decisions: dict[str, str]


def execute(writer: RunWriter, *, resume: bool, interruption: Interruption) -> str:
    """`finished`, `stopped` or `paused`."""
    config = checked(read_values(writer.layout.config), source=str(writer.layout.config))
    writer.status(activity="loading the model")
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", str(writer.layout.root / "trackers"))
    launched = read_run(writer.layout.root)
    base = load(config, date=_day(launched))
    writer.status(activity="preparing the data")
    plan = make_plan(config, model=model_facts(base))
    require_open(plan.gate)
    _require_as_launched(plan, launched)
    set_seed(config.seed)
    _require_trained_on(base, config.initial_adapter)
    model = attach_adapter(base.model, config, plan.targets)
    choices = choose(model, config)
    identity = run_identity(plan, base)
    checkpoint, faults = newest_sound(writer.layout, plan_hash=identity) if resume else (None, [])
    reporter = RunReporter(
        writer,
        _reporting(plan, base, identity),
        interruption,
        peak_memory_gib=partial(peak_memory_gib, base.device),
    )
    trainer = make_trainer(
        plan, model, choices, reporter, training_arguments(config, base, working_folder(writer.layout))
    )
    _announce(writer, plan, model, choices, checkpoint, faults)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return _finish(writer, plan, base, model, reporter.outcome)


def _require_as_launched(plan: RunPlan, run: Run) -> None:
    """DataError if the run would train on something else than what was judged and recorded at its launch."""
    found, names = plan.facts(), ("dataset_fingerprint", "prompt_format_hash", "plan_hash")
    changed = [name for name in names if run.about.get(name) and run.about[name] != found[name]]
    if changed:
        what = f"the data or the prompt format has changed since the launch ({', '.join(changed)})"
        raise DataError(what, remedy=f"Restore it, or start a new run: phi train {run.layout.config}")


def _require_trained_on(base: BaseModel, adapter: str | None) -> None:
    """AdapterError if the initial adapter was trained on other weights."""
    recorded = recorded_fingerprint(user_path(adapter)) if adapter else None
    if recorded and recorded != base.fingerprint:
        raise AdapterError(
            f"initial_adapter {adapter} was trained on other weights than those of {base.name}",
            "Name the base that it was trained on as model_name",
        )


def _day(run: Run) -> str | None:
    """The day on which a run was created: what a template is told that asks for the date, also when it is resumed."""
    created = run.about.get("created")
    return time.strftime("%Y-%m-%d", time.localtime(created)) if isinstance(created, int | float) else None


def load(config: TrainingConfig, *, date: str | None = None) -> BaseModel:
    """The base model that a configuration names, on its device. `date` is what a template is told; None: today."""
    return load_base(
        config.model_name,
        choose_device(config.device, config.dtype),
        revision=config.model_revision,
        prompt_format=partial(prompt_format, config, date=date),
        trust_remote_code=config.trust_remote_code,
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
) -> PHITrainer:
    """The trainer of a plan whose samples are tokenised."""
    config = plan.config
    assert plan.is_exact, "the worker always has a tokenizer"
    trainer = PHITrainer(
        model,
        arguments,
        train=plan.train,
        validation=plan.validation,
        labels=plan.data.labels,
        steps=plan.steps,
        multipliers=plan.multipliers,
        batch_size=config.batch_size,
        collate=choices.collate,
        loss=choices.loss,
    )
    if reporter is not None:
        reporter.live = trainer
        trainer.add_callback(reporter)
    return trainer


def training_arguments(config: TrainingConfig, base: BaseModel, folder: Path) -> TrainingArguments:
    """The Trainer sees one epoch of whole steps; everything periodic is decided by the reporter."""
    optimizers = {"adamw": "adamw_torch", "adamw_8bit": "adamw_bnb_8bit"}
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=1,
        per_device_train_batch_size=1,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        optim=optimizers[config.optimizer],
        seed=config.seed,
        fp16=base.device.dtype_name == "float16",
        use_cpu=base.device.name == "cpu",
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


def _reporting(plan: RunPlan, base: BaseModel, identity: str) -> Reporting:
    return Reporting(
        identity=identity,
        steps=plan.steps,
        evaluation_steps=frozenset(plan.evaluation_steps),
        checkpoint_steps=frozenset(plan.checkpoint_steps),
        checkpoints_kept=plan.config.checkpoints_kept,
        has_validation=len(plan.validation) > 0,
        has_sources=len(plan.config.dataset_path) > 1,
        extra_files={FILE: format_record(base.form, base.tokenizer, base_fingerprint=base.fingerprint)},
    )


def _announce(
    writer: RunWriter,
    plan: RunPlan,
    model: PeftModel,
    choices: Choices,
    checkpoint: Path | None,
    faults: list[str],
) -> None:
    start = read_manifest(checkpoint).step if checkpoint else 0
    total = sum(parameter.numel() for parameter in model.parameters())
    writer.event(
        "plan",
        start,
        from_step=start,
        total_steps=plan.steps.num_steps,
        plan_hash=plan.steps.hash,
        train_records=plan.num_train_records,
        validation_records=plan.num_validation_records,
        trained_tokens=plan.num_trained_tokens,
        sources=[asdict(share) for share in plan.source_shares],
        base_model_commit=plan.model.commit,
        accepted=[finding.name for finding in plan.gate],
        trainable_parameters=num_trainable(model),
        total_parameters=total,
        targets=list(plan.targets),
        decisions=choices.decisions,
    )
    accepted = [f"{finding.name} accepted: {finding.what}" for finding in plan.gate]
    for message in (*faults, *accepted, *(str(problem) for problem in plan.warnings(this_machine()))):
        writer.event("warning", start, message=message)
    writer.status(state="running", activity="training", step=start, total_steps=plan.steps.num_steps)


def _finish(writer: RunWriter, plan: RunPlan, base: BaseModel, model: PeftModel, outcome: str) -> str:
    """Keep the result and say how it ended. A run asked to stop at its very last step has finished."""
    run = read_run(writer.layout.root)
    step = int(writer.current("step"))
    outcome = "finished" if step == plan.steps.num_steps else outcome
    writer.status(activity="saving the adapter")
    checkpoint = chosen_checkpoint(writer.layout, plan.config.final_adapter)
    card = model_card(run, plan.config, checkpoint, trainable=num_trainable(model))
    write_final_adapter(writer.layout, checkpoint, base_folder=base.folder, card=card)
    write_history(writer.layout, run)
    writer.event("finished", step, state=outcome, adapter_step=checkpoint.step)
    return outcome
