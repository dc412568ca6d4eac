"""`phi eval`: token-weighted validation loss and perplexity of base and adapter on the same records."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from phi_core.chat.engine import BASE, EngineInfo
from phi_core.chat.prompt_format import FILE, PromptFormat, prompt_format_from, read_prompt_format
from phi_core.chat.tokenizer import read_tokenizer
from phi_core.cli.data_progress import progress_line
from phi_core.cli.flags import (
    Adapters,
    Device,
    Dtype,
    Json,
    Model,
    PromptTemplate,
    RunName,
    RunsDir,
)
from phi_core.cli.flags import PromptFormat as PromptFormatName
from phi_core.cli.output import print_json, say, table
from phi_core.cli.target import Target, open_engine, target_of
from phi_core.config.option import items
from phi_core.config.words import FormatChoice, OnBadRecord
from phi_core.data.formats import columns_from
from phi_core.data.records import Reading
from phi_core.data.sources.find import find_sources
from phi_core.errors import DataError, ModelError
from phi_core.evaluation.perplexity import (
    LossDifference,
    ValidationLoss,
    log_likelihoods,
    loss_difference,
    validation_loss,
)
from phi_core.files import read_json, user_path
from phi_core.model_files.folder import locate
from phi_core.samples.cut import CutRule
from phi_core.samples.data_spec import FOR_VALIDATION, DataSpec
from phi_core.samples.prepare import prepare
from phi_core.samples.prepared import Prepared
from phi_core.samples.samples import Samples, samples_of

Data = Annotated[
    list[str], Parameter(help="Records: files, folders, patterns or hub ids; repeat it for several.")
]


def evaluate(
    *,
    data: Data,
    model: Model = None,
    adapter: Adapters = None,
    run: RunName = None,
    record_format: FormatChoice = "auto",
    columns: str = "",
    on_bad_record: OnBadRecord = "error",
    prompt_format: PromptFormatName = "auto",
    prompt_template: PromptTemplate = None,
    json: Json = False,
    device: Device = "auto",
    dtype: Dtype = "auto",
    runs_dir: RunsDir = None,
) -> int:
    """Loss and perplexity of the answers in a file, for the base and for each adapter.

    Of a folder with validation files only these are evaluated. Data that a run has prepared is not tokenised again.

    Parameters
    ----------
    record_format
        Fields of a record; auto: told by its keys.
    columns
        Fields that the data calls otherwise, such as prompt=question,response=best_answer.
    on_bad_record
        What a faulty record does.
    """
    target = target_of(
        model, adapter, run, runs_dir, prompt_format=prompt_format, prompt_template=prompt_template
    )
    spec = DataSpec(
        find_sources(data),
        reading=Reading(record_format, columns_from(items(columns))),
        skips_faults=on_bad_record == "skip",
    )
    if _here(target):
        _prepared(spec, target, _model_of(target))  # faults are told before a model is loaded
    engine = open_engine(target, device=device, dtype=dtype)
    try:
        found = log_likelihoods(
            _samples(spec, target, engine.info), engine, targets=engine.info.targets, on_progress=_progress
        )
    finally:
        engine.close()
    losses = {name: validation_loss(values) for name, values in found.items()}
    changes = {name: loss_difference(found[BASE], values) for name, values in found.items() if name != BASE}
    if json:
        print_json(_record(data, engine.info, losses, changes))
    else:
        _print(engine.info, losses, changes)
    return 0


Losses = Mapping[str, ValidationLoss]
Changes = Mapping[str, LossDifference]


def _record(data: list[str], info: EngineInfo, losses: Losses, changes: Changes) -> dict[str, Any]:
    return {
        "data": data,
        "base_proved": info.proof.holds,
        "models": {name: loss.__dict__ for name, loss in losses.items()},
        "differences": {name: change.__dict__ for name, change in changes.items()},
    }


def _print(info: EngineInfo, losses: Losses, changes: Changes) -> None:
    header = ("model", "loss", "perplexity", "trained tokens", "records", "loss − base (95 %)")
    rows = [
        (
            name,
            f"{loss.loss:.4f}",
            f"{loss.perplexity:.4g}",
            f"{loss.tokens:,}",
            f"{loss.records:,}",
            _change(changes.get(name)),
        )
        for name, loss in losses.items()
    ]
    say(f"{info.proof.sentence()} · prompt format {info.prompt_format}")
    say(table(header, rows))


def _change(change: LossDifference | None) -> str:
    if change is None:
        return "–"
    bounds = (
        "too few records for an interval"
        if change.low is None
        else f"{change.low:+.4f} to {change.high:+.4f}"
    )
    return f"{change.mean:+.4f} ({bounds})"


def _samples(spec: DataSpec, target: Target, info: EngineInfo) -> Samples:
    """The records as the engine would tokenise them, cut to the model's context."""
    prepared, form = _prepared(spec, target, info.model_name)
    if form.hash != info.prompt_format_hash:
        raise ModelError(
            f"prompt format {form.name} is not the one that the engine uses, {info.prompt_format}"
        )
    samples = samples_of(prepared, _records(prepared), CutRule(info.context_length))
    if not len(samples):
        raise DataError(
            "nothing to evaluate: no record has an answer within the model's context",
            remedy="Give records with a prompt and a response",
        )
    return samples


def _prepared(spec: DataSpec, target: Target, model_name: str) -> tuple[Prepared, PromptFormat]:
    folder = locate(model_name, target.revision)
    tokenizer = read_tokenizer(folder) if folder else None
    if folder is None or tokenizer is None:
        raise ModelError(
            f"model {model_name} has no tokenizer.json", "Save its tokenizer with transformers 5"
        )
    form = _form(target, folder)
    with progress_line() as on_progress:
        return prepare(spec, form, tokenizer, on_progress=on_progress), form


def _here(target: Target) -> bool:
    """Whether the model's files are on this machine already."""
    return locate(_model_of(target), target.revision) is not None


def _model_of(target: Target) -> str:
    """The base model's name: as given, or as the first adapter has it."""
    if target.model is not None:
        return target.model
    settings = read_json(next(iter(target.adapters.values())) / "adapter_config.json")
    return str(settings.get("base_model_name_or_path"))


def _form(target: Target, folder: Path) -> PromptFormat:
    """The format that was asked for, else the one recorded beside the adapters, else the model's own."""
    if target.prompt_format == "auto" and target.prompt_template is None:
        for path in target.adapters.values():
            if isinstance(record := read_json(path / FILE), dict):
                return prompt_format_from(record)
    template = user_path(target.prompt_template) if target.prompt_template else None
    return read_prompt_format(folder, target.prompt_format, template)


def _records(prepared: Prepared) -> list[int]:
    validation = [int(record) for record in (prepared.side == FOR_VALIDATION).nonzero()[0]]
    return validation or list(range(len(prepared)))


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(
            f"\r{done}/{total} records" + ("\n" if done == total else ""), end="", file=sys.stderr, flush=True
        )
