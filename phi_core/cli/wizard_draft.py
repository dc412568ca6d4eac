"""What the wizard's answers make up so far, and the configuration that follows from it. Writes nothing."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from phi_core.cli.wizard_data import DataLook, num_held_out
from phi_core.config.option import items
from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.errors import RequestError
from phi_core.model_files.base_models import base_model
from phi_core.model_files.folder import resolved_name
from phi_core.planning.machine import Machine
from phi_core.planning.run_plan import ModelFacts, RunPlan, model_facts
from phi_core.planning.suggestions import (
    Basis,
    Memory,
    Suggestion,
    device_memory,
    most_gib,
    suggested_max_length,
    suggestions,
)

NAME_CHARACTERS = 64
NAME_BYTES = 200
"""Names of files have at most 255 bytes, and ours get a prefix while they are made."""
_UNKNOWN_DATA = "records not named yet"


@dataclass(frozen=True)
class Draft:
    """`values` are options as typed, in flags or answers; `created` and
    `plan` are the project's folder and the plan of its run once they are there."""

    machine: Machine
    parent: Path
    values: Mapping[str, Any] = field(default_factory=dict)
    facts: ModelFacts = field(default_factory=lambda: ModelFacts(None, None, None))
    project: str = ""
    data: DataLook | None = None
    writes_split: bool = False
    prepares: bool = False
    trains: bool = False
    evaluates: bool = False
    created: Path | None = None
    plan: RunPlan | None = None

    @property
    def folder(self) -> Path:
        return self.parent / self.project

    @property
    def context(self) -> int | None:
        """Of the model, in tokens; None if it is not known."""
        return self.facts.shape.context if self.facts.shape else None

    @property
    def look(self) -> DataLook:
        assert self.data is not None, "asked before the data was read"
        return self.data

    def having(self, **values: Any) -> "Draft":
        """With these options set."""
        return replace(self, values={**self.values, **values})


def given_config(draft: Draft) -> TrainingConfig:
    """What is set so far over the defaults. ConfigError with all that is wrong in it."""
    values = dict(draft.values)
    if not values.get("dataset_path"):
        weights = items(str(values.get("mixture_weights") or ""))
        values["dataset_path"] = (_UNKNOWN_DATA,) * max(1, len(weights))
    return checked(values, source="the configuration")


def facts_of(draft: Draft) -> ModelFacts:
    """What the model's files say, or for a curated model that is not here, what is published of it."""
    config = given_config(draft)
    facts, known = model_facts(config), base_model(config.model_name)
    return replace(facts, shape=known.shape) if facts.shape is None and known else facts


def num_train(draft: Draft) -> int:
    """About how many records are trained on."""
    return max(1, draft.look.num_records - num_held_out(draft.look, given_config(draft)))


def has_validation(draft: Draft) -> bool:
    return draft.look.has_validation or num_held_out(draft.look, given_config(draft)) > 0


def length_suggestion(draft: Draft) -> Suggestion:
    assert draft.look.lengths is not None, "good records have lengths"
    return suggested_max_length(draft.look.lengths, draft.context)


def run_suggestions(draft: Draft) -> tuple[Suggestion, ...]:
    """Suggested settings; those that hang on others follow what is set already."""
    return suggestions(_basis(draft))


def most_memory_gib(draft: Draft) -> float | None:
    """What the run takes at most, by formula; None if the model is not known."""
    config = run_config(draft)
    return most_gib(_basis(draft), config.model_dump(), gradient_checkpointing=config.gradient_checkpointing)


def _basis(draft: Draft) -> Basis:
    config = given_config(draft)
    return Basis(
        memory=memory_of(draft),
        dtype=draft.machine.dtype(config.dtype, config.device),
        shape=draft.facts.shape,
        num_train=num_train(draft),
        has_validation=has_validation(draft),
        max_length=config.max_length,
        chosen={name: getattr(config, name) for name in draft.values},
    )


def memory_of(draft: Draft) -> Memory:
    return device_memory(draft.machine, given_config(draft).device)


def run_config(draft: Draft) -> TrainingConfig:
    """The configuration of the run: what is set before what is suggested before the defaults."""
    suggested = {suggestion.name: suggestion.value for suggestion in run_suggestions(draft)}
    return checked({**suggested, **draft.values}, source="the configuration")


def project_name(text: str) -> str:
    """`text` as the name of one folder: letters, digits and . _ - with no dot or dash first. RequestError if none is left."""
    normal = unicodedata.normalize("NFC", text)
    name = re.sub(r"[^\w.-]+", "-", normal)[:NAME_CHARACTERS]
    name = name.encode("utf-8", "ignore")[:NAME_BYTES].decode("utf-8", "ignore").lstrip(".-").rstrip(".-")
    if not name:
        raise RequestError(f"{text[:80]!r} leaves no project name", "Use letters, digits, _ and -")
    return name


def free_name(parent: Path, wanted: str) -> str:
    """`wanted`, or with the first number behind it for which there is no folder yet."""
    stem = wanted[: NAME_CHARACTERS - 5]
    candidates = (wanted, *(f"{stem}-{number}" for number in range(2, 1000)))
    return next((name for name in candidates if is_free(parent / name)), wanted)


def is_free(folder: Path) -> bool:
    """Whether a project may be made here: nothing is there, or an empty folder."""
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def default_project(draft: Draft) -> str:
    """The model's name, in small letters."""
    name = Path(resolved_name(given_config(draft).model_name)).name.lower()
    return free_name(draft.parent, project_name(name or "project"))
