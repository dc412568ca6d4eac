"""What the wizard says before it makes a project, and after. Reads the draft alone."""

from collections.abc import Iterator

from phi_core.cli.output import memory
from phi_core.cli.wizard_data import num_held_out
from phi_core.cli.wizard_draft import Draft, most_memory_gib, num_train, run_config
from phi_core.cli.wizard_project import RAW
from phi_core.planning.suggestions import steps_per_epoch


def summary_lines(draft: Draft) -> Iterator[str]:
    config = run_config(draft)
    yield f"project      {draft.folder}"
    yield f"model        {config.model_name}"
    yield f"data         {', '.join(source.label for source in draft.look.sources)}"
    held_out = num_held_out(draft.look, config)
    own = " and files of validation data" if draft.look.has_validation else ""
    yield f"records      about {num_train(draft):,} to train, {held_out:,} to hold out{own}"
    yield f"steps        {_steps(draft)}"
    yield f"adapter      rank {config.lora_r}, alpha {config.lora_alpha:g}, learning rate {config.learning_rate:g}"
    yield f"memory       {_memory(draft)}"
    files = ["train.yaml", "suggested.json", "runs/"]
    yield f"writes       {', '.join([*files, *([f'{RAW}/'] if draft.writes_split else [])])}"
    yield f"then         {', '.join(_deeds(draft)) or 'nothing more'}"


def _steps(draft: Draft) -> str:
    config = run_config(draft)
    a_pass = steps_per_epoch(num_train(draft), config.batch_size, config.gradient_accumulation_steps)
    limit = f", at most {config.max_steps:,}" if config.max_steps is not None else ""
    limit += f", at most {config.max_tokens:,} tokens" if config.max_tokens is not None else ""
    return (
        f"about {a_pass:,} a pass, of {config.effective_batch_size} records; passes: {config.epochs:g}{limit}"
    )


def _memory(draft: Draft) -> str:
    free = f"{memory(draft.machine.training_free_gib)} are free"
    most = most_memory_gib(draft)
    return (
        f"at most {memory(most)} by formula, {free}" if most is not None else f"known after loading, {free}"
    )


def _deeds(draft: Draft) -> list[str]:
    deeds = {"tokenise": draft.prepares, "train": draft.trains, "evaluate": draft.evaluates}
    return [name for name, is_wanted in deeds.items() if is_wanted]


def project_lines(draft: Draft) -> Iterator[str]:
    plan = draft.plan
    assert plan is not None and draft.created is not None, "the project was just made"
    counted = "counted" if plan.is_exact else "estimated as characters / 4"
    yield f"created {draft.created}"
    yield f"{plan.num_train_records:,} records to train, {plan.num_validation_records:,} to validate; {plan.steps.num_steps:,} steps, {plan.num_tokens:,} tokens ({counted})"
    for problem in plan.warnings(draft.machine):
        yield f"note: {problem}"
