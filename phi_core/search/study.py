"""A study: a folder, and the loop that tries settings until they, the trials asked for, or the time are used up.

    study.json    what must stay as it is: space, method, seed, configuration, data; written once
    trials.jsonl  every trial, see `trials.py`
    runs/         the runs of the trials, ordinary runs

Trial 0 is the unchanged configuration. After the search the settings with the lowest losses, and trial 0, are run again
with other seeds, seed by seed so that what there is can always be compared. What the trials do is not known here:
`evaluate` carries one out.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from filelock import FileLock, Timeout

from phi_core.errors import RunError, TrainingFailed
from phi_core.files import read_json, write_json
from phi_core.search.proposals import Method, propose
from phi_core.search.space import Space
from phi_core.search.trials import UNCHANGED, Outcome, Trial, TrialLog
from phi_core.search.verdict import Verdict, judge

FORMAT = 1
FIXED = ("space", "method", "configuration", "data")
Ending = Literal["done", "time", "interrupted"]
Evaluate = Callable[[Trial], Outcome]


@dataclass(frozen=True)
class Request:
    """What is searched, and how far. `unchanged` are the configuration's own values of the searched options.

    `trials` do not count trial 0; None is all of a grid. `repeats` are other seeds, 0 for none; `finalists` so many
    settings are run again. `max_minutes` and `retry_failed` are for one call: failed trials are gone on with.
    """

    space: Space
    method: Method
    seed: int
    unchanged: Mapping[str, Any]
    trials: int | None = 20
    repeats: int = 3
    finalists: int = 3
    max_minutes: float | None = None
    retry_failed: bool = False


@dataclass(frozen=True)
class Result:
    """Where a study stands. `ending` tells why this call came back.

    There is a verdict once all repeats are done; with ending `time` the search before them was cut short.
    """

    trials: tuple[Trial, ...]
    seed: int
    verdict: Verdict | None
    ending: Ending

    @property
    def searched(self) -> tuple[Trial, ...]:
        """The trials of the search itself; the others are repeats."""
        return tuple(trial for trial in self.trials if trial.seed == self.seed)

    @property
    def repeated(self) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.trials if trial.seed != self.seed)

    def find(self, number: int) -> Trial:
        return next(trial for trial in self.searched if trial.number == number)


@contextmanager
def open_study(folder: Path, request: Request, facts: Mapping[str, Any]) -> Iterator[TrialLog]:
    """The trials of a new study, or of the one in the folder. RunError if that is another one, or in use.

    `facts` are the configuration and the fingerprint of its data.
    """
    about = {
        "space": {dimension.name: dimension.text for dimension in request.space},
        "method": request.method,
        "seed": request.seed,
        **facts,
    }
    lock = _locked(folder)
    try:
        _begin(folder, about)
        yield TrialLog(folder / "trials.jsonl")
    finally:
        lock.release()


def search(
    log: TrialLog,
    request: Request,
    evaluate: Evaluate,
    *,
    on_begin: Callable[[Trial], None] = lambda trial: None,
    on_end: Callable[[Trial], None] = lambda trial: None,
    is_interrupted: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> Result:
    """Try settings, repeat the best, and judge. TrainingFailed if the unchanged configuration cannot be trained."""
    loop = _Loop(log, request, evaluate, on_begin, on_end, is_interrupted, clock)
    ending, is_complete = loop.run()
    repeats = [trial for trial in log.trials if trial.seed != request.seed]
    is_judged = is_complete and (bool(repeats) or ending == "done")
    return Result(log.trials, request.seed, judge(repeats) if is_judged else None, ending)


class _Loop:
    """One call of `search`. Holds when it began."""

    def __init__(
        self,
        log: TrialLog,
        request: Request,
        evaluate: Evaluate,
        on_begin: Callable[[Trial], None],
        on_end: Callable[[Trial], None],
        is_interrupted: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._log, self._request, self._evaluate = log, request, evaluate
        self._on_begin, self._on_end = on_begin, on_end
        self._is_interrupted, self._clock = is_interrupted, clock
        self._began = clock()
        self._is_cut_short = False

    def run(self) -> tuple[Ending, bool]:
        """Why it ended, and whether all repeats are done."""
        for trials in (self._searching(), self._repeating()):
            for trial in trials:
                if self._is_interrupted():
                    return "interrupted", False
                if self._is_late():
                    return "time", False
                if self._carried_out(trial).is_open:
                    return "interrupted", False
        return "time" if self._is_cut_short else "done", True

    def _searching(self) -> Iterator[Trial]:
        """Trial 0, then proposals; each is made when the one before has ended."""
        request = self._request
        unchanged = self._log.find(UNCHANGED, request.seed)
        if unchanged is None or unchanged.state != "finished":
            yield unchanged or self._new(UNCHANGED, request.unchanged, request.seed)
        yield from (trial for trial in self._searched() if self._is_due(trial))
        while request.trials is None or len(self._searched()) <= request.trials:
            tried = self._searched()
            values = propose(request.method, request.space, tried, seed=request.seed)
            self._is_cut_short = values is not None and self._repeats_would_be_late()
            if values is None or self._is_cut_short:
                return
            yield self._new(1 + max(trial.number for trial in tried), values, request.seed)

    def _repeating(self) -> Iterator[Trial]:
        """The unchanged configuration and the best settings, seed by seed."""
        request = self._request
        best = sorted(
            (t for t in self._searched() if t.number != UNCHANGED and t.state == "finished"),
            key=lambda trial: (trial.loss, trial.number),
        )[: request.finalists]
        for seed in ((request.seed + count) % 2**32 for count in range(1, 1 + request.repeats)):
            for trial in [self._searched()[UNCHANGED], *best] if best else ():
                known = self._log.find(trial.number, seed)
                if known is None or self._is_due(known):
                    yield known or self._new(trial.number, trial.values, seed)

    def _carried_out(self, trial: Trial) -> Trial:
        if self._log.find(*trial.key) is None:
            self._log.append(trial)
        self._on_begin(trial)
        began = self._clock()
        outcome = self._evaluate(trial)
        ended = replace(
            trial,
            state=outcome.state,
            validation_loss=outcome.validation_loss,
            seconds=round(trial.seconds + self._clock() - began, 3),
            cause=outcome.cause,
        )
        self._log.append(ended)
        self._on_end(ended)
        if ended.key == (UNCHANGED, self._request.seed) and ended.state == "failed":
            raise TrainingFailed(
                f"the unchanged configuration fails: {ended.cause}",
                f"Settings are compared with it. See run {ended.run}",
            )
        return ended

    def _new(self, number: int, values: Mapping[str, Any], seed: int) -> Trial:
        name = f"trial-{number:03d}"
        return Trial(number, values, seed, name if seed == self._request.seed else f"{name}-seed-{seed}")

    def _is_due(self, trial: Trial) -> bool:
        return trial.is_open or (trial.state == "failed" and self._request.retry_failed)

    def _searched(self) -> list[Trial]:
        return [trial for trial in self._log.trials if trial.seed == self._request.seed]

    def _is_late(self) -> bool:
        left = self._seconds_left()
        return left is not None and left <= 0

    def _repeats_would_be_late(self) -> bool:
        """Whether one more trial would leave the repeats too little of the time, by the mean of the trials so far."""
        left, request = self._seconds_left(), self._request
        if left is None:
            return False
        runs = request.repeats * (1 + min(request.finalists, len(self._searched())))
        return left < (1 + runs) * fmean(trial.seconds for trial in self._searched())

    def _seconds_left(self) -> float | None:
        if self._request.max_minutes is None:
            return None
        return self._request.max_minutes * 60 - (self._clock() - self._began)


def _locked(folder: Path) -> FileLock:
    """The study is ours until the lock is released or this process ends, however it ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(
            f"another search has the study {folder}", "Let it end, or use another --study"
        ) from None
    except OSError as error:
        raise RunError(
            f"the study {folder} cannot be written: {error.strerror}", "Name another --study"
        ) from None
    return lock


def _begin(folder: Path, about: Mapping[str, Any]) -> None:
    """Write study.json, or compare with the one that is there."""
    path = folder / "study.json"
    if not path.exists():
        write_json(path, {"format": FORMAT, "created": time.time(), **about})
        return
    found = read_json(path)
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise RunError(f"{path} is no study of format {FORMAT}", "Use another --study")
    if other := _differences(found, about):
        raise RunError(
            f"the study {folder} has another {'; '.join(other)}", "Use another --study for this search"
        )


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Sequence[str]:
    named = []
    for part in FIXED:
        old, new = found.get(part), wanted.get(part)
        if isinstance(old, dict) and isinstance(new, dict):
            names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
            named += [f"{part} ({', '.join(names)})"] if names or list(old) != list(new) else []
        elif old != new:
            named.append(part)
    return named
