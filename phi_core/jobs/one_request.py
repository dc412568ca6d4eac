"""A worker for one request, such as the memory probe or an export: asked, listened to, and ended.

The request goes in as a JSON line, progress comes out, then the last record. It can be given up at any time; a worker
whose caller is gone ends itself.
"""

import math
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phi_core.chat.wire import error_from, line, record_from
from phi_core.errors import WorkError
from phi_core.jobs.process import start_worker

POLL_SECONDS = 0.1
LAST_SECONDS = 5.0
"""For a worker that said nothing to end by itself, and so with a status that tells why."""
OnProgress = Callable[[str], None]


@dataclass(frozen=True)
class Limit:
    """How long a worker may take, and what would make it faster."""

    seconds: float
    remedy: str


class WorkerKilled(WorkError):
    """The system ended the worker, most likely for lack of main memory."""


def carry_out(
    what: str,
    request: Mapping[str, Any],
    *,
    stop: threading.Event,
    on_progress: OnProgress = lambda text: None,
    limit: Limit | None = None,
) -> dict[str, Any]:
    """The worker's last record; `what` is a name in its table. Blocks; `stop` ends it from another thread.

    WorkError if it was stopped, took too long or died; else the worker's own error.
    """
    end = time.monotonic() + limit.seconds if limit else math.inf
    with tempfile.TemporaryDirectory(prefix=f"phi-{what}-") as folder:
        log = Path(folder) / "log"
        process = start_worker("one_request", [what], log=log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        answer = _answer(process, request, on_progress, stop=stop, end=end)
        if answer is None and stop.is_set():
            raise WorkError(f"the {what} was stopped")
        if answer is None and limit and time.monotonic() >= end:
            raise WorkError(f"the {what} took longer than {limit.seconds:.0f} s", limit.remedy)
        if answer is None:
            raise _death(what, process.returncode, log)
    if answer["event"] == "error":
        raise error_from(answer)
    return answer


def _answer(
    process: subprocess.Popen[bytes],
    request: Mapping[str, Any],
    on_progress: OnProgress,
    *,
    stop: threading.Event,
    end: float,
) -> dict[str, Any] | None:
    """The last record, None if there was none. The worker has ended then."""
    watch = threading.Thread(target=_kill_when_due, args=(process, stop, end), daemon=True)
    watch.start()
    try:
        _send(process, request)
        return _last_record(process, on_progress)
    finally:
        _end(process)
        watch.join()


def _kill_when_due(process: subprocess.Popen[bytes], stop: threading.Event, end: float) -> None:
    while process.poll() is None:
        if stop.wait(POLL_SECONDS) or time.monotonic() >= end:
            process.kill()


def _send(process: subprocess.Popen[bytes], record: Mapping[str, Any]) -> None:
    """The pipe stays open: its end tells the worker that we are gone."""
    assert process.stdin is not None
    with suppress(OSError):  # a worker that is dead already says so by its silence
        process.stdin.write(line(record))
        process.stdin.flush()


def _last_record(process: subprocess.Popen[bytes], on_progress: OnProgress) -> dict[str, Any] | None:
    """The first record that is no progress; None if the worker ended without one."""
    assert process.stdout is not None
    for raw in process.stdout:
        record = record_from(raw)
        if record.get("event") != "progress":
            return record
        on_progress(str(record.get("text", "")))
    with suppress(subprocess.TimeoutExpired):
        process.wait(LAST_SECONDS)
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe is not None:
                pipe.close()


def _death(what: str, status: int, log: Path) -> WorkError:
    if status == -signal.SIGKILL:
        return WorkerKilled(f"the system ended the {what}", "Most likely main memory ran out")
    words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["none"]
    return WorkError(f"the {what} ended with status {status}", f"Its last words: {words[-1]}")
