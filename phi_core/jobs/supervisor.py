"""Looks after the processes of one run on one machine. `python -m phi_core.jobs.supervisor RUN_DIR [--resume]`

With --ask-to-stop it only leaves a stop request, for batch scripts.

Starts them, turns the first SIGTERM or SIGINT into a stop request that the main process carries out for all, ends them
at the second one or when the main process has ended, and records the end where no process could. Light: no torch here.
On several machines one supervisor runs on each; the first machine's speaks for the run.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from phi_core.config.problems import checked
from phi_core.config.yaml_file import read_values
from phi_core.files import read_json, write_json
from phi_core.jobs.devices import num_gpus
from phi_core.jobs.processes import (
    Machines,
    end_all,
    family,
    process_command,
    process_environment,
    uses_cpu,
)
from phi_core.runs.control import send_request
from phi_core.runs.identity import identity_from, identity_of
from phi_core.runs.layout import RunLayout
from phi_core.runs.rank_failure import forget_rank_failures, rank_failures
from phi_core.runs.reader import ENDED
from phi_core.runs.writer import RunWriter

POLL_SECONDS = 0.1
LEAVING_SECONDS = 15.0
"""How long the other processes have to leave after the main one has ended."""


def main(arguments: list[str]) -> int:
    layout = RunLayout(Path(arguments[0]))
    if "--ask-to-stop" in arguments:
        send_request(layout, "stop")
        return 0
    config = checked(read_values(layout.config), source=str(layout.config))
    machines, on_cpu = machines_of(os.environ), uses_cpu(config, num_gpus=num_gpus())
    command = process_command(
        config, layout, machines=machines, on_cpu=on_cpu, resume="--resume" in arguments
    )
    speaks = machines.rank == 0
    before = read_json(layout.status)  # of an earlier start, which has nothing to say of this one
    if speaks:
        forget_rank_failures(layout)
        _record(layout, command)
    processes = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **process_environment(config, on_cpu=on_cpu)},
        preexec_fn=_ignore_signals,  # inherited: the workers listen for themselves, and only the main one does
    )
    status = _watched(processes, layout, Signals(), before)
    if speaks and _is_own(layout):
        _record_end(layout, status, before)
    return status


class Signals:
    """Counts SIGTERM and SIGINT."""

    def __init__(self) -> None:
        self.count = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.count += 1


def machines_of(environment: Mapping[str, str]) -> Machines:
    """Which of the machines this is: from what the batch script and srun say, else the only one."""
    count = int(environment.get("PHI_MACHINES", "1"))
    if count == 1:
        return Machines()
    return Machines(
        rank=int(environment["SLURM_NODEID"]),
        count=count,
        address=environment["PHI_MAIN_ADDRESS"],
        port=int(environment["PHI_MAIN_PORT"]),
    )


def _watched(processes: subprocess.Popen[bytes], layout: RunLayout, signals: Signals, before: Any) -> int:
    """Wait for the processes; their exit status. Whoever is still there after the main process has left is ended."""
    asked, left_at = False, None
    while (status := processes.poll()) is None:
        if signals.count and not asked:
            send_request(layout, "stop")
            asked = True
        if signals.count > 1:
            end_all(family([processes.pid]))
        if _main_has_ended(layout, before):
            left_at = left_at or time.monotonic()
            if time.monotonic() - left_at > LEAVING_SECONDS:
                end_all(family([processes.pid]))
        time.sleep(POLL_SECONDS)
    return status


def _main_has_ended(layout: RunLayout, before: Any) -> bool:
    """Whether the run's end is recorded and the process that recorded it is gone."""
    status = read_json(layout.status) or {}
    if status == before:
        return False
    identity = identity_from(status)
    gone = identity is not None and not identity.is_elsewhere and not identity.is_alive
    return status.get("state") in ENDED and gone


def _record(layout: RunLayout, command: list[str]) -> None:
    """Who looks after the processes, beside what the launcher wrote of a batch job."""
    before = read_json(layout.launch) or {}
    known = {key: before[key] for key in ("launcher", "job_id", "submitted") if key in before}
    write_json(
        layout.launch,
        {"launcher": "local", **known, "command": command, "supervisor": identity_of(os.getpid()).as_json()},
    )


def _is_own(layout: RunLayout) -> bool:
    """Whether the run is still this supervisor's: it may have been resumed as soon as its end was recorded."""
    record = (read_json(layout.launch) or {}).get("supervisor") or {}
    return identity_from(record) == identity_of(os.getpid())


def _record_end(layout: RunLayout, status: int, before: Any) -> None:
    """Say of a run whose processes have all ended how it ended, where none of them could."""
    written = read_json(layout.status) or {}
    if written != before and written.get("state") in ENDED:
        return
    writer = RunWriter(layout.root)
    failures = rank_failures(layout)
    error = str(failures[0]) if failures else f"the processes ended without a word (exit status {status})"
    remedy = failures[0].remedy if failures else f"A process may have been killed; read {layout.log.name}"
    writer.event("failed", int(written.get("step") or 0), error=error, remedy=remedy)
    writer.status(state="failed", activity="")
    writer.close()


def _ignore_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
