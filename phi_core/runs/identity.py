"""Which process a worker is: pid, start time, boot id and host together. A reused pid is another process.

A process of another host cannot be asked from here; `is_elsewhere` says so, and who reads must go by its heartbeat.
"""

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil


@dataclass(frozen=True)
class ProcessIdentity:
    """`start_time` in seconds since the epoch, as the system reports it for this process."""

    pid: int
    start_time: float
    boot_id: str
    host: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def is_elsewhere(self) -> bool:
        """Another machine: another boot under another name. An earlier boot of this machine is not elsewhere."""
        return self.boot_id != boot_id() and self.host not in ("", platform.node())

    @property
    def is_alive(self) -> bool:
        """The same process exists on this boot and is no zombie."""
        if self.boot_id != boot_id():
            return False
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.start_time) < 1.0
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def identity_of(pid: int) -> ProcessIdentity:
    """psutil.NoSuchProcess if there is no such process."""
    return ProcessIdentity(pid, psutil.Process(pid).create_time(), boot_id(), platform.node())


def identity_from(record: Mapping[str, Any]) -> ProcessIdentity | None:
    """The identity in a status record, None if it holds none."""
    try:
        return ProcessIdentity(
            int(record["pid"]),
            float(record["start_time"]),
            str(record["boot_id"]),
            str(record.get("host", "")),
        )
    except (KeyError, TypeError, ValueError):
        return None


@cache
def boot_id() -> str:
    """Differs after each boot of the machine, and between containers that share a process table not."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"boot-{psutil.boot_time():.0f}"
