"""RunWriter: the worker's end of a run directory. One writer a file: launcher, worker and front ends never share one.

Of several processes that share a run's steps only one has a RunWriter; the others have one that writes nothing.
"""

import os
import time
from pathlib import Path
from typing import Any, Protocol

from phi_core.files import read_json, write_json
from phi_core.runs.events import event_line
from phi_core.runs.identity import identity_of
from phi_core.runs.layout import RunLayout

HEARTBEAT_SECONDS = 2.0


class Writer(Protocol):
    """What training needs to tell how a run goes."""

    layout: RunLayout

    def event(self, kind: str, step: int, **data: Any) -> None: ...

    def status(self, **changes: Any) -> None: ...

    def beat(self, **changes: Any) -> None: ...

    def current(self, name: str) -> Any: ...


class RunWriter:
    """Appends events and keeps status.json. Holds the state that the status repeats; not thread-safe."""

    def __init__(self, root: Path) -> None:
        self.layout = RunLayout(root)
        self._identity = identity_of(os.getpid()).as_json()
        before = read_json(self.layout.status) or {}
        self._status: dict[str, Any] = {
            "state": "created",
            "activity": "starting",
            "step": before.get("step", 0),
            "total_steps": before.get("total_steps"),
        }
        self._written = 0.0
        _end_torn_line(self.layout.events)
        self._events = self.layout.events.open("a", encoding="utf-8")
        self.status()

    def event(self, kind: str, step: int, **data: Any) -> None:
        """Append one event; it is in the file when this returns."""
        self._events.write(event_line(kind, step, data))
        self._events.flush()

    def status(self, **changes: Any) -> None:
        """Change state, activity, step or total_steps, and write the file."""
        self._status.update(changes)
        self._written = time.time()
        write_json(self.layout.status, {**self._status, **self._identity, "heartbeat": self._written})

    def beat(self, **changes: Any) -> None:
        """Like `status`, but at most every HEARTBEAT_SECONDS: for calls inside a loop."""
        self._status.update(changes)
        if time.time() - self._written >= HEARTBEAT_SECONDS:
            self.status()

    def current(self, name: str) -> Any:
        """What the status says of state, activity, step or total_steps."""
        return self._status[name]

    def close(self) -> None:
        self._events.close()


def _end_torn_line(path: Path) -> None:
    """A writer that was killed may have left half a line: end it, so that the next event starts its own."""
    if path.exists() and path.stat().st_size:
        with path.open("rb+") as file:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
