"""What became of requests to live runs: done, refused, or too late. Remembers what was asked; tells each outcome once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from phi_core.plain_text import one_line
from phi_core.runs.control import RequestKind
from phi_core.runs.events import Event
from phi_core.runs.reader import Run
from phi_tui.run_history import done_words
from phi_tui.run_text import title


@dataclass(frozen=True)
class Request:
    """`time` from before it was sent, in seconds since the epoch; `text` tells that it was."""

    path: Path
    kind: RequestKind
    time: float
    text: str


@dataclass(frozen=True)
class Outcome:
    text: str
    is_done: bool


class Requests:
    """Those that no event has answered yet."""

    def __init__(self) -> None:
        self._waiting: tuple[Request, ...] = ()

    def add(self, request: Request) -> None:
        self._waiting = (*self._waiting, request)

    def settled(self, runs: Sequence[Run]) -> list[Outcome]:
        """What these snapshots say of them; those are waited for no more."""
        if not self._waiting:
            return []
        by_path = {run.path: run for run in runs}
        found = [(request, _outcome(request, by_path.get(request.path))) for request in self._waiting]
        self._waiting = tuple(request for request, outcome in found if outcome is None)
        return [outcome for _, outcome in found if outcome and outcome.text]


def _outcome(request: Request, run: Run | None) -> Outcome | None:
    if run is None:
        return Outcome("", is_done=False)
    answer = next(_answers(request, run), None)
    if answer is not None:
        is_done = answer.kind == "control"
        words = done_words(answer) if is_done else one_line(str(answer.data.get("message", "")))
        return Outcome(f"{title(run)}: {words}", is_done)
    if not _has_ended_since(request, run):
        return None
    return Outcome(f"{title(run)} ended before it took the request: {request.kind}", is_done=False)


def _answers(request: Request, run: Run) -> Iterator[Event]:
    """Events since the request that answer its kind."""
    refusal = f"{request.kind} is refused"
    for event in run.besides_steps():
        is_of_it = event.data.get("request") == request.kind or (
            event.kind == "warning" and str(event.data.get("message", "")).startswith(refusal)
        )
        if event.time >= request.time and event.kind in ("control", "warning") and is_of_it:
            yield event


def _has_ended_since(request: Request, run: Run) -> bool:
    """A run that is extended after its end is not live for a moment, and has not ended since."""
    if run.state == "lost":
        return True
    return not run.is_live and any(
        event.kind in ("finished", "failed") and event.time >= request.time for event in run.besides_steps()
    )
