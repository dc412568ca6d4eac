"""BatchWriter: the worker's end of a batch folder. It counts what is done, and says every second that it lives.

Answers are in their file when `answer` returns, so that a killed worker loses none of them. One writer a folder: the
worker holds its lock. Knows nothing about models or signals.
"""

import math
import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from phi_core.chat.engine import TokenChange
from phi_core.errors import FaultsError, PhiError
from phi_core.evaluation.answers import Answer, append_answer, read_answers
from phi_core.evaluation.batch_folder import BatchFolder
from phi_core.evaluation.batch_status import BatchState, BatchStatus
from phi_core.files import write_json, write_text
from phi_core.json_lines import append_record, json_line
from phi_core.runs.identity import identity_of

BEAT_SECONDS = 1.0


class BatchWriter:
    """Its status is `running` from the start; `end` writes how it ended."""

    def __init__(self, folder: Path) -> None:
        self.files = BatchFolder(folder)
        self._identity = identity_of(os.getpid()).as_json()
        self._status: dict[str, Any] = asdict(
            BatchStatus("running", activity="starting", started=time.time())
        )
        self._failed: dict[tuple[str, str], bool] = {}
        self._tokens = 0
        self._lock = threading.RLock()  # a signal handler writes too, perhaps while the main thread does
        self._ended = threading.Event()
        self.status()
        threading.Thread(target=self._keep_beating, daemon=True).start()

    def status(self, **changes: Any) -> None:
        """Change fields of the status, and write it."""
        with self._lock:
            self._status.update(changes)
            write_json(self.files.status, {**self._status, **self._identity, "heartbeat": time.time()})

    def activity(self, words: str) -> None:
        """What is done now: it changes often, and goes out with the next sign of life."""
        with self._lock:
            self._status["activity"] = words

    def begin(self, there: Iterable[Answer], *, total: int) -> None:
        """The questions go out now; `there` are the answers of earlier starts."""
        self._failed = {(answer.id, answer.model): answer.error is not None for answer in there}
        done = len(self._failed)
        self.status(
            done=done, answered_before=done, total=total, asking_since=time.time(), failed=self._failures
        )

    def answer(self, answer: Answer) -> None:
        """Keep an answer. One that is told again, with its likelihood, replaces the first telling and counts once."""
        append_answer(self.files.answers, answer)
        place = (answer.id, answer.model)
        with self._lock:
            if place not in self._failed:
                self._tokens += answer.tokens
            self._failed[place] = answer.error is not None
            seconds = max(1e-6, time.time() - self._status["asking_since"])
            self._status |= {"done": len(self._failed), "failed": self._failures}
            self._status["tokens_per_second"] = round(self._tokens / seconds, 2)

    def token_changes(self, answer: Answer, changes: Sequence[TokenChange]) -> None:
        """A figure that is not finite, as of a diverged adapter, becomes null."""
        tokens = [
            [change.text, *map(_rounded, (change.base, change.adapter, change.kl))] for change in changes
        ]
        record = {"id": answer.id, "model": answer.model, "settings": answer.settings, "tokens": tokens}
        append_record(self.files.token_changes, record)

    def judgement(self, record: Mapping[str, Any]) -> None:
        append_record(self.files.judgements, record)

    def put_in_order(self, answers: Sequence[Answer]) -> None:
        """One line an answer: first these in their order, then those to other questions or of other models."""
        kept = {(answer.id, answer.model): answer for answer in answers}
        others = [
            answer for answer in read_answers(self.files.answers) if (answer.id, answer.model) not in kept
        ]
        lines = [json_line(answer.as_json()) for answer in (*kept.values(), *others)]
        write_text(self.files.answers, b"".join(lines).decode())

    def end(self, state: BatchState, **changes: Any) -> None:
        """The last status."""
        self._ended.set()
        self.status(state=state, activity="", **changes)

    def fail(self, error: PhiError) -> None:
        """The end by an error that concerns the whole batch."""
        faults = error.problems if isinstance(error, FaultsError) else ()
        what = "\n  ".join([error.what, *map(str, faults)])
        self.end("failed", error=what, error_kind=type(error).__name__, remedy=error.remedy)

    @property
    def _failures(self) -> int:
        return sum(self._failed.values())

    def _keep_beating(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            with self._lock, suppress(OSError):  # a full disk is met where the next answer is kept
                if not self._ended.is_set():
                    self.status()


def _rounded(value: float) -> float | None:
    return round(value, 5) if math.isfinite(value) else None
