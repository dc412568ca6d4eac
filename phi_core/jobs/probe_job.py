"""The memory probe as a process: start it, wait with a limit, take its figures. It can be given up at any time.

A process that the system kills for lack of memory is a result like any other; whatever else goes wrong is an error.
"""

import json
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from phi_core.chat.wire import error_from
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import dump
from phi_core.errors import WorkError
from phi_core.jobs.process import start_worker
from phi_core.runs.probe_result import ProbeResult, result_from

TIMEOUT_SECONDS = 900.0
POLL_SECONDS = 0.1


def probe(
    config: TrainingConfig,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    stop: threading.Event | None = None,
) -> ProbeResult:
    """Two real steps in a process of their own. Blocks; `stop` ends it from another thread.

    WorkError if it was stopped, took too long or died; the worker's own error if the run cannot work at all.
    """
    stop = stop or threading.Event()
    with tempfile.TemporaryDirectory(prefix="phi-probe-") as folder:
        log, answer = Path(folder) / "log", Path(folder) / "answer"
        with answer.open("wb") as out:
            process = start_worker("probe", log=log, stdin=subprocess.PIPE, stdout=out)
        try:
            _send(process, dump(config))
            _wait(process, time.monotonic() + timeout_seconds, timeout_seconds, stop)
        finally:
            _end(process)
        return _result(process.returncode, answer.read_bytes(), log)


def _send(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdin is not None
    with suppress(OSError), process.stdin:  # a worker that is dead already says so by its status
        process.stdin.write(text.encode("utf-8"))


def _wait(process: subprocess.Popen[bytes], end: float, limit: float, stop: threading.Event) -> None:
    while process.poll() is None:
        if stop.wait(POLL_SECONDS):
            raise WorkError("the probe was stopped")
        if time.monotonic() > end:
            raise WorkError(
                f"the probe took longer than {limit:.0f} s", "Lower gradient_accumulation_steps for it"
            )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()


def _result(status: int, answer: bytes, log: Path) -> ProbeResult:
    if status == -signal.SIGKILL:
        return _killed()
    record = _record(answer)
    if status or record is None:
        words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["none"]
        raise WorkError(f"the probe failed with status {status}", f"Its last words: {words[-1]}")
    if record.get("event") == "error":
        raise error_from(record)
    return result_from(record)


def _record(answer: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(answer)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _killed() -> ProbeResult:
    """Main memory ran out so far that the system ended the process; it left no figures."""
    return ProbeResult(out_of_memory="the system ended the process, most likely because main memory ran out")
