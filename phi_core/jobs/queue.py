"""The queue of a runs folder: runs that wait for memory on a device, in an order that people may change.

It lives in the run directories (`runs.queue_mark`), so it survives a crash and a reboot of anything. A queue runner
(`jobs.queue_runner`) starts what fits; `ensure_runner` gets one going where something waits and none lives. Adding,
moving, removing and starting are single renames: whoever comes second is told that he was overtaken.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from phi_core.errors import RunError
from phi_core.files import read_json, write_json
from phi_core.jobs.process import start_module
from phi_core.jobs.training_job import require_resumable, start_run
from phi_core.runs.layout import RunLayout
from phi_core.runs.queue_mark import QueueMark, queue_mark, write_mark
from phi_core.runs.reader import read_run, state_of

RUNNER_LOCK, RUNNER_LOG, SETTINGS = ".queue.lock", ".queue.log", ".queue.json"
"""Files of a runs folder: held by its runner, written by it, and how many runs may share a device."""


ROOM = 1_000_000
"""Between neighbours where room is made: microseconds, as positions are."""


@dataclass(frozen=True)
class QueuedRun:
    """`needs_gib` is the plan's estimate for each process, None where nothing was known. `why` says why it waits."""

    path: Path
    position: int
    needs_gib: float | None
    device: str
    num_processes: int
    queued_at: float
    why: str

    @property
    def id(self) -> str:
        return self.path.name


def enqueue(
    path: Path,
    *,
    needs_gib: float | None,
    device: str = "auto",
    num_processes: int = 1,
) -> QueuedRun:
    """Put a run at the end of the queue of the folder that it lies in. RunError if it is live, queued or finished, or
    Slurm's."""
    run = read_run(path)
    if run.config.get("launcher") == "slurm":
        raise RunError(f"run {path.name} is for Slurm, which has a queue of its own", "Start it as it is")
    if run.state != "created":
        require_resumable(run)
    RunLayout(path).queue_note.unlink(missing_ok=True)
    mark = write_mark(
        path,
        position=_position_now(),
        content={
            "needs_gib": needs_gib,
            "device": device,
            "num_processes": num_processes,
            "queued_at": time.time(),
        },
    )
    return queued_run(mark)


def queued(root: Path) -> tuple[QueuedRun, ...]:
    """The runs that wait, the next one first."""
    marks = [mark for mark in marks_of(root) if mark.kind == "queued"]
    return tuple(queued_run(mark) for mark in sorted(marks, key=lambda mark: (mark.position, mark.run.name)))


def move(path: Path, places: int) -> int:
    """Move a queued run so many places towards the front (negative) or the end; its new place, 0 for the next one.

    RunError if it waits no longer.
    """
    order = queued(_root_of(path))
    mark = _waiting_mark(path)
    place = next(place for place, run in enumerate(order) if run.path.name == path.name)
    target = min(max(0, place + places), len(order) - 1)
    if target != place:
        others = [run for run in order if run.path.name != path.name]
        if mark.renamed("queued", position=_room_at(others, target)) is None:
            raise _overtaken(path)
    return target


def remove(path: Path) -> None:
    """Take a run out of the queue; it can still be started or queued again. RunError if it waits no longer."""
    if _waiting_mark(path).renamed("removed") is None:
        raise _overtaken(path)


def start_now(path: Path) -> None:
    """Start a queued run whatever is free. RunError if it waits no longer."""
    mark = _waiting_mark(path).renamed("started")
    if mark is None:
        raise _overtaken(path)
    begin(mark, environment={})


def begin(mark: QueueMark, *, environment: dict[str, str]) -> None:
    """Start the run of a mark that the caller has renamed to `started`; on from its checkpoint where it has one."""
    layout = RunLayout(mark.run)
    layout.queue_note.unlink(missing_ok=True)
    start_run(mark.run, resume=bool(layout.checkpoint_steps()), environment=environment)


def ensure_runner(root: Path) -> bool:
    """Start a queue runner for a runs folder if something waits there and none lives. Whether one was started."""
    if not needs_runner(root) or has_runner(root):
        return False
    runner = start_module("phi_core.jobs.queue_runner", [str(root.resolve())], log=root / RUNNER_LOG)
    threading.Thread(target=runner.wait, daemon=True).start()  # no zombie stays behind while we live
    return True


def needs_runner(root: Path) -> bool:
    """Whether a run waits, or one that the queue had started is gone and may have to go on."""
    marks = marks_of(root)
    return any(mark.kind == "queued" or state_of(mark.run) == "lost" for mark in marks)


def has_runner(root: Path) -> bool:
    """Whether a queue runner has this runs folder."""
    lock = FileLock(root / RUNNER_LOCK, blocking=False)
    try:
        with lock:
            return False
    except Timeout:
        return True
    except OSError:
        return False


def runs_at_once(root: Path) -> int:
    """How many runs of this folder may share a device."""
    settings = read_json(root / SETTINGS)
    value = settings.get("at_once") if isinstance(settings, dict) else None
    return value if isinstance(value, int) and value >= 1 else 1


def set_runs_at_once(root: Path, value: int) -> None:
    """RunError for less than one."""
    if value < 1:
        raise RunError(f"at_once must be at least 1, got {value}", "1 runs one after another")
    root.mkdir(parents=True, exist_ok=True)
    write_json(root / SETTINGS, {"at_once": value})


def marks_of(root: Path) -> list[QueueMark]:
    """The marks of all runs of a folder that wait or were started by its queue."""
    found = [queue_mark(path) for path in run_folders(root)]
    return [mark for mark in found if mark is not None and mark.kind != "removed"]


def run_folders(root: Path) -> list[Path]:
    """Every folder in a runs folder."""
    return [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []


def queued_run(mark: QueueMark) -> QueuedRun:
    content, note = mark.content(), read_json(RunLayout(mark.run).queue_note)
    needs, processes = content.get("needs_gib"), content.get("num_processes")
    return QueuedRun(
        path=mark.run,
        position=mark.position,
        needs_gib=float(needs) if isinstance(needs, int | float) else None,
        device=str(content.get("device", "auto")),
        num_processes=processes if isinstance(processes, int) else 1,
        queued_at=float(content.get("queued_at") or mark.time),
        why=str(note.get("why", "")) if isinstance(note, dict) else "",
    )


def _position_now() -> int:
    """Microseconds since the epoch: later is further back, and there is room between any two."""
    return time.time_ns() // 1000


def _room_at(others: Sequence[QueuedRun], place: int) -> int:
    """A position that stands at `place` among other runs; those behind step back where there is no room between."""
    if place == 0:
        return max(0, others[0].position - ROOM)
    before = others[place - 1].position
    if place == len(others):
        return before + ROOM
    if others[place].position - before < 2:
        for run in reversed(others[place:]):  # the last first, so that the order holds at every moment
            mark = queue_mark(run.path)
            if mark is not None and mark.kind == "queued":
                mark.renamed("queued", position=mark.position + ROOM)
        return before + ROOM // 2
    return (before + others[place].position) // 2


def _waiting_mark(path: Path) -> QueueMark:
    mark = queue_mark(path)
    if mark is None or mark.kind != "queued":
        raise RunError(
            f"run {path.name} is not in the queue: it is {state_of(path)}", "`phi queue list` shows it"
        )
    return mark


def _overtaken(path: Path) -> RunError:
    return RunError(f"run {path.name} was started or taken out just now", "`phi queue list` shows the queue")


def _root_of(path: Path) -> Path:
    return path.resolve().parent
