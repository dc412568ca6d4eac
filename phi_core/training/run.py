"""Carry out one run: load, plan, attach, train, keep the result. The stages of the training worker, top to bottom.

Takes a writer of a prepared run directory and returns how the run ended. Raises what went wrong; the worker's
entry point records it. Of several processes each comes by here; the main one reads checkpoints and writes.
"""

import time
from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from peft import PeftModel
from transformers import set_seed

from phi_core.chat.prompt_format import FILE
from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import read_values
from phi_core.errors import DataError
from phi_core.files import user_path
from phi_core.models.adapter import attach_adapter, num_trainable
from phi_core.models.adapter_agreement import require_trained_on
from phi_core.models.adapter_record import format_record
from phi_core.models.base import BaseModel
from phi_core.models.conversion import Start, write_converted
from phi_core.models.device import peak_memory_gib
from phi_core.models.memory_use import reset_peak
from phi_core.planning.machine import this_machine
from phi_core.planning.run_plan import RunPlan, make_plan
from phi_core.runs.reader import Run, read_run
from phi_core.runs.writer import Writer
from phi_core.samples.gate import require_open
from phi_core.training.advice import with_advice
from phi_core.training.amendments import Amended, recorded, replayed
from phi_core.training.checkpoint import (
    newest_sound,
    read_manifest,
    remove_working_folder,
    resumable,
    working_folder,
)
from phi_core.training.final import Result, keep_result
from phi_core.training.out_of_memory import OutOfMemory, free_caches
from phi_core.training.peak import Meter, remember_peak
from phi_core.training.preparation import (
    Choices,
    choose,
    load,
    make_trainer,
    model_facts,
    run_identity,
    training_arguments,
)
from phi_core.training.probe_answers import Probes
from phi_core.training.ranks import barrier, from_main, is_main
from phi_core.training.reporter import Reporting, RunReporter
from phi_core.training.steering import Interruption, Steering
from phi_core.training.trackers import tensorboard_in
from phi_core.training.watch import Watch

__all__ = ["Choices", "choose", "execute", "load", "make_trainer", "model_facts", "training_arguments"]


@dataclass(frozen=True)
class Session:
    """What stays the same while a worker lives: `plan` is the one of the launch, without amendments.

    `start` is where an adapter began that takes its start out of the base; None for others.
    """

    writer: Writer
    config: TrainingConfig
    base: BaseModel
    plan: RunPlan
    model: PeftModel
    start: Start | None
    choices: Choices
    identity: str

    @property
    def can_evaluate(self) -> bool:
        return len(self.plan.validation) > 0 or bool(self.config.probe_prompts)


def execute(writer: Writer, *, resume: bool, interruption: Interruption) -> str:
    """`finished`, `stopped` or `paused`. An extended run goes on from the checkpoint that was just written."""
    meter, before = Meter(), read_run(writer.layout.root)
    session = _prepare(writer, before)
    checkpoint, faults = _newest(session) if resume else (None, [])
    amended = replayed(session.plan, recorded(before) if resume else ())
    steering = Steering(
        writer,
        interruption,
        amended,
        can_evaluate=session.can_evaluate,
        journalled=[str(event.data.get("id")) for event in before.of_kind("control")],
    )
    begun = _step_of(checkpoint)
    steering.extend(begun)
    _warn(session, begun, faults)
    reset_peak(session.base.device.name)
    while True:
        outcome, reason = _train(session, steering, checkpoint)
        step = int(writer.current("step"))
        is_extended = outcome == "extended" or (outcome == "finished" and steering.extend(step))
        if not is_extended:
            break
        checkpoint = writer.layout.checkpoint(step)
        free_caches()
    if is_main():
        taken = range(begun + 1, int(writer.current("step")) + 1)
        remember_peak(
            steering.amended.plan, session.base, meter, told=read_run(writer.layout.root), steps=taken
        )
    return _finish(session, steering.amended, outcome, reason)


def _prepare(writer: Writer, launched: Run) -> Session:
    """Load and check everything that a run needs. A RequestError for what cannot work."""
    config = checked(read_values(writer.layout.config), source=str(writer.layout.config))
    writer.status(activity="loading the model")
    base = load(config, date=_day(launched))
    writer.status(activity="preparing the data")
    plan = make_plan(config, model=model_facts(base))
    require_open(plan.gate)
    _require_as_launched(plan, launched)
    set_seed(config.seed)
    if config.initial_adapter:
        begun_from = user_path(config.initial_adapter)
        require_trained_on(base, begun_from, what="initial_adapter", how=" as model_name")
    begun = writer.layout.adapter_start
    model = attach_adapter(base.model, config, plan.targets, start_folder=begun)
    start = Start.prepare(model, begun)
    return Session(writer, config, base, plan, model, start, choose(model, config), run_identity(plan, base))


def _newest(session: Session) -> tuple[Path | None, list[str]]:
    """The checkpoint to go on from, the same on every process, and what was wrong with newer ones."""
    found, faults = (
        newest_sound(session.writer.layout, plan_hash=session.identity) if is_main() else (None, [])
    )
    name = from_main(str(found) if found else "")
    return (Path(name) if name else None), faults


def _train(session: Session, steering: Steering, checkpoint: Path | None) -> tuple[str, str]:
    """One trainer from a checkpoint, or from the start, to its end: finished, stopped, paused or extended, and why."""
    writer, config, amended = session.writer, session.config, steering.amended
    told = read_run(writer.layout.root)
    step = _step_of(checkpoint)
    watch = Watch(patience=config.early_stopping_patience, min_delta=config.early_stopping_min_delta)
    _announce(session, amended.plan, step)
    watch.replay([event for event in told.events if event.step <= step or event.kind == "control"])
    if watch.verdict and step < amended.plan.steps.num_steps:
        return "finished", watch.verdict  # decided before the worker went away
    probes = Probes(config.probe_prompts, session.base, max_new_tokens=config.probe_max_new_tokens)
    reporter = RunReporter(
        writer,
        _reporting(session, amended.plan),
        steering,
        watch,
        probes,
        peak_memory_gib=partial(peak_memory_gib, session.base.device),
    )
    arguments = training_arguments(config, session.base, _working_folder(writer))
    with tensorboard_in(writer.layout.root / "trackers"):
        trainer = make_trainer(
            amended.plan, session.model, session.choices, reporter, arguments, courses=amended.courses
        )
    if checkpoint is None:
        reporter.answer(0, session.model, without=_answered(told))
    try:
        trainer.train(resume_from_checkpoint=_resumable(writer, checkpoint))
    except OutOfMemory as error:
        raise with_advice(error, amended.plan, session.base) from None
    writer.status(step=trainer.state.global_step)
    return reporter.outcome, reporter.reason


def _finish(session: Session, amended: Amended, outcome: str, reason: str) -> str:
    """Keep the result and say how it ended. A run asked to stop at its very last step has finished."""
    writer, step = session.writer, int(session.writer.current("step"))
    outcome = "finished" if step == amended.plan.steps.num_steps else outcome
    writer.status(activity="saving the adapter")
    if is_main():
        result = Result(amended.plan.config, session.base.folder)
        adapter_step = keep_result(writer.layout, result)
        writer.event("finished", step, state=outcome, adapter_step=adapter_step, reason=reason)
        remove_working_folder(writer.layout)
    barrier()
    return outcome


def _working_folder(writer: Writer) -> Path:
    folder = working_folder(writer.layout, empty=is_main())
    barrier()
    return folder


def _resumable(writer: Writer, checkpoint: Path | None) -> str | None:
    """What transformers reads a checkpoint from, made by one process."""
    if checkpoint is None:
        return None
    folder = resumable(writer.layout, checkpoint, make=is_main())
    barrier()
    return str(folder)


def _answered(run: Run) -> Collection[str]:
    """The probe prompts that were put to the model before an earlier start's first step."""
    return {str(event.data.get("prompt")) for event in run.of_kind("sample") if event.step == 0}


def _step_of(checkpoint: Path | None) -> int:
    return read_manifest(checkpoint).step if checkpoint else 0


def _require_as_launched(plan: RunPlan, run: Run) -> None:
    """DataError if the run would train on something else than what was judged and recorded at its launch."""
    found, names = plan.facts(), ("dataset_fingerprint", "prompt_format_hash", "plan_hash")
    changed = [name for name in names if run.about.get(name) and run.about[name] != found[name]]
    if changed:
        what = f"the data or the prompt format has changed since the launch ({', '.join(changed)})"
        raise DataError(what, remedy=f"Restore it, or start a new run: phi train {run.layout.config}")


def _day(run: Run) -> str | None:
    """The day on which a run was created: what a template is told that asks for the date, also when it is resumed."""
    created = run.about.get("created")
    return time.strftime("%Y-%m-%d", time.localtime(created)) if isinstance(created, int | float) else None


def _reporting(session: Session, plan: RunPlan) -> Reporting:
    base = session.base
    record = format_record(
        base.form, base.tokenizer, base_fingerprint=base.fingerprint, base_quantization=base.quantization
    )
    return Reporting(
        identity=session.identity,
        steps=plan.steps,
        evaluation_steps=frozenset(plan.steps.milestones(plan.config.evaluate_every)),
        checkpoint_steps=frozenset(plan.checkpoint_steps),
        checkpoints_kept=plan.config.checkpoints_kept,
        has_validation=len(plan.validation) > 0,
        has_sources=len(plan.config.dataset_path) > 1,
        on_loss_spike=plan.config.on_loss_spike,
        files={FILE: record},
        write_converted=partial(write_converted, session.model, session.start) if session.start else None,
    )


def _announce(session: Session, plan: RunPlan, step: int) -> None:
    writer, model = session.writer, session.model
    total = sum(parameter.numel() for parameter in model.parameters())
    writer.event(
        "plan",
        step,
        from_step=step,
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
        decisions=session.choices.decisions,
    )
    writer.status(state="running", activity="training", step=step, total_steps=plan.steps.num_steps)


def _warn(session: Session, step: int, faults: list[str]) -> None:
    """What a person should know of this start, once."""
    plan, config = session.plan, session.config
    probes = Probes(config.probe_prompts, session.base, max_new_tokens=config.probe_max_new_tokens)
    accepted = [f"{finding.name} accepted: {finding.what}" for finding in plan.gate]
    warnings = [str(problem) for problem in plan.warnings(this_machine())]
    for message in (*faults, *accepted, *warnings, *probes.too_long()):
        session.writer.event("warning", step, message=message)
