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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

KINDS = frozenset(
    {
        *("plan", "step", "evaluation", "sample", "checkpoint", "control", "out_of_memory", "warning"),
        *("finished", "failed"),
    }
)
MANY_LINES = 200
MOST_STEP = 2**62
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True)
class Event:
    """`time` in seconds since the epoch, `step` the number of optimizer steps done."""

    kind: str
    step: int
    time: float
    data: Mapping[str, Any]

    def number(self, name: str) -> float | None:
        """A field as a number (perhaps not finite), None if it is absent, no number or too large for one."""
        value = self.data.get(name)
        if isinstance(value, str):
            return named_number(value)
        try:
            return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        except OverflowError:
            return None


def named_number(text: str) -> float | None:
    """The number that is written as a word, None for other words."""
    return _NOT_FINITE.get(text)


def event_line(kind: str, step: int, data: Mapping[str, Any]) -> str:
    """One line for events.jsonl, with the present time."""
    return (
        json.dumps({"kind": kind, "time": time.time(), "step": step, **_finite(data)}, allow_nan=False) + "\n"
    )


def record_from(line: bytes | str) -> dict[str, Any] | None:
    """The fields of the event in a line, with its `kind`, `step` and `time`; None if the line is no event."""
    try:
        record = json.loads(line)
        kind, step, moment = str(record["kind"]), int(record["step"]), float(record["time"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    if abs(step) > MOST_STEP:
        return None
    record["kind"], record["step"], record["time"] = kind, step, moment
    return record  # type: ignore[no-any-return]


def records_from(lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """The events among these lines. Of many the parser is another, five times as quick, that takes a moment to load."""
    if len(lines) >= MANY_LINES:
        try:
            records = list(map(_quick_parser(), lines))
            if _are_sound(records):
                return records
        except (ValueError, KeyError, TypeError):
            pass  # one of them is no event: each is looked at by itself
    return [record for line in lines if (record := record_from(line))]


@cache
def _quick_parser() -> Callable[[bytes], dict[str, Any]]:
    from pydantic_core import from_json

    return partial(from_json, cache_strings="keys")


def _are_sound(records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether each has what `record_from` would make of it."""
    steps = [record["step"] for record in records]
    return (
        {type(record["kind"]) for record in records} == {str}
        and {type(record["time"]) for record in records} == {float}
        and set(map(type, steps)) == {int}
        and max(steps) <= MOST_STEP
        and min(steps) >= -MOST_STEP
    )


def event_of(record: Mapping[str, Any]) -> Event:
    data = {name: value for name, value in record.items() if name not in ("kind", "step", "time")}
    return Event(record["kind"], record["step"], record["time"], data)


def _finite(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in data.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return _finite(value) if isinstance(value, Mapping) else value
