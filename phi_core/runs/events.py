"""Events of a run: one JSON object a line. Unknown kinds and fields are for newer readers and pass unharmed.

    plan           from_step, total_steps, trainable_parameters, decisions …         once a start, resumed and extended too
    step           loss, learning_rate, grad_norm, trained_tokens, tokens_per_second, step_seconds, peak_memory_gib, epoch,
                   effective_batch_size, micro_batch_size, lora_dropout, weight_decay, of several sources tokens_by_source
    evaluation     validation_loss, perplexity, of several sources validation_loss_by_source
    sample         prompt, answer, tokens, seconds                     a probe prompt's answer; step 0: before training
    checkpoint     path, reason
    control        request, its id, and its value (set_learning_rate) or steps (extend): holds after `step`
    out_of_memory  micro_batch_before, micro_batch_after, checkpointing_switched_on, message
    warning        message
    finished       state, adapter_step, reason ("" if the plan was carried out)
    failed         error, remedy

Numbers that are not finite are written as the strings "nan", "inf", "-inf", since JSON has no words for them.
"""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = frozenset(
    {
        *("plan", "step", "evaluation", "sample", "checkpoint", "control", "out_of_memory", "warning"),
        *("finished", "failed"),
    }
)
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True)
class Event:
    """`time` in seconds since the epoch, `step` the number of optimizer steps done."""

    kind: str
    step: int
    time: float
    data: Mapping[str, Any]

    def number(self, name: str) -> float | None:
        """A field as a number (perhaps not finite), None if it is absent or no number."""
        value = self.data.get(name)
        if isinstance(value, str):
            return _NOT_FINITE.get(value)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def event_line(kind: str, step: int, data: Mapping[str, Any]) -> str:
    """One line for events.jsonl, with the present time."""
    return (
        json.dumps({"kind": kind, "time": time.time(), "step": step, **_finite(data)}, allow_nan=False) + "\n"
    )


def event_from(line: bytes | str) -> Event | None:
    """The event in a line; None if the line is no event."""
    try:
        record = json.loads(line)
        kind, step, moment = record.pop("kind"), int(record.pop("step")), float(record.pop("time"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return Event(str(kind), step, moment, record)


def _finite(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in data.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return _finite(value) if isinstance(value, Mapping) else value
