"""The newest lines of a run's worker.log, read from its end; and a mark that changes when they do."""

from pathlib import Path
from typing import Any

from phi_core.plain_text import last_progress
from phi_core.runs.layout import RunLayout
from phi_tui.messages import LogChanged

LOG_LINES = 5000
LOG_BYTES = 2**20


def log_signature(path: Path) -> Any:
    log = RunLayout(path).log
    stat = log.stat() if log.exists() else None
    return path, stat.st_size if stat else -1, stat.st_mtime_ns if stat else 0


def log_message(path: Path) -> LogChanged:
    log = RunLayout(path).log
    if not log.exists():
        return LogChanged(path, ())
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_BYTES))
        lines = file.read().decode(errors="replace").split("\n")[-LOG_LINES:]
    return LogChanged(path, tuple(last_progress(line) for line in lines) if any(lines) else ())
