"""The wizard's questions, in order: model, project, data, preparation, hyperparameters, training, evaluation, summary.

Each is data and pure functions of a draft; only the data's look reads, and only the last one writes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from phi_core.cli.output import memory, table
from phi_core.cli.wizard_data import (
    data_lines,
    fault_lines,
    length_lines,
    look,
    num_held_out,
    require_no_leak,
    require_records,
    require_two_sides,
)
from phi_core.cli.wizard_dialogue import Cancelled, Question
from phi_core.cli.wizard_draft import (
    Draft,
    default_project,
    facts_of,
    given_config,
    is_free,
    length_suggestion,
    num_train,
    project_name,
)
from phi_core.cli.wizard_project import RAW, create_project
from phi_core.cli.wizard_settings import settings_lines, with_changes
from phi_core.cli.wizard_summary import project_lines, summary_lines
from phi_core.config.option import shown
from phi_core.config.problems import SPECS
from phi_core.demo import model_path
from phi_core.errors import ConfigError, DataError, RequestError
from phi_core.files import GIB, user_path
from phi_core.model_files.architecture import shape_of
from phi_core.model_files.base_models import BASE_MODELS, base_model, download_gib, require_offered
from phi_core.model_files.folder import DEMO, locate, read_json

STEPS = ("Model", "Project", "Data", "Preparation", "Hyperparameters", "Training", "Evaluation", "Summary")
COPIED_BYTES = GIB
"""Data up to this size is split into files of the project unless the person says no."""
YES, NO = "yes", "no"
_WORDS = {
    **dict.fromkeys(("y", YES, "true", "on", "1"), True),
    **dict.fromkeys(("n", NO, "false", "off", "0"), False),
}


# ── model


def _model_menu() -> Sequence[str]:
    header = ("", "model", "parameters", "context", "licence", "")
    return [table(header, [_demo_row(), *(_model_row(number) for number in range(1, len(BASE_MODELS) + 1))]),
            "A number of the list, or any hub id or local folder."]  # fmt: skip


def _demo_row() -> tuple[str, ...]:
    shape = shape_of(read_json(model_path(), "config.json"))
    assert shape is not None, "the bundled model is of a known family"
    return "0", DEMO, _count(shape.num_parameters), f"{shape.context:,}", "MIT", "bundled"


def _model_row(number: int) -> tuple[str, ...]:
    base = BASE_MODELS[number - 1]
    marks = ("gated" if base.is_gated else "", "on this machine" if locate(base.hub_id) else "")
    words = ", ".join(mark for mark in marks if mark)
    return str(number), base.hub_id, _count(base.num_parameters), f"{base.context:,}", base.licence, words


def _listed_model(text: str) -> str:
    """The model of a number in the list; every other text is a name already."""
    if not (text.isascii() and text.isdigit()):
        return text
    number = int(text[:9])
    if number > len(BASE_MODELS):
        raise RequestError(f"there is no model {text} in the list", f"It has 0 to {len(BASE_MODELS)}")
    return BASE_MODELS[number - 1].hub_id if number else DEMO


def _accept_model(draft: Draft, text: str) -> Draft:
    name = _listed_model(text)
    require_offered(name)
    named = draft.having(model_name=name)
    return replace(named, facts=facts_of(named), data=None)


def _about_model(draft: Draft) -> Iterator[str]:
    config = given_config(draft)
    name, shape, known = config.model_name, draft.facts.shape, base_model(config.model_name)
    size = (
        f"{shape.num_parameters:,} parameters, context {shape.context:,}" if shape else "size not known yet"
    )
    yield f"{name}: {size}"
    if locate(name, config.model_revision) is None:
        about = (
            f", about {memory(download_gib(shape.num_parameters))} by formula (parameters × 2 bytes)"
            if shape
            else ""
        )
        yield f"note: it is not on this machine yet; the first start fetches it{about}"
    elif shape is None:
        yield "note: its architecture is not in phi's table: memory is not estimated"
    if known and known.is_gated:
        yield f"note: it is gated: accept its licence ({known.licence}) on its page of the hub, and log in: hf auth login"


# ── project


def _accept_project(draft: Draft, text: str) -> Draft:
    named = replace(draft, project=project_name(text))
    if not is_free(named.folder):
        raise RequestError(f"{named.folder} exists and is not empty", "Name another project")
    return named


# ── data


def _demo_data(draft: Draft) -> str:
    """The bundled dataset for the bundled model; else there is no default."""
    is_demo = given_config(draft).model_name == DEMO
    return str(model_path().parent / "pirate.jsonl").replace(",", "\\,") if is_demo else ""


def _accept_data(draft: Draft, text: str) -> Draft:
    if not text:
        raise DataError(
            "no dataset is given", remedy="Name a file, folder, pattern or hub id: --dataset_path"
        )
    return _looked(draft.having(dataset_path=text))


def _looked(draft: Draft) -> Draft:
    """With its data read. DataError if validation records are trained on."""
    config = given_config(draft)
    found = look(config, draft.facts)
    require_no_leak(found, config)
    return replace(draft, data=found)


def _about_data(draft: Draft) -> list[str]:
    faults = fault_lines(draft.look) if draft.look.num_records else []
    return [*data_lines(draft.look), *faults]


def _accept_columns(draft: Draft, text: str) -> Draft:
    looked = _looked(draft.having(columns=text)) if text else draft
    require_records(looked.look)
    return looked


def _accept_bad_records(draft: Draft, text: str) -> Draft:
    chosen = draft.having(on_bad_record=text)
    if given_config(chosen).on_bad_record == "error":
        faults = [fault.problem for fault in draft.look.survey.faults]
        what = f"the data has {draft.look.survey.num_faults:,} faulty records"
        raise DataError(what, faults, remedy="Correct them, or set on_bad_record to skip")
    return chosen


def _is_split(draft: Draft) -> bool:
    """Whether it is for us to hold records out."""
    return draft.look.num_to_split > 0


def _accept_fraction(draft: Draft, text: str) -> Draft:
    chosen = draft.having(validation_fraction=text)
    require_two_sides(draft.look, given_config(chosen))
    return chosen


def _about_split(draft: Draft) -> list[str]:
    held_out = num_held_out(draft.look, given_config(draft))
    return [f"about {num_train(draft):,} records to train, {held_out:,} to validate"]


def _may_write_split(draft: Draft) -> bool:
    config = given_config(draft)
    is_mixed = len(config.dataset_path) > 1 and config.mixture != "concatenated"
    return not draft.look.has_validation and not is_mixed and num_held_out(draft.look, config) > 0


def _default_write_split(draft: Draft) -> str:
    return YES if draft.look.num_bytes <= COPIED_BYTES else NO


# ── preparation


def _about_lengths(draft: Draft) -> list[str]:
    suggestion = length_suggestion(draft)
    return [*length_lines(draft.look), f"suggested: {suggestion.value}, {suggestion.why}"]


def _accept_length(draft: Draft, text: str) -> Draft:
    chosen = draft.having(max_length=text)
    length = given_config(chosen).max_length
    if draft.context is not None and length > draft.context:
        raise ConfigError(
            f"max_length {length:,} is beyond the model's context of {draft.context:,} tokens",
            remedy=f"Give at most {draft.context}",
        )
    return chosen


# ── training and evaluation


def _accept_train(draft: Draft, text: str) -> Draft:
    return replace(draft, trains=_is_yes(text))


def _may_evaluate(draft: Draft) -> bool:
    return draft.trains and (draft.writes_split or draft.look.has_validation)


# ── summary


def _accept_summary(draft: Draft, text: str) -> Draft:
    if not _is_yes(text):
        raise Cancelled
    project = create_project(draft)
    return replace(draft, created=project.folder, plan=project.plan)


# ── the list


def _is_yes(text: str) -> bool:
    """RequestError for what is neither yes nor no."""
    found = _WORDS.get(text.strip().lower())
    if found is None:
        raise RequestError(f"{text[:60]!r} is neither yes nor no")
    return found


def _default_of(name: str) -> str:
    return shown(SPECS[name].default)


QUESTIONS: tuple[Question[Draft], ...] = (
    Question(
        "model_name", "Model", "Base model",
        default=lambda draft: _default_of("model_name"),
        accept=_accept_model, menu=_model_menu, after=lambda draft: list(_about_model(draft)),
    ),
    Question(
        "project", "Project", "Name of the project and its folder",
        default=default_project, accept=_accept_project,
        after=lambda draft: [f"folder: {draft.folder}"],
    ),
    Question(
        "dataset_path", "Data", "Training records: files, folders, patterns or hub ids",
        default=_demo_data, accept=_accept_data, after=_about_data,
    ),
    Question(
        "columns", "Data", "Columns of this data, such as prompt=question,response=answer",
        default=lambda draft: "", accept=_accept_columns,
        before=lambda draft: ["No record is good:", *fault_lines(draft.look)],
        after=_about_data, applies=lambda draft: not draft.look.num_records,
    ),
    Question(
        "on_bad_record", "Data", "Faulty records: error, or skip them",
        default=lambda draft: _default_of("on_bad_record"), accept=_accept_bad_records,
        applies=lambda draft: draft.look.survey.num_faults > 0,
    ),
    Question(
        "validation_fraction", "Data", "Share held out for validation, 0 for none, or golden (38.2 %)",
        default=lambda draft: _default_of("validation_fraction"), accept=_accept_fraction,
        after=_about_split,
        applies=lambda draft: _is_split(draft) and given_config(draft).validation_records is None,
    ),
    Question(
        "write_split", "Data", f"Write the split as files into {RAW}",
        default=_default_write_split,
        accept=lambda draft, text: replace(draft, writes_split=_is_yes(text)),
        applies=_may_write_split,
        missing="It is for data that the run splits, of one source or concatenated ones",
    ),
    Question(
        "prepare", "Preparation", "Tokenise the data when the project is made, so that starts need not",
        default=lambda draft: YES,
        accept=lambda draft, text: replace(draft, prepares=_is_yes(text)),
        applies=lambda draft: draft.facts.tokenizer is not None,
        missing="The tokenizer is not on this machine; the first start tokenises",
    ),
    Question(
        "max_length", "Preparation", "Longest sample in tokens",
        default=lambda draft: shown(length_suggestion(draft).value),
        accept=_accept_length, before=_about_lengths,
    ),
    Question(
        "", "Hyperparameters", "Change name=value, or Enter to go on",
        default=lambda draft: "", accept=with_changes, before=settings_lines, is_repeated=True,
    ),
    Question(
        "train", "Training", "Train now",
        default=lambda draft: NO, accept=_accept_train,
    ),
    Question(
        "evaluate", "Evaluation", "Then evaluate: perplexity of base and adapter on the validation records",
        default=lambda draft: NO,
        accept=lambda draft, text: replace(draft, evaluates=_is_yes(text)),
        applies=_may_evaluate,
        missing="It needs --train and files of validation data (--write_split, or a validation_path)",
    ),
    Question(
        "yes", "Summary", "Make the project",
        default=lambda draft: YES, accept=_accept_summary,
        before=lambda draft: list(summary_lines(draft)), after=lambda draft: list(project_lines(draft)),
    ),
)  # fmt: skip


def _count(parameters: int) -> str:
    """2.8 B, 135 M."""
    return f"{parameters / 1e9:.1f} B" if parameters >= 1e9 else f"{parameters / 1e6:.3g} M"


def parent_folder(text: str | None) -> Path:
    """The folder that the project's folder is made in. RequestError if there is none."""
    parent = user_path(text or ".")
    if not parent.is_dir():
        raise RequestError(f"{parent} is no folder", "Make it, or name another --projects_dir")
    return parent
