"""Which model answers: a base, and at most one adapter on it, as plain data and in words.

`choice_of` makes one of a run that has an adapter, `typed_choice` of what a person typed. Loads nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from phi_core.chat.engine import BASE
from phi_core.errors import AdapterError, ModelError, RunError
from phi_core.files import typed_path
from phi_core.runs.reader import Run

ADAPTER_SETTINGS = "adapter_config.json"
NAME_WIDTH = 40


@dataclass(frozen=True)
class ModelChoice:
    """`model_name` None: the adapter names its base. `adapter` None: the base alone. `label` is the adapter's target."""

    model_name: str | None
    adapter: Path | None = None
    label: str = ""
    run_path: Path | None = None
    revision: str | None = None
    trust_remote_code: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        return (BASE, self.label) if self.adapter else (BASE,)

    @property
    def adapters(self) -> Mapping[str, Path]:
        return {self.label: self.adapter} if self.adapter else {}

    @property
    def default_target(self) -> str:
        return self.targets[-1]

    @property
    def base_words(self) -> str:
        return shortened(self.model_name) if self.model_name else "the adapter's base"

    @property
    def words(self) -> str:
        """The base by its short name, and the adapter."""
        return f"{self.base_words} + {self.label}" if self.adapter else self.base_words


@dataclass(frozen=True)
class RunChoice:
    """A run as a list shows it; `choice` is None while it has no adapter to talk to, `words` say why."""

    run_id: str
    words: str
    choice: ModelChoice | None = field(default=None)


def target_words(target: str) -> str:
    """A target as people read it, never by colour alone."""
    return "base" if target == BASE else f"adapter {target}"


def shortened(name: str) -> str:
    """The end of a long path: what tells it from others."""
    return name if len(name) <= NAME_WIDTH else f"…{name[-NAME_WIDTH + 1 :]}"


def choice_of(run: Run) -> ModelChoice:
    """The base and final adapter of a run. RunError while there is none."""
    if not (run.layout.final_adapter / ADAPTER_SETTINGS).is_file():
        raise RunError(
            f"run {run.id} ({run.state}) has no final adapter", "Choose a finished run, or wait for this one"
        )
    return ModelChoice(
        model_name=run.config.get("model_name"),
        adapter=run.layout.final_adapter,
        label=_label(str(run.labels.get("name") or run.id)),
        run_path=run.path,
        revision=run.config.get("model_revision"),
        trust_remote_code=bool(run.config.get("trust_remote_code", False)),
    )


def run_choice(run: Run) -> RunChoice:
    name = run.labels.get("name")
    words = " · ".join(
        str(part) for part in (name, run.id, shortened(str(run.config.get("model_name"))), run.state) if part
    )
    try:
        return RunChoice(run.id, words, choice_of(run))
    except RunError:
        return RunChoice(run.id, f"{words} · no adapter")


def typed_choice(model: str, adapter: str) -> ModelChoice:
    """What was typed. ModelError if it is nothing, AdapterError if the folder holds no adapter."""
    name, folder = model.strip(), typed_path(adapter.strip()) if adapter.strip() else None
    if not name and folder is None:
        raise ModelError("no model is named", "Type a folder, a hub id or an adapter's folder")
    if folder is not None and not (folder / ADAPTER_SETTINGS).is_file():
        raise AdapterError(f"{folder} holds no adapter", f"An adapter's folder has a file {ADAPTER_SETTINGS}")
    expanded = str(typed_path(name)) if name.startswith("~") else name
    return ModelChoice(expanded or None, folder, _adapter_name(folder) if folder else "")


def _adapter_name(folder: Path) -> str:
    """`final_adapter` says nothing: the run's folder does."""
    place = folder.resolve()
    return _label(place.parent.name if place.name == "final_adapter" else place.name)


def _label(name: str) -> str:
    """`base` is taken; PEFT makes the label part of module names, where a dot separates."""
    clean = name.strip().replace(".", "-") or "adapter"
    return "adapter-base" if clean == BASE else clean
