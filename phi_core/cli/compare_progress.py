"""Follow a comparison in a plain terminal: one line that rewrites itself while its worker is at work.

Elsewhere than on a terminal nothing is printed before the end. Never asks for a key.
"""

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from phi_core.cli.output import duration
from phi_core.cli.watching import POLL_SECONDS, Interrupts
from phi_core.errors import RequestError
from phi_core.evaluation.batch_folder import BatchReader, BatchSnapshot
from phi_core.evaluation.batch_status import BatchStatus
from phi_core.jobs.compare_job import stop
from phi_core.plain_text import one_line, plain


def follow(folder: Path) -> BatchSnapshot:
    """Watch until the batch ends. Ctrl-C ends the watching."""
    return _watch(BatchReader(folder), lambda status: None)


def start_and_follow(folder: Path, start: Callable[[], object]) -> BatchSnapshot:
    """Start a batch and watch it to its end. Ctrl-C, from the first moment on, ends it; a second one at once."""
    with Interrupts() as interrupts:
        start()
        return _watch(BatchReader(folder), lambda status: _pass_on(interrupts, folder, status))


def _watch(reader: BatchReader, look_up: Callable[[BatchStatus], None]) -> BatchSnapshot:
    line = ProgressLine(sys.stderr)
    try:
        while (status := reader.status()).is_live:
            line.show(progress_text(status))
            look_up(status)
            time.sleep(POLL_SECONDS)
    finally:
        line.end()
    return reader.read()


def _pass_on(interrupts: Interrupts, folder: Path, status: BatchStatus) -> None:
    """A Ctrl-C becomes a wish to end as soon as there is a worker to hear it."""
    if status.state != "running" or not interrupts.is_new():
        return
    try:
        stop(folder)
    except RequestError:  # it has just ended by itself
        return
    if interrupts.count == 1:
        print("\nphi: stopping; what is answered stays. Ctrl-C again ends it at once", file=sys.stderr)


class ProgressLine:
    """One rewritten line on a terminal, nothing elsewhere."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._shown = ""

    def show(self, text: str) -> None:
        shown = plain(text)[: shutil.get_terminal_size().columns - 1]
        if self._out.isatty() and shown != self._shown:
            print(f"\r{shown.ljust(len(self._shown))}", end="", file=self._out, flush=True)
            self._shown = shown

    def end(self) -> None:
        if self._shown:
            print("\r" + " " * len(self._shown) + "\r", end="", file=self._out, flush=True)


def progress_text(status: BatchStatus) -> str:
    """Answers, failures, speed, time left; before the first answer what the worker does."""
    if not status.total:
        return " · ".join([one_line(status.activity) or "starting", *_waited(status)])
    parts = [
        f"{status.done}/{status.total} answers",
        f"{status.failed} failed" if status.failed else "",
        f"{status.tokens_per_second:.0f} tokens/s" if status.tokens_per_second else "",
        _rest(status),
    ]
    return " · ".join(part for part in parts if part)


def _waited(status: BatchStatus) -> list[str]:
    """Since the start, as a sign of life."""
    if status.started is None or status.heartbeat is None:
        return []
    return [duration(status.heartbeat - status.started)]


def _rest(status: BatchStatus) -> str:
    if status.done == status.total:
        return one_line(status.activity)
    left = status.seconds_left
    return "" if left is None else f"{duration(left)} left"
