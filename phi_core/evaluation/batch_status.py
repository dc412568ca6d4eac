"""How far a batch is: status.json of its folder, and what can be told from it.

The worker writes it beside and renames; readers derive `lost` where a process should be and is not. Time left follows
from the pace of this start alone: answers that were there before took it no time.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from phi_core.runs.identity import identity_from

BatchState = Literal["created", "running", "finished", "stopped", "failed", "lost"]
ENDED: tuple[BatchState, ...] = ("finished", "stopped", "failed")
START_SECONDS = 60.0
"""A batch whose worker has said nothing for so long never started."""
SILENT_SECONDS = 120.0
"""A batch on another host whose worker has not written its status for so long is lost: it does so every few seconds."""


@dataclass(frozen=True)
class BatchStatus:
    """`done` of `total` answers are there, `failed` of them with an error; `answered_before` of them from an earlier start.

    `activity` is what the worker does in words. `started`, `asking_since` and `heartbeat` in seconds since the epoch;
    `asking_since` is when the first question of this start went out. `error_kind` names the class of the error.
    """

    state: BatchState = "created"
    done: int = 0
    total: int = 0
    failed: int = 0
    answered_before: int = 0
    activity: str = ""
    started: float | None = None
    asking_since: float | None = None
    heartbeat: float | None = None
    tokens_per_second: float | None = None
    error: str | None = None
    error_kind: str = ""
    remedy: str = ""

    @property
    def is_live(self) -> bool:
        return self.state in ("created", "running")

    @property
    def seconds_left(self) -> float | None:
        """At the pace of this start; None before its first answer, and once it has ended."""
        new = self.done - self.answered_before
        if not self.is_live or self.asking_since is None or self.heartbeat is None or new < 1:
            return None
        return (self.heartbeat - self.asking_since) / new * (self.total - self.done)


def status_from(record: Any, *, created: float) -> BatchStatus:
    """The status in the content of status.json, `lost` where no such process lives; None is what a worker has not said
    yet about a batch of that time."""
    if not isinstance(record, Mapping):
        return BatchStatus("created" if time.time() - created < START_SECONDS else "lost")
    names = {item.name for item in fields(BatchStatus)}
    values = {name: value for name, value in record.items() if name in names}
    return BatchStatus(**{**values, "state": _state(record)})


def has_worker(record: Any) -> bool:
    """Whether the process that wrote this status lives: on this machine it is looked up, else it has spoken lately."""
    identity = identity_from(record) if isinstance(record, Mapping) else None
    if identity is None:
        return False
    if identity.is_elsewhere:
        spoken = record.get("heartbeat")
        return isinstance(spoken, int | float) and time.time() - spoken < SILENT_SECONDS
    return identity.is_alive


def _state(record: Mapping[str, Any]) -> BatchState:
    written = record.get("state")
    if written == "running":
        return "running" if has_worker(record) else "lost"
    return next((state for state in ENDED if state == written), "lost")
