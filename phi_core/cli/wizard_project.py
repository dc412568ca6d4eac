"""Making a project: a folder with train.yaml, suggested.json and, where wanted, the split as files. All or nothing.

    PROJECT/train.yaml          every option of the run, with a comment where the wizard suggested the value
    PROJECT/suggested.json      each value, where it is from and why
    PROJECT/datasets/raw/       train.jsonl and validation.jsonl
    PROJECT/runs/               what training writes

It is made beside and renamed when the plan of its run has been made and the launch gate is open.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phi_core.cli.data_progress import progress_line
from phi_core.cli.wizard_draft import (
    Draft,
    is_free,
    length_suggestion,
    memory_of,
    run_config,
    run_suggestions,
)
from phi_core.config.option import OptionSpec, shown
from phi_core.config.problems import SPECS, checked
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import dump_values, parse_values
from phi_core.data.split_files import SplitWish, write_split
from phi_core.errors import RequestError
from phi_core.files import write_json, write_text
from phi_core.jobs.training_job import portable
from phi_core.model_files.folder import locate
from phi_core.plain_text import one_line
from phi_core.planning.run_data import reading
from phi_core.planning.run_plan import ModelFacts, RunPlan, make_plan
from phi_core.planning.suggestions import Suggestion
from phi_core.samples.gate import require_open

FORMAT = 1
RAW = Path("datasets", "raw")


@dataclass(frozen=True)
class Project:
    """A folder that was made, and the plan of its run."""

    folder: Path
    plan: RunPlan


def create_project(draft: Draft) -> Project:
    """Plan the run and write the folder. PhiError if the run cannot work or the folder not be written; then there is none."""
    folder = Path(os.path.abspath(draft.folder))
    if not is_free(folder):
        raise RequestError(f"{folder} exists and is not empty", "Name another project")
    try:
        beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-project-"))
    except OSError as error:
        raise _unwritten(folder, error) from None
    try:
        plan = _filled(draft, beside, folder)
        beside.chmod(0o755)
        os.rename(beside, folder)  # over an empty folder this is a replacement
    except OSError as error:
        raise _unwritten(folder, error) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Project(folder, plan)


def evaluation_data(draft: Draft, folder: Path) -> list[str]:
    """The sources of which `phi eval` takes validation records; none if there is no such file."""
    if draft.writes_split:
        return [str(folder / RAW / "validation.jsonl")]
    config = run_config(draft)
    if config.validation_path:
        return list(config.validation_path)
    named = zip(config.dataset_path, draft.look.sources, strict=True)
    return [item for item, source in named if source.validation]


def train_yaml(config: TrainingConfig, reasons: dict[str, str]) -> str:
    """Every option by group; above an option why it has its value, where there is a reason."""
    groups = dict.fromkeys(spec.group for spec in SPECS.values())
    head = "# Written by `phi wizard`. Start it in this folder: phi train train.yaml\n"
    return head + "".join(
        f"\n# {group}\n"
        + "".join(_entry(config, spec, reasons) for spec in SPECS.values() if spec.group == group)
        for group in groups
    )


def _entry(config: TrainingConfig, spec: OptionSpec, reasons: dict[str, str]) -> str:
    reason = reasons.get(spec.name)
    comment = f"# {one_line(reason, 400)}\n" if reason else ""
    return comment + dump_values({spec.name: config.model_dump(mode="json")[spec.name]})


def _filled(draft: Draft, beside: Path, folder: Path) -> RunPlan:
    """Fill `beside`, which will be `folder`."""
    config = portable(run_config(draft))
    final = config
    if draft.writes_split:
        _write_split(draft, config, beside / RAW)
        config, final = _on_split(config, beside / RAW), _on_split(config, folder / RAW)
    plan = _planned(draft, config)
    require_open(plan.gate)
    text = train_yaml(final, _reasons(draft))
    assert checked(parse_values(text, source="train.yaml")) == final, "what is written is what was meant"
    (beside / "runs").mkdir()
    write_text(beside / "train.yaml", text)
    write_json(beside / "suggested.json", _record(draft, final, plan))
    return plan


def _write_split(draft: Draft, config: TrainingConfig, raw: Path) -> None:
    held_out = config.validation_records
    share = config.validation_fraction if held_out is None else held_out
    wish = SplitWish(validation=share, test=0, seed=config.seed, skips_faults=config.on_bad_record == "skip")
    write_split(draft.look.sources, raw, reading(config), wish)


def _on_split(config: TrainingConfig, raw: Path) -> TrainingConfig:
    """The same run on the files of its split."""
    return config.model_copy(
        update={
            "dataset_path": (str(raw / "train.jsonl"),),
            "validation_path": (str(raw / "validation.jsonl"),),
        }
    )


def _planned(draft: Draft, config: TrainingConfig) -> RunPlan:
    """The plan with counted tokens, which prepares the data; else with estimated ones."""
    facts = draft.facts if draft.prepares else ModelFacts(draft.facts.shape, None, None)
    with progress_line() as on_progress:
        return make_plan(config, model=facts, on_progress=on_progress)


def _all_suggestions(draft: Draft) -> tuple[Suggestion, ...]:
    return (length_suggestion(draft), *run_suggestions(draft))


def _reasons(draft: Draft) -> dict[str, str]:
    config = run_config(draft)
    return {
        suggestion.name: suggestion.why
        if _is_taken(config, suggestion)
        else f"set by you; {_offer(suggestion)}"
        for suggestion in _all_suggestions(draft)
    }


def _is_taken(config: TrainingConfig, suggestion: Suggestion) -> bool:
    return bool(getattr(config, suggestion.name) == suggestion.value)


def _offer(suggestion: Suggestion) -> str:
    return f"suggested was {shown(suggestion.value)}: {suggestion.why}"


def _record(draft: Draft, config: TrainingConfig, plan: RunPlan) -> dict[str, Any]:
    memory, lengths, reasons = memory_of(draft), draft.look.lengths, _reasons(draft)
    shape = draft.facts.shape
    return {
        "format": FORMAT,
        "project": draft.project,
        "model": {
            "name": config.model_name,
            "parameters": shape.num_parameters if shape else None,
            "context": draft.context,
            "is_on_this_machine": locate(config.model_name, config.model_revision) is not None,
        },
        "machine": {"memory_gib": round(memory.gib, 1), "memory_of": memory.of, "cores": draft.machine.cores},
        "data": {
            "sources": [source.label for source in draft.look.sources],
            "records": draft.look.num_records,
            "faulty": draft.look.survey.num_faults,
            "duplicates": draft.look.survey.train.num_duplicates,
            "train": plan.num_train_records,
            "validation": plan.num_validation_records,
            "lengths": {str(percent): tokens for percent, tokens in lengths.percentiles.items()}
            if lengths
            else {},
            "lengths_are": "counted" if lengths and lengths.is_exact else "estimated as characters / 4",
        },
        "values": {
            suggestion.name: {
                "value": getattr(config, suggestion.name),
                "from": suggestion.source if _is_taken(config, suggestion) else "given",
                "why": reasons[suggestion.name],
            }
            for suggestion in _all_suggestions(draft)
        },
    }


def _unwritten(folder: Path, error: OSError) -> RequestError:
    return RequestError(
        f"the project cannot be written to {folder}: {error.strerror}", "Name another --projects_dir"
    )
