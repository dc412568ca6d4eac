"""`phi queue …`: runs that wait for memory on a device. RUN is an id, a unique prefix or a path."""

import time
from pathlib import Path
from typing import Any

from phi_core.cli.flags import Json, RunsDir, Whole
from phi_core.cli.output import ago, memory, print_json, say, table
from phi_core.errors import PhiError
from phi_core.jobs import queue_runner
from phi_core.jobs.queue import (
    QueuedRun,
    enqueue,
    ensure_runner,
    has_runner,
    move,
    queued,
    remove,
    runs_at_once,
    set_runs_at_once,
    start_now,
)
from phi_core.runs.store import RunStore, runs_root


def list_queue(*, json: Json = False, runs_dir: RunsDir = None) -> int:
    """The runs that wait, the next one first, and why each waits."""
    root = runs_root(runs_dir)
    ensure_runner(root)
    waiting = queued(root)
    if json:
        at_once = runs_at_once(root)
        print_json({"at_once": at_once, "runner": has_runner(root), "queued": list(map(_record, waiting))})
    elif waiting:
        say(table(("place", "run", "needs", "queued", "why it waits"), list(map(_row, enumerate(waiting)))))
    else:
        say("Nothing waits. Queue a run: phi train CONFIG.yaml --queue")
    return 0


def add(run: str, /, *, runs_dir: RunsDir = None) -> int:
    """Queue a run that has ended early, at the end: it goes on after its newest checkpoint."""
    path = _path(run, runs_dir)
    config = RunStore(runs_root(runs_dir)).find(run).config
    entry = enqueue(
        path,
        needs_gib=_recorded_needs(path),
        device=str(config.get("device", "auto")),
        num_processes=int(config.get("num_processes") or 1),
    )
    ensure_runner(path.resolve().parent)
    say(f"{entry.id} is queued at place {_place(path)}")
    return 0


def move_run(run: str, places: Whole, /, *, runs_dir: RunsDir = None) -> int:
    """Move a queued run so many places to the front (-1) or to the end (1); 0 is the next one to start."""
    path = _path(run, runs_dir)
    say(f"{path.name} is at place {move(path, places)}")
    return 0


def remove_run(run: str, /, *, runs_dir: RunsDir = None) -> int:
    """Take a run out of the queue. It stays, and can be started (`phi runs resume`) or queued again."""
    path = _path(run, runs_dir)
    remove(path)
    say(f"{path.name} is out of the queue")
    return 0


def start(run: str, /, *, runs_dir: RunsDir = None) -> int:
    """Start a queued run now, whatever memory is free."""
    path = _path(run, runs_dir)
    start_now(path)
    say(f"{path.name} starts")
    return 0


def run_queue(*, at_once: Whole | None = None, runs_dir: RunsDir = None) -> int:
    """Start the queued runs as memory allows, until none waits. For a systemd unit or cron; else phi does it unasked.

    Parameters
    ----------
    at_once
        Remember how many runs of this folder may share a device, and return [default: as it is, 1 at first].
    """
    root = runs_root(runs_dir)
    if at_once is not None:
        set_runs_at_once(root, at_once)
        say(f"{at_once} run{'s' if at_once > 1 else ''} a device")
        ensure_runner(root)
        return 0
    return queue_runner.main([str(root)])


def look_after(root: Path) -> None:
    """Get a queue runner going if something waits and none lives; never in the way of the command at hand."""
    try:
        ensure_runner(root)
    except (OSError, PhiError):
        return


def _path(run: str, runs_dir: str | None) -> Path:
    return RunStore(runs_root(runs_dir)).path_of(run)


def _place(path: Path) -> int:
    order = queued(path.resolve().parent)
    return next((place for place, run in enumerate(order) if run.path.name == path.name), 0)


def _recorded_needs(path: Path) -> float | None:
    """What the run's plan had estimated for a process, GiB."""
    about = RunStore(path.parent).find(str(path)).about
    needs = about.get("memory_estimate_gib")
    return float(needs) if isinstance(needs, int | float) else None


def _record(run: QueuedRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "path": str(run.path.resolve()),
        "needs_gib": run.needs_gib,
        "device": run.device,
        "num_processes": run.num_processes,
        "queued_at": run.queued_at,
        "why": run.why,
    }


def _row(numbered: tuple[int, QueuedRun]) -> tuple[str, ...]:
    place, run = numbered
    needs = memory(run.needs_gib) if run.needs_gib is not None else "–"
    each = f"{run.num_processes} × {needs}" if run.num_processes > 1 else needs
    return (str(place), run.id, each, ago(min(run.queued_at, time.time())), run.why or "not looked at yet")
