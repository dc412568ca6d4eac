"""The mark of a run in the queue: one file in its directory, whose name says whether it waits and at which place.

    queued-POSITION.json     it waits; the smallest position is next
    started-POSITION.json    the queue runner has taken it, and it has not ended yet
    removed-POSITION.json    it was taken out before it started

Every change is one rename, and a rename has one winner: who finds the name gone was overtaken. The content, what was
known when the run was queued, never changes.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from phi_core.files import read_json, write_json

MarkKind = Literal["queued", "started", "removed"]
_NAME = re.compile(r"(queued|started|removed)-(\d{17})\.json")


@dataclass(frozen=True)
class QueueMark:
    """`time` is when the mark was made or, for a started run, when it was taken; seconds since the epoch."""

    path: Path
    kind: MarkKind
    position: int
    time: float

    @property
    def run(self) -> Path:
        return self.path.parent

    def content(self) -> dict[str, Any]:
        found = read_json(self.path)
        return found if isinstance(found, dict) else {}

    def renamed(self, kind: MarkKind, *, position: int | None = None) -> "QueueMark | None":
        """The mark under another kind or position, None if it was changed by another process meanwhile."""
        place = self.position if position is None else position
        target = self.path.with_name(_name(kind, place))
        try:
            os.rename(self.path, target)
            if kind == "started":
                os.utime(target)
            return QueueMark(target, kind, place, target.stat().st_mtime)
        except FileNotFoundError:
            return None


def queue_mark(run: Path) -> QueueMark | None:
    """The mark of a run directory, None if it never was in the queue or has ended since."""
    try:
        names = [name for entry in os.scandir(run) if (name := _NAME.fullmatch(entry.name))]
        marks = [_mark(run / name.group(0), name) for name in names]
    except (FileNotFoundError, NotADirectoryError):
        return None
    return min(marks, key=lambda mark: mark.kind != "queued", default=None)


def write_mark(run: Path, *, position: int, content: dict[str, Any]) -> QueueMark:
    """Queue a run: from the moment that the file is there, a runner may take it."""
    for entry in run.glob("removed-*.json"):
        entry.unlink(missing_ok=True)
    path = run / _name("queued", position)
    write_json(path, content)
    return QueueMark(path, "queued", position, path.stat().st_mtime)


def _mark(path: Path, name: re.Match[str]) -> QueueMark:
    kind: Any = name.group(1)
    return QueueMark(path, kind, int(name.group(2)), path.stat().st_mtime)


def _name(kind: MarkKind, position: int) -> str:
    return f"{kind}-{position:017d}.json"
