"""Training runs as processes: create a run directory, start its worker, ask it, wait for it.

The launcher writes run.json and config.yaml once; everything after that is the worker's. Nothing here checks data:
callers plan the run first (`planning.plan`), so that a request that cannot work leaves nothing behind.
"""

import os
import platform
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import dump
from phi_core.errors import RunError
from phi_core.files import read_json, user_path, write_json
from phi_core.jobs.launchers import launcher_of
from phi_core.jobs.notice_address import require_notice_address
from phi_core.jobs.processes import end_all, family
from phi_core.jobs.slurm import cancel
from phi_core.model_files.folder import resolved_name
from phi_core.runs.control import RequestKind, send_request
from phi_core.runs.identity import identity_from
from phi_core.runs.layout import FORMAT, RunLayout
from phi_core.runs.queue_mark import queue_mark
from phi_core.runs.reader import Run, read_run

STARTED_SECONDS = 20.0
PACKAGES = ("phi-trainer", "torch", "transformers", "peft", "accelerate", "tokenizers")


def create_run(
    config: TrainingConfig, root: Path, *, command: Sequence[str], facts: Mapping[str, Any]
) -> Path:
    """A new run directory with run.json and config.yaml, complete from the moment that it exists.

    `facts` are what the plan found: dataset fingerprint, prompt format and its hash. RunError if `output_dir` is
    taken or the place cannot be written.
    """
    require_notice_address(config)
    target = user_path(config.output_dir).resolve() if config.output_dir else None
    parent = target.parent if target else root
    if target and target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RunError(f"output_dir {target} exists and is not empty", "Name another one, or delete it")
    try:
        parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=parent, prefix=".new-run-"))
    except OSError as error:
        raise RunError(
            f"the run cannot be written to {parent}: {error.strerror}",
            "Choose another --output_dir or --runs_dir",
        ) from None
    return _filled(beside, target, parent, portable(config), command, facts)


def start_run(path: Path, *, resume: bool = False, environment: Mapping[str, str] | None = None) -> None:
    """Start the worker of a run and wait until it has said so in status.json; of a batch job, until it is submitted.

    `environment` wins over what the worker inherits. RunError if it does not start, or the launcher refuses.
    """
    layout = RunLayout(path)
    before = read_json(layout.status)
    process = launcher_of(layout).start(layout, resume=resume, environment=environment or {})
    if process is None:
        return
    threading.Thread(target=process.wait, daemon=True).start()  # no zombie stays behind while we live
    end = time.monotonic() + STARTED_SECONDS
    while read_json(layout.status) == before and time.monotonic() < end:
        if process.poll() is not None:
            raise RunError(
                f"the worker of run {path.name} did not start", f"Another may have it; read {layout.log}"
            )
        time.sleep(0.02)


def ask(run: Run, kind: RequestKind, **values: float) -> None:
    """Send a request to a live run, with the values that its kind takes; a job that waits in Slurm's queue is cancelled. RunError if it is not live."""
    if run.state == "queued" and queue_mark(run.path) is None and kind == "stop":
        cancel(run.layout)
        return
    if run.state == "queued":
        raise RunError(
            f"run {run.id} is queued",
            f"Take it out: phi queue remove {run.id}; or now: phi queue start {run.id}",
        )
    if not run.is_live:
        raise RunError(f"run {run.id} is {run.state}", "Only a running run can be asked")
    send_request(run.layout, kind, **values)


def resume_run(run: Run) -> int:
    """Start a worker again after the newest checkpoint; returns its step, 0 for the beginning.

    RunError if the run is live, queued or finished.
    """
    require_resumable(run)
    start_run(run.path, resume=True)
    return max(run.layout.checkpoint_steps(), default=0)


def require_resumable(run: Run) -> None:
    """RunError if the run is live, queued or finished."""
    if run.is_live:
        raise RunError(f"run {run.id} is {run.state}", f"Watch it: phi runs watch {run.id}")
    if run.state == "queued":
        raise RunError(f"run {run.id} is queued", f"Start it now: phi queue start {run.id}")
    if run.state == "finished":
        raise RunError(f"run {run.id} is finished", f"Repeat it: phi train {run.layout.config}")


def kill(run: Run) -> None:
    """End a live run by force, all its processes on this machine; what came after its last checkpoint is lost and the
    run is `lost`."""
    worker = _live_pid(run)
    end_all(family([*_supervisor_pids(run), worker]))


def end_at_once(run: Run) -> None:
    """Let a live run's worker end without finishing its step; it still says that it stopped. Of several processes the
    main one speaks, and the others are ended."""
    pid = _live_pid(run)
    others = family(_supervisor_pids(run))
    os.kill(pid, signal.SIGTERM)
    time.sleep(0.1)  # two signals that wait together are delivered as one
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    if others:
        _wait_for_word(run)
        end_all(others)


def _wait_for_word(run: Run) -> None:
    """Until the main process has said that it stopped, or for a second: it may be deep in a collective."""
    end = time.monotonic() + 1
    while read_run(run.path).is_live and time.monotonic() < end:
        time.sleep(0.02)


def _supervisor_pids(run: Run) -> list[int]:
    """The supervisor that looks after a run's processes on this machine, if there is one."""
    identity = identity_from((read_json(run.layout.launch) or {}).get("supervisor") or {})
    return [identity.pid] if identity and identity.is_alive else []


def _live_pid(run: Run) -> int:
    """The worker's pid, checked anew. RunError if the worker is gone, or on another machine."""
    identity = identity_from(read_json(run.layout.status) or {})
    if run.is_live and identity is not None and identity.is_elsewhere:
        job = (read_json(run.layout.launch) or {}).get("job_id")
        raise RunError(
            f"run {run.id} runs on {identity.host}",
            f"scancel {job} ends it" if job else "End it there, or ask: phi runs stop",
        )
    if not run.is_live or identity is None or not identity.is_alive:
        raise RunError(f"run {run.id} is {run.state}", "Only a running run can be ended")
    return identity.pid


def wait_until_ended(path: Path, *, seconds: float) -> Run:
    """The run once it is neither created nor running, or as it is after so many seconds."""
    end = time.monotonic() + seconds
    while (run := read_run(path)).is_live and time.monotonic() < end:
        time.sleep(0.05)
    return run


def portable(config: TrainingConfig) -> TrainingConfig:
    """The configuration as it stays valid in another folder: paths absolute, no directory of its own."""
    changes: dict[str, Any] = {"output_dir": None, "model_name": resolved_name(config.model_name)}
    for name in ("dataset_path", "validation_path"):
        changes[name] = tuple(_absolute(source) for source in getattr(config, name))
    for name in ("prompt_template", "initial_adapter", "accelerate_config"):
        if value := getattr(config, name):
            changes[name] = _absolute(value)
    return config.model_copy(update=changes)


def _absolute(source: str) -> str:
    """A path or pattern from the root; the id of a hub dataset as it is."""
    path = user_path(source)
    is_here = path.exists() or any(sign in source for sign in "*?[") or path.is_absolute()
    return os.path.abspath(path) if is_here else source


def _filled(
    beside: Path,
    target: Path | None,
    parent: Path,
    config: TrainingConfig,
    command: Sequence[str],
    facts: Mapping[str, Any],
) -> Path:
    layout = RunLayout(beside)
    try:
        created = time.time()
        target = target or _free_name(parent, config.model_name, created)
        layout.config.write_text(dump(config), encoding="utf-8")
        layout.control.mkdir()
        write_json(layout.run_json, _about(config, target.name, created, command, facts))
        beside.chmod(0o755)
        os.rename(beside, target)  # over an empty directory, as output_dir may be, this is a replacement
    except OSError as error:
        _discard(beside, target)
        raise RunError(f"the run cannot be written to {target}: {error.strerror}", "Start it again") from None
    except BaseException:
        _discard(beside, target)
        raise
    return target


def _discard(beside: Path, target: Path | None) -> None:
    """Leave nothing: neither the half-made directory nor the empty one that kept its place."""
    shutil.rmtree(beside, ignore_errors=True)
    with suppress(OSError):
        if target is not None:
            target.rmdir()


def _free_name(parent: Path, model_name: str, created: float) -> Path:
    model = (
        "".join(c if c.isalnum() or c in ".-" else "-" for c in Path(model_name).name).strip(".-") or "model"
    )
    stem = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(created))}-{model}"
    for name in (stem, *(f"{stem}-{count}" for count in range(2, 1000))):
        try:
            (parent / name).mkdir()  # taken by this process alone; the finished directory replaces it
        except FileExistsError:
            continue
        return parent / name
    raise RunError(f"a thousand runs called {stem} exist in {parent}", "Name one with --output_dir")


def _about(
    config: TrainingConfig, run_id: str, created: float, command: Sequence[str], facts: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "id": run_id,
        "parent": None,
        "created": created,
        "command": list(command),
        "versions": versions(),
        "git_commit": _git_commit(),
        "host": platform.node(),
        "device": config.device,
        "seed": config.seed,
        "base_model": config.model_name,
        "base_model_revision": config.model_revision,
        **facts,
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide numbers."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _git_commit() -> str | None:
    """The commit of the repository that the command was given in, if it is one."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
