"""Requests to a live run: front ends create files in control/, the worker takes them between steps.

stop               end after this step with a resumable checkpoint
pause              the same, and the state is `paused`: `continue` starts a worker again
checkpoint         write a checkpoint after this step
evaluate           measure the validation loss after this step
set_learning_rate  from the next step on the curve has another peak: `value`
extend             go on for so many more steps: `steps`
"""

import json
import math
import os
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from phi_core.errors import RunError
from phi_core.files import read_json
from phi_core.runs.layout import RunLayout

RequestKind = Literal["stop", "pause", "checkpoint", "evaluate", "set_learning_rate", "extend"]
KINDS: tuple[str, ...] = get_args(RequestKind)
MOST_STEPS = 10_000_000
"""What one request may extend a run by."""


@dataclass(frozen=True)
class Request:
    """`values` holds `value` (set_learning_rate) or `steps` (extend), and nothing for the other kinds. `id` is its own
    and of no other request.
    """

    kind: str
    time: float
    values: Mapping[str, float] = field(default_factory=dict)
    id: str = ""


def send_request(layout: RunLayout, kind: RequestKind, **values: float) -> None:
    """Create one request. It is seen whole or not at all. RunError if a value is missing or out of bounds."""
    fault = request_fault(kind, values)
    if fault:
        raise RunError(f"{kind}: {fault}")
    layout.control.mkdir(exist_ok=True)
    name = f"{time.time_ns():020d}-{kind}-{uuid.uuid4().hex[:6]}"
    beside = layout.control / f".{name}"
    beside.write_text(json.dumps({"kind": kind, "time": time.time(), **values}))
    os.replace(beside, layout.control / f"{name}.json")


def take_requests(layout: RunLayout, *, kinds: Collection[str] = KINDS) -> list[Request]:
    """The requests of these kinds since the last call, oldest first; each is handed out once. What is no request is
    discarded.
    """
    taken = pending_requests(layout, kinds=kinds)
    for request in taken:
        remove_request(layout, request)
    return taken


def pending_requests(layout: RunLayout, *, kinds: Collection[str] = KINDS) -> list[Request]:
    """The requests of these kinds that wait, oldest first. What is no request is discarded."""
    found = []
    for path in sorted(layout.control.glob("*.json")):
        request = _request(read_json(path), path.stem)
        if request is None:
            path.unlink(missing_ok=True)
        elif request.kind in kinds:
            found.append(request)
    return found


def remove_request(layout: RunLayout, request: Request) -> None:
    """It has been seen to, and what came of it is recorded."""
    (layout.control / f"{request.id}.json").unlink(missing_ok=True)


def discard_requests(layout: RunLayout) -> None:
    """Forget what was asked of an earlier worker. An extension stays: it is asked of the run, whoever carries it out."""
    take_requests(layout, kinds=[kind for kind in KINDS if kind != "extend"])


def request_fault(kind: str, values: Mapping[str, Any]) -> str:
    """What is wrong with the values of a request, "" if nothing is."""
    wanted = {"set_learning_rate": {"value"}, "extend": {"steps"}}.get(kind, set())
    if set(values) != wanted:
        return f"takes {', '.join(wanted) or 'no value'}, got {', '.join(values) or 'none'}"
    for name, value in values.items():
        if not _is_number(value):
            return f"{name} must be a finite number, got {value!r}"
        if value <= 0:
            return f"{name} must be above 0, got {value:g}"
    steps = values.get("steps", 1)
    if steps != int(steps) or steps > MOST_STEPS:
        return f"steps must be a whole number up to {MOST_STEPS:,}, got {steps:g}"
    return ""


def _request(record: Any, own_id: str) -> Request | None:
    """The request in a file's content; None if it is none."""
    if not isinstance(record, dict) or record.get("kind") not in KINDS:
        return None
    kind, moment = str(record["kind"]), record.get("time", 0.0)
    values = {name: value for name, value in record.items() if name not in ("kind", "time")}
    if request_fault(kind, values):
        return None
    return Request(kind, float(moment) if _is_number(moment) else 0.0, values, own_id)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
