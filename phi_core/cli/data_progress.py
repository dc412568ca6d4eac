"""One line on standard error that says how far the reading of large data has come. Nothing where nobody watches."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from phi_core.cli.output import duration
from phi_core.samples.progress import OnProgress, Progress

EVERY_SECONDS = 0.2
BAR_CELLS = 24


@contextmanager
def progress_line() -> Iterator[OnProgress | None]:
    """Something to tell of progress, None if standard error is no terminal. The line is wiped at the end."""
    if not sys.stderr.isatty():
        yield None
        return
    line = _Line()
    try:
        yield line.tell
    finally:
        line.wipe()


class _Line:
    def __init__(self) -> None:
        self._start = self._told = time.monotonic()
        self._width = 0

    def tell(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._told >= EVERY_SECONDS:
            self._told = now
            self._write(_text(progress, now - self._start))

    def wipe(self) -> None:
        if self._width:
            self._write("")
            sys.stderr.write("\r")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r{text.ljust(self._width)}")
        sys.stderr.flush()
        self._width = len(text)


def _text(progress: Progress, seconds: float) -> str:
    records = f"{progress.records:,} records"
    if not progress.total_bytes:
        return records
    share = min(1.0, progress.done_bytes / progress.total_bytes)
    bar = "█" * round(BAR_CELLS * share) + "░" * (BAR_CELLS - round(BAR_CELLS * share))
    speed = progress.done_bytes / 2**20 / max(seconds, 1e-9)
    left = duration(seconds * (1 - share) / share) if share > 0 else "?"
    return f"{bar} {share:4.0%}  {records}  {speed:.1f} MiB/s  {left} left"
