"""Training workers that need not import torch anew: real processes of the real entry point, forked from a server.

A worker's imports take longer than a toy run. Here multiprocessing's fork server has done them once; each run still gets
a process, a session, a log and an environment of its own. What starts through `phi_core.jobs.process` directly, or from
another process than the tests', starts as it does for people: tests/end_to_end does nothing else.
"""

import multiprocessing
import os
import runpy
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from phi_core.jobs.process import worker_environment

IMPORTS = ["phi_core.training.run", "phi_core.inference.local_engine"]
WORKER = "phi_core.workers.train"

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(IMPORTS)


class WarmProcess:
    """As much of subprocess.Popen as those who start runs look at. One thread waits for the end, as mp wants it."""

    def __init__(self, module: str, arguments: Sequence[str], log: Path, environment: dict[str, str]) -> None:
        self._process = _server.Process(target=_become, args=(module, list(arguments), str(log), environment))
        self._process.start()
        self.pid = self._process.pid
        self.returncode: int | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._await, daemon=True).start()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        self._ended.wait(timeout)
        return self.returncode

    def _await(self) -> None:
        self._process.join()
        self.returncode = self._process.exitcode
        self._ended.set()


def start_warm(
    module: str,
    arguments: Sequence[str] = (),
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
) -> WarmProcess:
    """`phi_core.jobs.process.start_module`, for a module whose imports are done."""
    return WarmProcess(module, arguments, log, {**os.environ, **worker_environment(), **(environment or {})})


def _become(module: str, arguments: list[str], log: str, environment: dict[str, str]) -> None:
    """In the new process: take on what `start_module` would have given it, and run the module as a program."""
    os.setsid()
    nothing, file = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for own, given in ((0, nothing), (1, file), (2, file)):
        os.dup2(given, own)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
