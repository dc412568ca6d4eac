"""Start a worker process that owes nothing to its starter.

A worker is in a session of its own, reads nothing from the terminal and writes to a file, so that neither a closed
app nor a lost SSH line ends it. The current folder is not on its import path: data folders may hold any file name.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
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
    return start_module(f"phi_core.workers.{name}", arguments, log=log, stdin=stdin, stdout=stdout)


def start_module(
    module: str,
    arguments: Sequence[str] = (),
    *,
    log: Path,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a module as a process of its own. `environment` wins over what it inherits."""
    command = [sys.executable, "-P", "-m", module, *arguments]
    with log.open("ab") as file:
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=file if stdout is None else stdout,
            stderr=file,
            start_new_session=True,
            close_fds=True,
            env={**os.environ, **worker_environment(), **(environment or {})},
        )


def worker_environment() -> dict[str, str]:
    """What a worker needs to find in its environment to be found and to keep quiet, wherever it starts."""
    home = str(Path(phi_core.__file__).parent.parent)
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    quiet = {name: os.environ.get(name, value) for name, value in _QUIET.items()}
    return {**quiet, "PYTHONPATH": os.pathsep.join(paths)}
