"""RunReader: what a run directory says now, read little by little and handed out as frozen snapshots.

The reader remembers its place in events.jsonl and reads what is new; a torn last line is "not yet". After a resume
steps come again: the newer event of a step replaces the older, and steps beyond the point of resumption are dropped.
Writes nothing.
"""

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Literal

import yaml

from phi_core.errors import RunError
from phi_core.files import read_json
from phi_core.runs.events import Event, records_from
from phi_core.runs.identity import identity_from
from phi_core.runs.journal import Events, Journal
from phi_core.runs.layout import FORMAT, RunLayout
from phi_core.runs.queue_mark import queue_mark
from phi_core.runs.series import Series

State = Literal["created", "queued", "running", "paused", "finished", "stopped", "failed", "lost"]
ENDED: tuple[State, ...] = ("paused", "finished", "stopped", "failed")
START_SECONDS = 30.0
"""A run that has had no process for so long after its creation never started."""
RACY_SECONDS = 2.0
"""A file that was changed so lately may change again without a later time."""
BLOCK_BYTES = 2**18
"""Of the journal, read and taken in at once."""
SILENT_SECONDS = 120.0
"""A run on another host whose worker has not touched its lock for so long is lost: it does so every few seconds."""


@dataclass(frozen=True)
class Run:
    """A snapshot. `events` are in order, superseded steps left out; `labels` has name, tags and note."""

    path: Path
    state: State
    activity: str
    step: int
    total_steps: int | None
    heartbeat: float | None
    about: Mapping[str, Any]
    config: Mapping[str, Any]
    labels: Mapping[str, Any]
    events: Events = field(default_factory=Events)

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def created(self) -> float:
        """Seconds since the epoch."""
        return float(self.about.get("created", 0.0))

    @property
    def is_live(self) -> bool:
        return self.state in ("created", "running")

    @property
    def layout(self) -> RunLayout:
        return RunLayout(self.path)

    @property
    def adapter(self) -> Path | None:
        """The folder of the run's adapter: the final one of a run that has ended well, else the newest checkpoint's.

        A run that was resumed and then failed or was killed still has the final adapter of its earlier end.
        """
        if self.state in ("finished", "stopped", "paused") and self.layout.final_adapter.is_dir():
            return self.layout.final_adapter
        steps = self.layout.checkpoint_steps()
        return self.layout.adapter_of(self.layout.checkpoint(steps[-1])) if steps else None

    @property
    def name(self) -> str:
        """The label's name if the run has one, else its id."""
        return str(self.labels.get("name") or self.id)

    def of_kind(self, kind: str) -> tuple[Event, ...]:
        return self.events.of_kind(kind)

    def besides_steps(self) -> tuple[Event, ...]:
        """All events but steps, in order."""
        return self.events.besides_steps()

    def last(self, kind: str) -> Event | None:
        return self.events.last(kind)

    def series(self, kind: str, name: str) -> Series:
        """(step, value) of every event of this kind that has the number, not finite ones included."""
        return self.events.series(kind, name)

    def times(self, kind: str) -> Series:
        """(step, seconds since the epoch) of every event of this kind."""
        return self.events.times(kind)

    @property
    def seconds_left(self) -> float | None:
        """Remaining steps times the mean time of the last 20; None while nothing is known or the run has ended."""
        recent = [value for _, value in self.series("step", "step_seconds")[-20:]]
        if not recent or self.total_steps is None or not self.is_live:
            return None
        return (self.total_steps - self.step) * sum(recent) / len(recent)


class RunReader:
    """Reads one run directory. RunError if it holds no run, or one of a newer format."""

    def __init__(self, path: Path) -> None:
        self.layout = RunLayout(path)
        self._journal, self._offset, self._inode = Journal(), 0, 0
        self._about = _about(self.layout)
        self._config = _config(self.layout)
        self._settled: tuple[object, Run] | None = None

    def read(self) -> Run:
        """The run as it is now: of one that has ended the same as before, as long as no file of it has changed."""
        files = _times_of_files(self.layout)
        if self._settled is None or self._settled[0] != files:
            run = self._read()
            is_settled = not run.is_live and run.state != "queued" and max(files) < time.time() - RACY_SECONDS
            self._settled = (files, run) if is_settled else None
            return run
        return self._settled[1]

    def _read(self) -> Run:
        self._read_new_events()
        status = _object(self.layout.status)
        state = _state(self.layout, status, created=float(self._about.get("created", 0.0)))
        return Run(
            path=self.layout.root,
            state=state,
            activity=_waiting(self.layout) if state == "queued" else str(status.get("activity", "")),
            step=max(_whole(status.get("step")) or 0, self._last_step()),
            total_steps=_whole(status.get("total_steps")),
            heartbeat=status.get("heartbeat"),
            about=self._about,
            config=self._config,
            labels=MappingProxyType(_object(self.layout.labels)),
            events=self._journal.events,
        )

    def _last_step(self) -> int:
        """The status is written every few seconds only; the events know."""
        newest = self._journal.events.last("step")
        return newest.step if newest else 0

    def _read_new_events(self) -> None:
        try:
            with self.layout.events.open("rb") as file:
                self._start_over_if_replaced(os.fstat(file.fileno()))
                file.seek(self._offset)
                for lines in _whole_lines(file):
                    self._offset += sum(map(len, lines)) + len(lines)
                    self._journal.take(records_from(lines))
        except FileNotFoundError:
            return

    def _start_over_if_replaced(self, stat: os.stat_result) -> None:
        if stat.st_ino != self._inode or stat.st_size < self._offset:
            self._journal, self._offset, self._inode = Journal(), 0, stat.st_ino


def _whole_lines(file: BinaryIO) -> Iterator[list[bytes]]:
    """The lines that are written whole, so many at a time that they take little memory."""
    torn = b""
    while block := file.read(BLOCK_BYTES):
        *lines, torn = (torn + block).split(b"\n")
        if lines:
            yield lines


def read_run(path: Path) -> Run:
    """One snapshot of a run directory."""
    return RunReader(path).read()


def state_of(path: Path) -> State:
    """The state of a run directory, without reading its events."""
    layout = RunLayout(path)
    created = _object(layout.run_json).get("created")
    return _state(
        layout, _object(layout.status), created=float(created) if isinstance(created, int | float) else 0.0
    )


def _state(layout: RunLayout, status: Mapping[str, Any], *, created: float) -> State:
    """The state as written, `lost` where a process should be and is not, `queued` where it waits for its turn."""
    state = status.get("state")
    if state in ("created", "running") and _is_alive(layout, status):
        return "created" if state == "created" else "running"
    mark, written = queue_mark(layout.root), _modified(layout.status)
    if (mark and mark.kind == "queued") or _is_submitted(layout, written):
        return "queued"
    if not status and ((mark and mark.kind == "removed") or _object(layout.launch).get("cancelled")):
        return "stopped"
    begun = mark.time if mark and mark.kind == "started" else created
    is_silent = not status or (mark is not None and mark.time > written)
    if is_silent and time.time() - begun < START_SECONDS:
        return "created"
    return _ended(status)


def _ended(status: Mapping[str, Any]) -> State:
    return next((state for state in ENDED if state == status.get("state")), "lost")


def _is_alive(layout: RunLayout, status: Mapping[str, Any]) -> bool:
    """Whether the worker lives: its process where it is on this host, else how lately it touched its lock."""
    identity = identity_from(status)
    if identity is None:
        return False
    if not identity.is_elsewhere:
        return identity.is_alive
    beat = status.get("heartbeat")
    last = max(_modified(layout.lock), beat if isinstance(beat, int | float) else 0.0)
    return time.time() - last < SILENT_SECONDS


def _is_submitted(layout: RunLayout, status_written: float) -> bool:
    """Whether Slurm has the run and no worker of it has spoken yet."""
    launch = _object(layout.launch)
    is_there = launch.get("launcher") == "slurm" and not launch.get("cancelled")
    return is_there and _modified(layout.launch) > status_written


def _waiting(layout: RunLayout) -> str:
    """What a queued run waits for."""
    if queue_mark(layout.root) is None:
        return f"Slurm job {_object(layout.launch).get('job_id')} waits for its turn"
    return str(_object(layout.queue_note).get("why") or "waits in the queue")


def _times_of_files(layout: RunLayout) -> tuple[float, ...]:
    """When what a snapshot is made of was changed last. The folder's own time tells of files that came or went."""
    made_of = (layout.root, layout.events, layout.status, layout.labels, layout.launch, layout.lock)
    return tuple(map(_modified, made_of))


def _modified(path: Path) -> float:
    """Seconds since the epoch, 0 where there is no such file."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _about(layout: RunLayout) -> Mapping[str, Any]:
    about = _object(layout.run_json)
    version, created = _whole(about.get("format", 0)), about.get("created", 0.0)
    if not about or version is None or not isinstance(created, int | float):
        raise RunError(
            f"{layout.root} holds no run: run.json is missing or broken", "`phi runs list` names the runs"
        )
    if version > FORMAT:
        raise RunError(f"run {layout.root.name} has format {version}, newer than {FORMAT}", "Update phi")
    return MappingProxyType(about)


def _object(path: Path) -> dict[str, Any]:
    """A JSON object, {} where there is none."""
    content = read_json(path)
    return content if isinstance(content, dict) else {}


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _config(layout: RunLayout) -> Mapping[str, Any]:
    try:
        values = yaml.load(layout.config.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, yaml.YAMLError):
        values = None
    return MappingProxyType(values if isinstance(values, dict) else {})
