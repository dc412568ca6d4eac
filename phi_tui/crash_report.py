"""The report of an error that nobody foresaw: written to a file that only its owner reads, named in one line.

Local variables are left out: they may hold prompts and tokens.
"""

import os
import time
import traceback
from pathlib import Path

from phi_tui.state import state_directory


def write_report(error: BaseException) -> Path | None:
    """The file, None if it cannot be written."""
    path = state_directory() / f"crash-{time.strftime('%Y%m%d-%H%M%S')}.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(traceback.format_exception(error))
    except OSError:
        return None
    return path


def crash_line(error: BaseException, path: Path | None) -> str:
    """What the terminal shows."""
    where = f"Details: {path}" if path else "The details could not be written"
    return f"phi tui: unexpected {type(error).__name__}. Runs are not affected. {where}"
