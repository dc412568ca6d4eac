"""A run in words and numbers: its state, place, progress and figures. Pure text from a snapshot.

Text from the run is returned as it is; widgets pass it through the plain-text gate. Knows no widget.
"""

import math
from dataclasses import dataclass

from phi_core.plain_text import one_line
from phi_core.runs.reader import Run

SILENT_SECONDS = 600.0
STEPS_WIDTH = 9
SHORT = 7


@dataclass(frozen=True)
class StateLook:
    symbol: str
    colour: str


LOOKS = {
    "created": StateLook("○", "cyan"),
    "queued": StateLook("…", "cyan"),
    "running": StateLook("●", "green"),
    "paused": StateLook("‖", "yellow"),
    "finished": StateLook("✓", "bright_blue"),
    "stopped": StateLook("■", "yellow"),
    "failed": StateLook("✗", "red"),
    "lost": StateLook("?", "red"),
}


def title(run: Run) -> str:
    """The name that people gave the run, else its id."""
    return one_line(str(run.labels.get("name") or run.id))


def state(run: Run, now: float) -> str:
    """The state in a word: a live run that has not written for ten minutes is silent."""
    look = LOOKS[run.state]
    return f"{look.symbol} {'silent' if silent_seconds(run, now) else run.state}"


def silent_seconds(run: Run, now: float) -> float:
    """For how long a live run has written nothing, 0 if not remarkably long."""
    quiet = now - run.heartbeat if run.state == "running" and run.heartbeat else 0.0
    return quiet if quiet > SILENT_SECONDS else 0.0


def steps(run: Run) -> str:
    """Steps done of all; a share where the numbers are long."""
    done, total = run.step or _last_step(run), run.total_steps
    if not total:
        return str(done)
    text = f"{done}/{total}"
    return text if len(text) <= STEPS_WIDTH else f"{done / total:.1%}"


def _last_step(run: Run) -> int:
    """A worker that resumes has not said yet where it is."""
    event = run.last("step")
    return event.step if event else 0


def figure(run: Run, kind: str, name: str, form: str = ".4g") -> str:
    """The newest value of a number in words, – if there is none."""
    event = run.last(kind)
    return number(event.number(name) if event else None, form)


def number(value: float | None, form: str = ".4g") -> str:
    if value is None:
        return "–"
    return format(value, form) if math.isfinite(value) else str(value)


def short(run: Run, kind: str, name: str) -> str:
    """Like `figure`, in at most seven characters."""
    fitting = (text for form in (".4g", ".3g", ".1e") if len(text := figure(run, kind, name, form)) <= SHORT)
    return next(fitting, figure(run, kind, name, ".0e"))


def ordinal(place: int | None) -> str:
    """A place in the queue: next, 2nd, 3rd …; nothing for what has none."""
    if place is None:
        return ""
    number = place + 1
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return "next" if place == 0 else f"{number}{ending}"


def duration(seconds: float | None) -> str:
    """45s, 12m, 3h20m, 31h, 5d: at most five characters."""
    if seconds is None:
        return "–"
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if minutes < 1:
        return f"{max(0, int(seconds))}s"
    if hours < 1:
        return f"{minutes}m"
    if hours < 10:
        return f"{hours}h{minutes % 60:02}m"
    return f"{hours}h" if hours < 48 else f"{hours // 24}d"


def strip(run: Run) -> list[tuple[str, str]]:
    """The figures of the newest step, each from an event."""
    return [
        ("loss", figure(run, "step", "loss")),
        ("val", figure(run, "evaluation", "validation_loss")),
        ("lr", figure(run, "step", "learning_rate", ".3g")),
        ("tok/s", figure(run, "step", "tokens_per_second", ",.0f")),
        ("peak GiB", figure(run, "step", "peak_memory_gib", ".2f")),
        ("left", duration(run.seconds_left)),
    ]
