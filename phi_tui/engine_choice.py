"""Which model answers in Chat: a base with adapters on it, or an endpoint, as plain data and in words.

`choice_of` makes one of a run, `typed_choice` of what a person typed; `run_adapters` lists what a run has to talk to.
Loads nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from phi_core.chat.engine import BASE
from phi_core.errors import AdapterError, ModelError, RunError
from phi_core.files import typed_path
from phi_core.jobs.endpoint import endpoint
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run

ADAPTER_SETTINGS = "adapter_config.json"
NAME_WIDTH = 40
ENDPOINT_STARTS = ("http://", "https://")


@dataclass(frozen=True)
class ModelChoice:
    """`model_name` None: the adapter names its base. `adapter` None: the base alone. `label` is the adapter's target.

    `beside` are more adapters on the same base, (label, folder), such as checkpoints of the run. With `endpoint`,
    an address like `http://host:port/v1#model`, there is neither base nor adapter here: the endpoint answers.
    """

    model_name: str | None
    adapter: Path | None = None
    label: str = ""
    run_path: Path | None = None
    revision: str | None = None
    trust_remote_code: bool = False
    beside: tuple[tuple[str, Path], ...] = ()
    endpoint: str = ""

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.label,) if self.endpoint else (BASE, *self.adapters)

    @property
    def adapters(self) -> Mapping[str, Path]:
        own = {self.label: self.adapter} if self.adapter else {}
        return {**own, **dict(self.beside)}

    @property
    def default_target(self) -> str:
        """The adapter that was chosen, else the newest one beside, else the base."""
        return self.label if self.adapter else self.targets[-1]

    @property
    def base_words(self) -> str:
        if self.endpoint:
            return shortened(self.endpoint)
        return shortened(self.model_name) if self.model_name else "the adapter's base"

    @property
    def words(self) -> str:
        """The base by its short name, and the adapter."""
        return f"{self.base_words} + {self.label}" if self.adapter else self.base_words

    def with_adapter(self, label: str, path: Path) -> "ModelChoice":
        """One more adapter, or a newer folder for one that is there."""
        if label == self.label:
            return replace(self, adapter=path)
        others = tuple(pair for pair in self.beside if pair[0] != label)
        return replace(self, beside=(*others, (label, path)))

    def without_vanished(self) -> tuple["ModelChoice", tuple[str, ...]]:
        """What of it is still on the disk, and the labels of the adapters beside that are not."""
        kept = tuple((label, path) for label, path in self.beside if is_adapter(path))
        gone = tuple(label for label, path in self.beside if not is_adapter(path))
        return replace(self, beside=kept), gone


@dataclass(frozen=True)
class RunChoice:
    """A run as a list shows it; `choice` is None if there is nothing of it to talk to, `words` say why."""

    run_id: str
    words: str
    choice: ModelChoice | None = field(default=None)


@dataclass(frozen=True)
class RunAdapter:
    """One adapter of a run; `step` is None for the final one."""

    label: str
    path: Path
    step: int | None = None

    @property
    def words(self) -> str:
        return "final adapter" if self.step is None else f"checkpoint of step {self.step}"


def is_adapter(folder: Path) -> bool:
    return (folder / ADAPTER_SETTINGS).is_file()


def target_words(target: str) -> str:
    """A target as people read it, never by colour alone."""
    return "base" if target == BASE else f"adapter {target}"


def shortened(name: str) -> str:
    """The end of a long path: what tells it from others."""
    return name if len(name) <= NAME_WIDTH else f"…{name[-NAME_WIDTH + 1 :]}"


def run_adapters(layout: RunLayout, *, name: str) -> tuple[RunAdapter, ...]:
    """Checkpoints, newest first, then the final adapter under the run's name."""
    folders = ((step, layout.adapter_of(layout.checkpoint(step))) for step in layout.checkpoint_steps()[::-1])
    checkpoints = tuple(RunAdapter(f"step-{step}", path, step) for step, path in folders if is_adapter(path))
    final = RunAdapter(clean_label(name), layout.final_adapter)
    return (*checkpoints, final) if is_adapter(final.path) else checkpoints


def choice_of(run: Run) -> ModelChoice:
    """The base of a run with its final adapter, or with its newest checkpoint; alone while a run has none yet.

    RunError for a run that has ended without an adapter.
    """
    found = next((each for each in run_adapters(run.layout, name=run.name) if each.path == run.adapter), None)
    if found is None and not (run.is_live and run.config.get("model_name")):
        raise RunError(f"run {run.id} ({run.state}) has no adapter", "Choose another run")
    return ModelChoice(
        model_name=run.config.get("model_name"),
        adapter=found.path if found else None,
        label=found.label if found else "",
        run_path=run.path,
        revision=run.config.get("model_revision"),
        trust_remote_code=bool(run.config.get("trust_remote_code", False)),
    )


def renewed(choice: ModelChoice, there: Sequence[RunAdapter]) -> ModelChoice | None:
    """With the first of `there` in the place of adapters of the run that are gone; None if none is gone, or all are."""
    kept = {label: path for label, path in choice.adapters.items() if is_adapter(path)}
    newest = next((each for each in there if is_adapter(each.path)), None)
    if choice.run_path is None or len(kept) == len(choice.adapters) or newest is None:
        return None
    beside = tuple(pair for pair in kept.items() if pair[0] != newest.label)
    return replace(choice, adapter=newest.path, label=newest.label, beside=beside)


def run_choice(run: Run) -> RunChoice:
    name = run.labels.get("name")
    words = " · ".join(
        str(part) for part in (name, run.id, shortened(str(run.config.get("model_name"))), run.state) if part
    )
    try:
        choice = choice_of(run)
    except RunError:
        return RunChoice(run.id, f"{words} · no adapter")
    if choice.adapter is None:
        return RunChoice(run.id, f"{words} · base only, no checkpoint yet", choice)
    return RunChoice(
        run.id, words if choice.adapter == run.layout.final_adapter else f"{words} · {choice.label}", choice
    )


def typed_choice(model: str, adapter: str) -> ModelChoice:
    """What was typed. ModelError if it is nothing, AdapterError if the folder holds no adapter."""
    name, folder = model.strip(), typed_path(adapter.strip()) if adapter.strip() else None
    if not name and folder is None:
        raise ModelError("no model is named", "Type a folder, a hub id, an adapter's folder or an endpoint")
    if name.startswith(ENDPOINT_STARTS):
        return _endpoint(name, folder)
    if folder is not None and not is_adapter(folder):
        raise AdapterError(f"{folder} holds no adapter", f"An adapter's folder has a file {ADAPTER_SETTINGS}")
    expanded = str(typed_path(name)) if name.startswith("~") else name
    return ModelChoice(expanded or None, folder, _adapter_name(folder) if folder else "")


def _endpoint(address: str, adapter: Path | None) -> ModelChoice:
    """RequestError if it is no URL#MODEL."""
    if adapter is not None:
        raise AdapterError(f"{address} cannot take an adapter from here", "Leave one of the two fields empty")
    found = endpoint(address)
    return ModelChoice(None, label=found.model, endpoint=str(found))


def _adapter_name(folder: Path) -> str:
    """`final_adapter` says nothing: the run's folder does."""
    place = folder.resolve()
    return clean_label(place.parent.name if place.name == "final_adapter" else place.name)


def clean_label(name: str) -> str:
    """A name as a target; `base` is taken."""
    clean = name.strip() or "adapter"
    return "adapter-base" if clean == BASE else clean
