"""What happened in a run, one line each: plan, validations, checkpoints, what was asked, how it ended. Steps have
curves, and answers to probe prompts a pane of their own.

Text from the run is returned on one line; widgets pass it through the plain-text gate. Knows no widget.
"""

import time
from collections.abc import Mapping
from typing import Any

from phi_core.plain_text import one_line
from phi_core.runs.events import Event
from phi_core.runs.reader import Run
from phi_tui.run_text import number

MOST = 500
"""Lines of a pane: what came before them is counted."""


def milestones(run: Run) -> list[str]:
    """One line for each thing that happened; clock times are local."""
    return [
        f"{time.strftime('%H:%M:%S', time.localtime(event.time))}  step {event.step}  {one_line(words)}"
        for event in run.besides_steps()
        for words in _happened(event)
    ]


def newest_milestones(run: Run, most: int = MOST) -> list[str]:
    """The last of them, after a line that counts the others."""
    told = milestones(run)
    if len(told) <= most:
        return told
    return [f"{len(told) - most:,} earlier ones are left out; events.jsonl has them", *told[-most:]]


def done_words(event: Event) -> str:
    """What a control event says that was done."""
    match event.data.get("request"):
        case "set_learning_rate":
            return f"peak learning rate {number(event.number('value'))} from step {event.step + 1} on"
        case "extend":
            return f"{number(event.number('steps'), ',.0f')} more steps"
        case "evaluate":
            return f"evaluated after step {event.step}"
        case "checkpoint":
            return f"checkpoint after step {event.step}"
        case "pause" | "stop" as request:
            return f"{request} after step {event.step}"
    return str(event.data.get("request", ""))


def _happened(event: Event) -> list[str]:
    data = event.data
    match event.kind:
        case "plan":
            return [_plan(event), *_decisions(data)]
        case "evaluation":
            return [f"validation loss {number(event.number('validation_loss'))}"]
        case "checkpoint":
            return [f"checkpoint written: {data.get('reason', '')}"]
        case "control":
            return [f"as asked: {done_words(event)}"]
        case "out_of_memory":
            return [_out_of_memory(event)]
        case "warning":
            return [f"note: {data.get('message', '')}"]
        case "failed":
            return [f"failed: {data.get('error', '')}"]
        case "finished":
            reason = f": {data['reason']}" if data.get("reason") else ""
            return [f"ended: {data.get('state', '')}{reason}"]
    return []


def _plan(event: Event) -> str:
    start, total = event.number("from_step"), number(event.number("total_steps"), ",.0f")
    return f"goes on after step {start:.0f}, to step {total}" if start else f"planned {total} steps"


def _decisions(data: Mapping[str, Any]) -> list[str]:
    decisions = data.get("decisions")
    told = decisions.items() if isinstance(decisions, dict) else ()
    return [f"{name}: {decision}" for name, decision in told]


def _out_of_memory(event: Event) -> str:
    if event.data.get("checkpointing_switched_on") is True:
        given_up = "activations are recomputed from here on"
    else:
        sizes = (number(event.number(f"micro_batch_{when}")) for when in ("before", "after"))
        given_up = f"micro-batch {' → '.join(sizes)}"
    return f"out of memory: {given_up} ({event.data.get('message', '')})"
