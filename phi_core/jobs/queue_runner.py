"""The queue runner: starts the runs that wait in a runs folder, in order, as memory allows. One a folder, by lock.

    python -m phi_core.jobs.queue_runner RUNS_DIR

Keeps nothing in memory that is not on disk, so it may be killed at any time; ends when nothing waits. A run that fails
does not stop it, one that can never fit here lets others pass, and one that a reboot has ended goes on from its
checkpoint at its old place.
"""

import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from phi_core.errors import PhiError
from phi_core.files import GIB, read_json, write_json
from phi_core.jobs.devices import CPU, Device, devices
from phi_core.jobs.placement import LiveRun, kind_of, place
from phi_core.jobs.processes import family
from phi_core.jobs.queue import (
    RUNNER_LOCK,
    QueuedRun,
    begin,
    marks_of,
    needs_runner,
    queued_run,
    run_folders,
    runs_at_once,
)
from phi_core.planning.gpus import visible
from phi_core.runs.identity import boot_id, identity_from
from phi_core.runs.layout import RunLayout
from phi_core.runs.queue_mark import QueueMark, queue_mark
from phi_core.runs.reader import START_SECONDS, read_run, state_of

TURN_SECONDS = 1.0


def main(arguments: list[str]) -> int:
    root = Path(arguments[0])
    lock = FileLock(root / RUNNER_LOCK, blocking=False)
    while needs_runner(root):  # asked again after the lock is free: what was queued meanwhile saw it held
        try:
            with lock:
                work(root)
        except Timeout:
            return 0
    return 0


def work(root: Path) -> None:
    """Take turns until nothing waits."""
    while take_turn(root):
        time.sleep(TURN_SECONDS)


def take_turn(root: Path) -> bool:
    """Settle what was started, start what fits now. Whether anything waits still."""
    marks = sorted(marks_of(root), key=lambda mark: (mark.position, mark.run.name))
    for mark in marks:
        if mark.kind == "started":
            settle(mark)
    waiting = [mark for mark in marks if mark.kind == "queued"]
    if waiting:
        start_next(root, waiting)
    return any(mark.kind == "queued" for mark in marks_of(root))


def settle(mark: QueueMark) -> None:
    """What became of a run that was taken from the queue: it ended, or it goes back because a crash or reboot ended it."""
    layout, state = RunLayout(mark.run), state_of(mark.run)
    if state in ("created", "running"):
        return
    if not _has_spoken(layout, mark):
        if time.time() - mark.time > START_SECONDS:
            mark.renamed("queued")  # whoever took it went down before it started
    elif state == "lost" and _was_rebooted(layout):
        mark.renamed("queued")
    else:
        mark.path.unlink(missing_ok=True)


def start_next(root: Path, waiting: list[QueueMark]) -> None:
    """Start at most one run: the first that fits. One that waits for memory keeps others of its kind behind it."""
    found, live, full = devices(), live_runs(root), set[str]()
    for mark in waiting:
        run = queued_run(mark)
        if kind_of(run, found) in full:
            _note(run, "waits for its turn")
            continue
        placement = place(run, found, live, at_once=runs_at_once(root))
        if placement.devices:
            _start(mark, placement.devices)
            return
        _note(run, placement.why)
        if not placement.is_hopeless:
            full.add(kind_of(run, found))


def live_runs(root: Path) -> list[LiveRun]:
    """The runs of a folder that have processes on this machine, also those that nobody queued."""
    found = devices()
    return [_live_run(path, found) for path in run_folders(root) if state_of(path) in ("created", "running")]


def _live_run(path: Path, found: tuple[Device, ...]) -> LiveRun:
    layout, mark = RunLayout(path), queue_mark(path)
    records = (read_json(layout.status) or {}, (read_json(layout.launch) or {}).get("supervisor") or {})
    identities = [identity for record in records if (identity := identity_from(record)) and identity.is_alive]
    processes = family(identity.pid for identity in identities)
    names = _devices_of(path, processes, found)
    needs = queued_run(mark).needs_gib if mark else None
    return LiveRun(path.name, names, needs or 0.0, _held(processes, names, found))


def _devices_of(path: Path, processes: list[psutil.Process], found: tuple[Device, ...]) -> tuple[str, ...]:
    """The GPUs that processes hold memory on, else those that they were given; the CPU for runs that are to use it."""
    gpus = [device for device in found if device.name != CPU]
    if not gpus or read_run_device(path) == "cpu":
        return (CPU,)
    pids = {process.pid for process in processes}
    held = tuple(device.name for device in gpus if pids & set(device.held_gib))
    return held or tuple(gpus[place].name for place in visible(_given(processes), [gpu.name for gpu in gpus]))


def read_run_device(path: Path) -> str:
    """What a run's configuration says of its device."""
    try:
        return str(read_run(path).config.get("device", "auto"))
    except PhiError:
        return "auto"


def _given(processes: list[psutil.Process]) -> str:
    """The CUDA_VISIBLE_DEVICES that the processes were started with; without one a worker takes the first GPU."""
    for process in processes:
        with suppress(psutil.Error):
            return process.environ().get("CUDA_VISIBLE_DEVICES", "0")
    return "0"


def _held(processes: list[psutil.Process], names: tuple[str, ...], found: tuple[Device, ...]) -> float:
    """GiB that the processes hold, of the device that they hold least on."""
    if names == (CPU,):
        return sum(_resident(process) for process in processes) / GIB
    pids = {process.pid for process in processes}
    return min(
        (sum(device.held_gib.get(pid, 0.0) for pid in pids) for device in found if device.name in names),
        default=0.0,
    )


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _start(mark: QueueMark, names: tuple[str, ...]) -> None:
    """Start a run unless it was moved or removed a moment ago. What cannot start says why and leaves the queue."""
    taken = mark.renamed("started")
    if taken is None:
        return
    environment = {} if names == (CPU,) else {"CUDA_VISIBLE_DEVICES": ",".join(names)}
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {mark.run.name} starts on {', '.join(names)}", flush=True)
    try:
        begin(taken, environment=environment)
    except (PhiError, OSError) as error:
        print(f"{mark.run.name}: {error}", file=sys.stderr, flush=True)
        write_json(RunLayout(mark.run).queue_note, {"why": f"could not be started: {error}"})
        taken.renamed("removed")


def _note(run: QueuedRun, why: str) -> None:
    """Leave word why a run waits; written only when it changes."""
    if run.why != why:
        with suppress(OSError):  # the run may have been deleted
            write_json(RunLayout(run.path).queue_note, {"why": why})


def _has_spoken(layout: RunLayout, mark: QueueMark) -> bool:
    """Whether the run's worker has written its status since the run was taken."""
    try:
        return layout.status.stat().st_mtime > mark.time
    except FileNotFoundError:
        return False


def _was_rebooted(layout: RunLayout) -> bool:
    """Whether the run's process was of an earlier boot of this machine."""
    identity = identity_from(read_json(layout.status) or {})
    return identity is not None and not identity.is_elsewhere and identity.boot_id != boot_id()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
