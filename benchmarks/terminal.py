"""A program in a pseudo-terminal of 80×24: what it writes, how soon, and what it takes meanwhile."""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

PATIENCE_SECONDS = 60.0
ROWS, COLUMNS = 24, 80
MIB = 2**20


class Terminal:
    """Leaving the context ends the program. `folder` is its working folder, and holds what it remembers."""

    def __init__(self, words: Sequence[str], folder: Path) -> None:
        child, self._terminal = pty.fork()
        if child == 0:
            os.chdir(folder)
            places = {f"PHI_{name}_DIR": str(folder / f".{name.lower()}") for name in ("STATE", "CONFIG")}
            os.execve(words[0], list(words), {**os.environ, "TERM": "xterm-256color", **places})
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._process = psutil.Process(child)
        self._seen = b""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        os.waitpid(self._process.pid, 0)
        os.close(self._terminal)

    @property
    def resident_mib(self) -> float:
        return float(self._process.memory_info().rss / MIB)

    def wait_for(self, *words: str) -> None:
        """Until one of these has been written."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not any(word.encode() in self._seen for word in words):
            if not self._read(1.0) and time.monotonic() > end:
                sys.exit(f"never written: {words}; seen: {self._seen[-500:]!r}")

    def read_for(self, seconds: float) -> int:
        """How many bytes are written in this time."""
        before, end = len(self._seen), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)
        return len(self._seen) - before

    def cpu_share(self, seconds: float) -> float:
        """Of one core, in this time."""
        before = sum(self._process.cpu_times()[:2])
        self.read_for(seconds)
        return float((sum(self._process.cpu_times()[:2]) - before) / seconds)

    def answer_seconds(self, key: str) -> float | None:
        """From a key to the first byte after it, None if none comes within a second."""
        self.read_for(0.15)
        begun = time.perf_counter()
        os.write(self._terminal, key.encode())
        return time.perf_counter() - begun if self._read(1.0) else None

    def _read(self, seconds: float) -> bool:
        if not select.select([self._terminal], [], [], seconds)[0]:
            return False
        self._seen += os.read(self._terminal, 65536)
        return True
