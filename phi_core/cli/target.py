"""What a command talks to: a model, adapters or a run, from its --model, --adapter and --run."""

import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from phi_core.chat.engine import BASE, EngineInfo
from phi_core.chat.prompt_format import FILE, prompt_format_from
from phi_core.cli.output import duration
from phi_core.errors import RequestError, RunError
from phi_core.files import read_json, user_path
from phi_core.jobs.remote_engine import RemoteEngine
from phi_core.model_files.folder import locate
from phi_core.plain_text import plain
from phi_core.runs.reader import Run
from phi_core.runs.store import RunStore, runs_root


@dataclass(frozen=True)
class Target:
    """`model` is None where the adapter is to name it; `adapters` maps labels to folders."""

    model: str | None
    revision: str | None
    adapters: dict[str, Path]
    run: Run | None
    trust_remote_code: bool = False
    prompt_format: str = "auto"
    prompt_template: str | None = None


def target_of(
    model: str | None,
    adapters: list[str] | None,
    run: str | None,
    runs_dir: str | None,
    *,
    prompt_format: str = "auto",
    prompt_template: str | None = None,
) -> Target:
    """RequestError if nothing is named, or both a run and an adapter; RunError if the run has no adapter yet."""
    template = str(user_path(prompt_template).resolve()) if prompt_template else None
    found = _named(model, adapters, run, runs_dir)
    return replace(found, prompt_format=prompt_format, prompt_template=template)


def _named(model: str | None, adapters: list[str] | None, run: str | None, runs_dir: str | None) -> Target:
    if run is not None and adapters:
        raise RequestError("--run and --adapter are both given", "Give one of them: a run names its adapter")
    if run is not None:
        return _of_run(RunStore(runs_root(runs_dir)).find(run), model)
    if model is None and not adapters:
        raise RequestError("no model is named", "Give --run latest, or --adapter FOLDER, or --model NAME")
    found = {label: user_path(path) for label, path in _labelled(adapters or [])}
    for path in found.values():
        _require_adapter(path)
    if model is not None:
        locate(model)  # a path that does not exist is refused before a process is started
    return Target(model, None, found, None)


def open_engine(target: Target, *, device: str, dtype: str) -> RemoteEngine:
    """Start the engine and wait until it has loaded, saying so on standard error."""
    engine = RemoteEngine(
        target.model,
        target.adapters,
        revision=target.revision,
        trust_remote_code=target.trust_remote_code,
        device=device,
        dtype=dtype,
        prompt_format=target.prompt_format,
        prompt_template=target.prompt_template,
    )
    done = threading.Event()
    ticker = threading.Thread(target=_tick, args=(done,), daemon=True)
    try:
        ticker.start()
        _ = engine.info
    except BaseException:
        engine.close()
        raise
    finally:
        done.set()
        ticker.join()
    _tell_other_format(target, engine.info)
    return engine


def _tell_other_format(target: Target, info: EngineInfo) -> None:
    """A format that was asked for against the one that an adapter was trained with."""
    for label, path in target.adapters.items():
        record = read_json(path / FILE)
        if isinstance(record, dict) and prompt_format_from(record).hash != info.prompt_format_hash:
            note = f"adapter {label} was trained with prompt format {record['name']}; {info.prompt_format} is used"
            print(f"phi: note: {plain(note)}", file=sys.stderr)


def _of_run(run: Run, model: str | None) -> Target:
    if run.adapter is None:
        raise RunError(f"run {run.id} has no adapter yet", f"Watch it: phi runs watch {run.id}")
    own = model is None
    return Target(
        model=model or run.config.get("model_name"),
        revision=run.config.get("model_revision") if own else None,
        adapters={_label_of(run): run.adapter},
        run=run,
        trust_remote_code=own and bool(run.config.get("trust_remote_code")),
    )


def _label_of(run: Run) -> str:
    """Its name, unless that means the base."""
    return run.id if run.name == BASE else run.name


def _labelled(paths: list[str]) -> list[tuple[str, str]]:
    """`label=path`, or the folder's name (its parent's for …/final_adapter), made unique."""
    taken: list[str] = [BASE]
    pairs = []
    for text in paths:
        label, equals, path = text.partition("=")
        if not equals or user_path(text).exists():
            label, path = "", text
        name = label or _name_of(user_path(path))
        unique = next(
            name if not count else f"{name}-{count + 1}"
            for count in range(1000)
            if (f"{name}-{count + 1}" if count else name) not in taken
        )
        taken.append(unique)
        pairs.append((unique, path))
    return pairs


def _name_of(path: Path) -> str:
    resolved = path.resolve()
    return (resolved.parent if resolved.name == "final_adapter" else resolved).name.replace(
        ".", "-"
    ) or "adapter"


def _require_adapter(path: Path) -> None:
    if not isinstance(read_json(path / "adapter_config.json"), dict):
        raise RequestError(
            f"{path} holds no adapter: adapter_config.json is missing or broken",
            "Give a folder that PEFT wrote",
        )


def _tick(done: threading.Event) -> None:
    if not sys.stderr.isatty():
        return
    seconds = 0.0
    while not done.wait(0.5):
        seconds += 0.5
        print(f"\rloading the model · {duration(seconds)} ", end="", file=sys.stderr, flush=True)
    print("\r" + " " * 40 + "\r", end="", file=sys.stderr, flush=True)
