"""What is the matter with a run, why it ended or waits, and the key that goes on from there. Pure text from a snapshot.

Text from the run is returned as it is; widgets pass it through the plain-text gate. Knows no widget.
"""

import time

from phi_core.plain_text import one_line
from phi_core.runs.reader import Run
from phi_tui.guide_places import run_chapter
from phi_tui.run_text import duration, number, silent_seconds

QUEUE_KEYS = "K and J move it, r starts it now, u takes it out."


def notice(run: Run, now: float | None = None, place: int | None = None) -> tuple[str, str]:
    """The sentences with a style. `place` in the queue, 0 for the next one to start."""
    quiet = silent_seconds(run, now if now is not None else time.time())
    if quiet:
        words = (
            f"Alive, but it has written nothing for {duration(quiet)}. l shows its log, S ends it at once."
        )
        return words, "$text-warning"
    texts = {
        "created": ("Starting: the worker loads its libraries and the model.", "$text-muted"),
        "queued": (_queued(run, place), "$text-muted"),
        "running": (_activity(run), "$text-muted"),
        "paused": (f"Paused at step {run.step}{_because(run)} c continues.", "$text-warning"),
        "stopped": (_stopped(run), "$text-warning"),
        "finished": (_finished(run), "$text-success"),
        "lost": (f"Its process is gone without a word (killed, or the machine went down). {_resuming(run)} {_guide(run)}", "$text-error"),
        "failed": (f"{_failure(run)} {_resuming(run)}", "$text-error"),
    }  # fmt: skip
    words, style = texts[run.state]
    memory = memory_words(run)
    return (f"{words} {memory}" if memory else words), style


def memory_words(run: Run) -> str:
    """What was given up because memory ran out, "" if it never did."""
    events = run.of_kind("out_of_memory")
    if not events:
        return ""
    first, last = events[0], events[-1]
    times = "Memory ran out" if len(events) == 1 else f"Memory ran out {len(events)} times, last"
    given_up = []
    before, after = first.number("micro_batch_before"), last.number("micro_batch_after")
    if before != after:
        given_up.append(f"micro-batch {number(before)} → {number(after)}")
    if any(event.data.get("checkpointing_switched_on") is True for event in events):
        given_up.append("activations are recomputed")
    return f"{times} at step {last.step}: {', '.join(given_up)}; steps and data stay as planned."


def _queued(run: Run, place: int | None) -> str:
    why = one_line(run.activity)
    if place is None:
        return f"Queued: {why}."
    return f"Queued, {'next to start' if place == 0 else f'{place} before it'}: {why}. {QUEUE_KEYS}"


def _activity(run: Run) -> str:
    warning = run.last("warning")
    told = (
        f" · note at step {warning.step}: {one_line(str(warning.data.get('message', '')))}" if warning else ""
    )
    return f"{run.activity or 'running'}{told}"


def _finished(run: Run) -> str:
    event = run.last("finished")
    step = event.number("adapter_step") if event else None
    chosen = f" The adapter is that of step {step:.0f}." if step is not None and step != run.step else ""
    return f"Finished{_because(run)}{chosen} t talks to the adapter, o compares it with its base."


def _stopped(run: Run) -> str:
    if not run.events:
        return "Not started. r starts it, u puts it into the queue."
    return f"Stopped at step {run.step}{_because(run)} {_resuming(run)}"


def _because(run: Run) -> str:
    """The end of a sentence: why the run ended, if neither the plan nor a request ended it."""
    event = run.last("finished")
    reason = one_line(str(event.data.get("reason") or "")) if event else ""
    return f": {reason.rstrip('.')}." if reason else "."


def _failure(run: Run) -> str:
    event = run.last("failed")
    if event is None:
        return "Failed without a reason; l shows its log."
    error, remedy = (str(event.data.get(name) or "").strip() for name in ("error", "remedy"))
    parts = (error, _guide(run), remedy)
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts if part)


def _guide(run: Run) -> str:
    """Where to read on, if the guide has a chapter on this end."""
    return "F1, then g: the guide on it." if run_chapter(run) else ""


def _resuming(run: Run) -> str:
    saved = run.layout.checkpoint_steps()
    return f"r resumes after step {saved[-1]}." if saved else "r starts it again from the beginning."
