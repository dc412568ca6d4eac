"""What a comparison is of: one base, any number of adapters or checkpoints on it, and perhaps a judge. Plain data.

`candidates` lists the adapters of all runs, `choice_of` makes a choice of some of them, `typed_choice` of what a person
typed. Loads nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from phi_core.chat.engine import BASE
from phi_core.errors import AdapterError, ModelError, RequestError
from phi_core.evaluation.batch_request import Batch, BatchRequest
from phi_core.files import read_json, typed_path
from phi_core.jobs.endpoint import endpoint
from phi_core.runs.reader import Run
from phi_core.runs.store import RunStore

ADAPTER_SETTINGS = "adapter_config.json"
FINAL = "final_adapter"
NAME_WIDTH = 40
ENDPOINT = ("http://", "https://")


@dataclass(frozen=True)
class Candidate:
    """An adapter of a run: the final one, or that of a checkpoint. `words` is what a list shows.

    `label` tells the adapters of one run apart, as `phi compare` names them; `long_label` those of several runs.
    """

    label: str
    long_label: str
    adapter: Path
    run_path: Path
    model_name: str | None
    revision: str | None
    trust_remote_code: bool
    words: str

    @property
    def base(self) -> tuple[str | None, str | None]:
        return self.model_name, self.revision


@dataclass(frozen=True)
class CompareChoice:
    """`run_path`: the run of the first adapter, if it is of one; its folder keeps the answers."""

    request: BatchRequest
    run_path: Path | None = None

    @property
    def has_base(self) -> bool:
        """Endpoints alone have none."""
        return bool(self.request.model_name or self.request.adapters)

    @property
    def targets(self) -> tuple[str, ...]:
        base = (BASE,) if self.has_base else ()
        return (*base, *self.request.adapters, *self.request.endpoints)

    @property
    def words(self) -> str:
        """The base by its short name, and the others."""
        name = self.request.model_name
        base = (shortened(name) if name else "the adapter's base",) if self.has_base else ()
        return " + ".join([*base, *self.request.adapters, *self.request.endpoints])


def target_words(target: str) -> str:
    """A target as people read it, never by colour alone."""
    return "base" if target == BASE else f"adapter {target}"


def shortened(name: str) -> str:
    """A hub id whole; of a path the end, which tells it from others."""
    short = "/".join(Path(name).parts[-2:]) if name.startswith("/") else name
    return short if len(short) <= NAME_WIDTH else f"…{short[-NAME_WIDTH + 1 :]}"


def candidates(root: Path) -> tuple[Candidate, ...]:
    """The adapters of all runs, the newest run first, in it the final adapter and then the newest checkpoint."""
    return tuple(found for run in RunStore(root).runs() for found in of_run(run))


def of_run(run: Run) -> tuple[Candidate, ...]:
    """What a run has to compare; nothing before its first checkpoint."""
    return tuple(_of_run(run))


def choice_of(chosen: Sequence[Candidate]) -> CompareChoice:
    """ModelError if the adapters stand on different bases."""
    first = chosen[0]
    for other in chosen[1:]:
        if other.base != first.base:
            raise ModelError(
                f"{other.label} is an adapter of {other.model_name}, {first.label} of {first.model_name}",
                "One comparison has one base: mark adapters of the same model",
            )
    is_one_run = all(item.run_path == first.run_path for item in chosen)
    labels = [item.label if is_one_run else item.long_label for item in chosen]
    request = BatchRequest(
        model_name=first.model_name,
        adapters=dict(_unique(zip(labels, (str(item.adapter.resolve()) for item in chosen), strict=True))),
        revision=first.revision,
        trust_remote_code=first.trust_remote_code,
    )
    return CompareChoice(request, first.run_path)


def choice_from(batch: Batch) -> CompareChoice:
    """What a batch that is there already asks."""
    return CompareChoice(batch.request, Path(batch.run_path) if batch.run_path else None)


def typed_choice(model: str, others: str) -> CompareChoice:
    """What was typed: a base, and folders of adapters or addresses of endpoints, set apart by commas. ModelError if it
    is nothing, AdapterError if a folder holds no adapter, RequestError for what is no address."""
    words = [text.strip() for text in others.split(",") if text.strip()]
    addresses = [text for text in words if text.startswith(ENDPOINT)]
    folders = [typed_path(text) for text in words if not text.startswith(ENDPOINT)]
    name = model.strip()
    if not name and not words:
        raise ModelError("no model is named", "Mark an adapter, or type a folder or a hub id")
    for folder in folders:
        if not isinstance(read_json(folder / ADAPTER_SETTINGS), dict):
            raise AdapterError(
                f"{folder} holds no adapter", f"An adapter's folder has a file {ADAPTER_SETTINGS}"
            )
    adapters = dict(_unique((_folder_label(folder), str(folder.resolve())) for folder in folders))
    models = ((_label(endpoint(text).model), text) for text in addresses)
    request = BatchRequest(
        model_name=(str(typed_path(name)) if name.startswith("~") else name) or None,
        adapters=adapters,
        endpoints=dict(_unique(models, taken=adapters)),
    )
    return CompareChoice(request)


def agreeing(choice: CompareChoice, batch: Batch) -> tuple[str, ...]:
    """The targets of `choice` whose answers a batch holds: the same weights under the same name."""
    asked, held = choice.request, batch.request
    if asked.model_name != held.model_name:
        return ()
    same = {
        *((BASE,) if choice.has_base else ()),
        *(
            label
            for label, path in asked.adapters.items()
            if _place(path) == _place(held.adapters.get(label))
        ),
        *(label for label, address in asked.endpoints.items() if held.endpoints.get(label) == address),
    }
    return tuple(target for target in choice.targets if target in same)


def still_there(choice: CompareChoice, run: Run | None) -> CompareChoice:
    """What can be asked now: where the newest checkpoint of a run was chosen and is gone, the one that is newest now.

    RequestError for other adapters that are gone.
    """
    gone = [label for label, path in choice.request.adapters.items() if not Path(path).is_dir()]
    newest = next(iter(of_run(run)), None) if run else None
    if not gone:
        return choice
    if newest is None or gone != [newest.label]:
        raise RequestError(
            f"{', '.join(gone)} is gone: a run keeps only its newest checkpoints", "ctrl+n chooses others"
        )
    adapters = {**choice.request.adapters, newest.label: str(newest.adapter.resolve())}
    return replace(choice, request=replace(choice.request, adapters=adapters))


def with_judge(choice: CompareChoice, judge: str) -> CompareChoice:
    """ "" : no judge."""
    return replace(choice, request=replace(choice.request, judge=judge.strip() or None))


def _of_run(run: Run) -> Iterator[Candidate]:
    newest, layout = run.adapter, run.layout
    if newest is None:
        return
    name = run.id if run.name == BASE else run.name
    folders = [(step, layout.adapter_of(layout.checkpoint(step))) for step in layout.checkpoint_steps()]
    is_final = newest == layout.final_adapter
    what = "final adapter" if is_final else f"newest checkpoint {folders[-1][0]}"
    yield _candidate(run, newest, (name, name), what)
    for step, folder in reversed(folders):
        if folder != newest:
            yield _candidate(run, folder, (f"step-{step}", f"{name}-step-{step}"), f"checkpoint {step}")


def _candidate(run: Run, adapter: Path, labels: tuple[str, str], what: str) -> Candidate:
    model = run.config.get("model_name")
    name = "" if run.name == run.id else f"{run.name} · "
    return Candidate(
        label=labels[0],
        long_label=labels[1],
        adapter=adapter,
        run_path=run.path,
        model_name=model,
        revision=run.config.get("model_revision"),
        trust_remote_code=bool(run.config.get("trust_remote_code", False)),
        words=f"{name}{run.id} · {what} · {run.state} · {shortened(str(model))}",
    )


def _place(path: str | None) -> Path | None:
    return None if path is None else Path(path).resolve()


def _unique(pairs: Iterable[tuple[str, str]], *, taken: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """Labels are targets of one engine: each only once."""
    names = {BASE, *taken}
    for label, place in pairs:
        free = next(name for name in _numbered(label) if name not in names)
        names.add(free)
        yield free, place


def _numbered(label: str) -> Iterator[str]:
    yield label
    number = 2
    while True:
        yield f"{label}-{number}"
        number += 1


def _folder_label(folder: Path) -> str:
    """`final_adapter` says nothing: the run's folder does."""
    place = folder.resolve()
    return _label(place.parent.name if place.name == FINAL else place.name)


def _label(name: str) -> str:
    """PEFT makes the label part of module names, where a dot separates."""
    return name.strip().replace(".", "-") or "adapter"
