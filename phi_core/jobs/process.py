"""Start a worker process that owes nothing to its starter.

A worker is in a session of its own, reads nothing from the terminal and writes to a file, so that neither a closed
app nor a lost SSH line ends it. The current folder is not on its import path: data folders may hold any file name.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import phi_core

_QUIET = {
    "PYTHONUNBUFFERED": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONWARNINGS": "ignore::FutureWarning",  # of libraries among themselves; people read this log
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin at a barrier make a busy machine many times slower
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}


def start_worker(
    name: str,
    arguments: Sequence[str] = (),
    *,
    log: Path,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `phi_core.workers.<name>`; its errors, and its output unless `stdout` is given, are appended to `log`."""
    command = [sys.executable, "-P", "-m", f"phi_core.workers.{name}", *arguments]
    with log.open("ab") as file:
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=file if stdout is None else stdout,
            stderr=file,
            start_new_session=True,
            close_fds=True,
            env=_environment(),
        )


def _environment() -> dict[str, str]:
    home = str(Path(phi_core.__file__).parent.parent)
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**_QUIET, **os.environ, "PYTHONPATH": os.pathsep.join(paths)}
