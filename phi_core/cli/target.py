"""What a command talks to: a model, adapters, a run or its checkpoints, endpoints, as its flags name them."""

import re
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from phi_core.chat.engine import BASE, Engine, EngineInfo
from phi_core.chat.joined_engine import JoinedEngine
from phi_core.chat.prompt_format import FILE, prompt_format_from
from phi_core.cli.output import duration
from phi_core.config import words
from phi_core.errors import RequestError, RunError
from phi_core.files import read_json, user_path
from phi_core.jobs.endpoint import endpoint
from phi_core.jobs.openai_engine import OpenAIEngine
from phi_core.jobs.remote_engine import RemoteEngine
from phi_core.model_files.folder import locate
from phi_core.plain_text import plain
from phi_core.runs.reader import Run
from phi_core.runs.store import RunStore, runs_root


@dataclass(frozen=True)
class Target:
    """`model` is None where the adapter is to name it; `adapters` maps labels to folders, `endpoints` to URL#MODEL."""

    model: str | None
    revision: str | None
    adapters: dict[str, Path]
    run: Run | None
    trust_remote_code: bool = False
    prompt_format: str = "auto"
    prompt_template: str | None = None
    endpoints: dict[str, str] = field(default_factory=dict)


def target_of(
    model: str | None,
    adapters: list[str] | None,
    run: str | None,
    runs_dir: str | None,
    *,
    checkpoints: Sequence[str] | None = None,
    endpoints: Sequence[str] | None = None,
    prompt_format: str = "auto",
    prompt_template: str | None = None,
) -> Target:
    """RequestError if nothing is named, or both a run and an adapter; RunError if the run has no such adapter yet."""
    template = str(user_path(prompt_template).resolve()) if prompt_template else None
    if checkpoints and run is None:
        raise RequestError("--checkpoint needs the run that it is of", "Give --run latest as well")
    found = _named(model, adapters, run, runs_dir, checkpoints or (), needs_model=not endpoints)
    is_here = found.model is not None or bool(found.adapters)
    columns = endpoint_columns(endpoints or (), taken=(*([BASE] if is_here else []), *found.adapters))
    return replace(found, prompt_format=prompt_format, prompt_template=template, endpoints=columns)


def checkpoint_adapters(run: Run, words: Sequence[str]) -> dict[str, Path]:
    """Label → adapter folder of checkpoints of a run, running or not: `newest`, a step, or `final`.

    Labels are step-N; the final adapter has the run's. RunError if there is no such checkpoint.
    """
    return dict(_checkpoint(run, word) for word in words)


def endpoint_columns(texts: Sequence[str], *, taken: Sequence[str]) -> dict[str, str]:
    """Label → URL#MODEL of NAME=URL#MODEL; without NAME= the model is its label. RequestError if one is no address, or
    its label is taken."""
    columns: dict[str, str] = {}
    for text in texts:
        name, equals, address = text.partition("=") if _NAMED.match(text) else ("", "", text)
        label = name if equals else address.rpartition("#")[2]
        endpoint(address)
        if label in (*taken, *columns):
            raise RequestError(f"--endpoint {text!r}: the label {label!r} is taken", "Give it another NAME")
        columns[label] = address
    return columns


_NAMED = re.compile(r"[^=:/#]+=")


def _checkpoint(run: Run, word: str) -> tuple[str, Path]:
    steps = run.layout.checkpoint_steps()
    if word == "final":
        if not run.layout.final_adapter.is_dir():
            raise RunError(f"run {run.id} has no final adapter yet", "Give --checkpoint newest")
        return _label_of(run), run.layout.final_adapter
    step = steps[-1] if word == "newest" and steps else int(word) if word.isdecimal() else -1
    if step not in steps:
        known = f"It has {', '.join(map(str, steps))}" if steps else "It has none yet"
        raise RunError(f"run {run.id} has no checkpoint {word!r}", f"{known}; newest and final are names too")
    return f"step-{step}", run.layout.adapter_of(run.layout.checkpoint(step))


def _named(
    model: str | None,
    adapters: list[str] | None,
    run: str | None,
    runs_dir: str | None,
    checkpoints: Sequence[str],
    *,
    needs_model: bool,
) -> Target:
    if run is not None and adapters:
        raise RequestError("--run and --adapter are both given", "Give one of them: a run names its adapter")
    if run is not None:
        return _of_run(RunStore(runs_root(runs_dir)).find(run), model, checkpoints)
    if model is None and not adapters and needs_model:
        raise RequestError("no model is named", "Give --run latest, or --adapter FOLDER, or --model NAME")
    found = {label: user_path(path) for label, path in _labelled(adapters or [])}
    for path in found.values():
        _require_adapter(path)
    if model is not None:
        locate(model)  # a path that does not exist is refused before a process is started
    return Target(model, None, found, None)


def open_engine(
    target: Target, *, device: str, dtype: str, quantization: words.Quantization = "none"
) -> Engine:
    """Start the engine and wait until it has loaded, saying so on standard error."""
    engine = _engine(target, device, dtype, quantization)
    done = threading.Event()
    ticker = threading.Thread(target=_tick, args=(done,), daemon=True)
    try:
        ticker.start()
        info = engine.info
    except BaseException:
        engine.close()
        raise
    finally:
        done.set()
        ticker.join()
    tell_other_format(target, info)
    return engine


def _engine(target: Target, device: str, dtype: str, quantization: words.Quantization) -> Engine:
    """A model in a process of its own, models behind endpoints, or all of them as one."""
    elsewhere: list[Engine] = [
        OpenAIEngine(address, label=label) for label, address in target.endpoints.items()
    ]
    if target.model is None and not target.adapters:
        return JoinedEngine(elsewhere)
    here = RemoteEngine(
        target.model,
        target.adapters,
        revision=target.revision,
        trust_remote_code=target.trust_remote_code,
        device=device,
        dtype=dtype,
        quantization=quantization,
        prompt_format=target.prompt_format,
        prompt_template=target.prompt_template,
    )
    return JoinedEngine([here, *elsewhere]) if elsewhere else here


def tell_other_format(target: Target, info: EngineInfo) -> None:
    """A format that was asked for against the one that an adapter was trained with."""
    for label, path in target.adapters.items():
        record = read_json(path / FILE)
        if isinstance(record, dict) and prompt_format_from(record).hash != info.prompt_format_hash:
            note = f"adapter {label} was trained with prompt format {record['name']}; {info.prompt_format} is used"
            print(f"phi: note: {plain(note)}", file=sys.stderr)


def _of_run(run: Run, model: str | None, checkpoints: Sequence[str]) -> Target:
    if run.adapter is None:
        raise RunError(f"run {run.id} has no adapter yet", f"Watch it: phi runs watch {run.id}")
    own = model is None
    return Target(
        model=model or run.config.get("model_name"),
        revision=run.config.get("model_revision") if own else None,
        adapters=checkpoint_adapters(run, checkpoints) or {_label_of(run): run.adapter},
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
