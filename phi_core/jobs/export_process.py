"""The export worker as a process: one request in, progress out, then its last record. It can be given up at any time."""

import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from phi_core.chat.wire import error_from, line, record_from
from phi_core.errors import WorkError
from phi_core.jobs.process import start_worker

POLL_SECONDS = 0.2
OnProgress = Callable[[str], None]


def carry_out(
    request: Mapping[str, Any], *, on_progress: OnProgress, stop: threading.Event
) -> dict[str, Any]:
    """The worker's last record. WorkError if it was stopped or died; else the worker's own error."""
    with tempfile.TemporaryDirectory(prefix="phi-export-") as place:
        log = Path(place) / "log"
        process = start_worker("export", log=log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        watch = threading.Thread(target=_kill_when_stopped, args=(process, stop), daemon=True)
        watch.start()
        try:
            _send(process, request)
            answer = _listen(process, on_progress)
        finally:
            _end(process)
            watch.join()
        if answer is None:
            raise WorkError("the export was stopped") if stop.is_set() else _death(process.returncode, log)
    if answer["event"] == "error":
        raise error_from(answer)
    return answer


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe is not None:
                pipe.close()


def _kill_when_stopped(process: subprocess.Popen[bytes], stop: threading.Event) -> None:
    while process.poll() is None:
        if stop.wait(POLL_SECONDS):
            process.kill()


def _send(process: subprocess.Popen[bytes], record: Mapping[str, Any]) -> None:
    """The pipe stays open: its end tells the worker that we are gone."""
    assert process.stdin is not None
    with suppress(OSError):  # a worker that is dead already says so by its silence
        process.stdin.write(line(record))
        process.stdin.flush()


def _listen(process: subprocess.Popen[bytes], on_progress: OnProgress) -> dict[str, Any] | None:
    """The first record that is no progress; None if the worker ended without one."""
    assert process.stdout is not None
    for raw in process.stdout:
        record = record_from(raw)
        if record.get("event") != "progress":
            return record
        on_progress(str(record.get("text", "")))
    return None


def _death(status: int, log: Path) -> WorkError:
    words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["none"]
    if status == -9:
        return WorkError(
            "the system ended the export", "Most likely main memory ran out: 4 bytes a parameter are needed"
        )
    return WorkError(f"the export ended with status {status}", f"Its last words: {words[-1]}")
