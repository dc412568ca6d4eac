"""Requests to a live run: front ends create files in control/, the worker takes them between steps.

stop        end after this step with a resumable checkpoint
pause       the same, and the state is `paused`: `continue` starts a worker again
checkpoint  write a checkpoint after this step
evaluate    measure the validation loss after this step
"""

import json
import os
import time
import uuid
from dataclasses import dataclass
from typing import Literal, get_args

from phi_core.files import read_json
from phi_core.runs.layout import RunLayout

RequestKind = Literal["stop", "pause", "checkpoint", "evaluate"]
KINDS: tuple[str, ...] = get_args(RequestKind)


@dataclass(frozen=True)
class Request:
    kind: str
    time: float


def send_request(layout: RunLayout, kind: RequestKind) -> None:
    """Create one request. It is seen whole or not at all."""
    layout.control.mkdir(exist_ok=True)
    name = f"{time.time_ns():020d}-{kind}-{uuid.uuid4().hex[:6]}"
    beside = layout.control / f".{name}"
    beside.write_text(json.dumps({"kind": kind, "time": time.time()}))
    os.replace(beside, layout.control / f"{name}.json")


def take_requests(layout: RunLayout) -> list[Request]:
    """The requests since the last call, oldest first; each is handed out once. What is no request is discarded."""
    taken = []
    for path in sorted(layout.control.glob("*.json")):
        record = read_json(path)
        path.unlink(missing_ok=True)
        if isinstance(record, dict) and record.get("kind") in KINDS:
            taken.append(Request(str(record["kind"]), float(record.get("time", 0.0))))
    return taken
