"""A process under a pseudo-terminal: what it writes comes back byte for byte, as a terminal would receive it."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import psutil

PROJECT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0
ROWS, COLUMNS = 50, 200
CLAIM = "import fcntl, os, sys, termios; fcntl.ioctl(1, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
"""Makes the terminal the process's own, so that Ctrl-C typed into it is a signal."""


class PseudoTerminal:
    """`phi` (or another program) with a terminal of its own. Leaving the context ends it.

    With `typed` its standard input is a pipe that holds this text, and only its output is a terminal.
    """

    def __init__(
        self,
        words: Sequence[object],
        *,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        typed: str | None = None,
    ) -> None:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._terminal = ours
        self.seen = b""
        self._process = subprocess.Popen(
            [sys.executable, "-c", CLAIM, *map(str, words)],
            stdin=theirs if typed is None else subprocess.PIPE,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            start_new_session=True,
            env={
                **os.environ,
                "PYTHONPATH": str(PROJECT),
                "TERM": "xterm",
                **(environment or {}),
            },
        )
        os.close(theirs)
        if self._process.stdin is not None:
            with self._process.stdin as pipe:
                pipe.write((typed or "").encode("utf-8", "surrogatepass"))

    @classmethod
    def phi(
        cls,
        *words: object,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        typed: str | None = None,
    ) -> Self:
        command = [sys.executable, "-m", "phi_core", *words]
        return cls(command, folder=folder, environment=environment, typed=typed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    @property
    def text(self) -> str:
        """All that was written so far, a half character left out; the terminal's own line ends are newlines."""
        return self.seen.decode("utf-8", "ignore").replace("\r\n", "\n")

    def type(self, line: str) -> None:
        os.write(self._terminal, line.encode("utf-8", "surrogatepass"))

    def wait_for(self, wanted: str, *, count: int = 1) -> None:
        """Read until `wanted` has been written so many times. AssertionError if it never is."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self.text.count(wanted) < count:
            left = end - time.monotonic()
            assert left > 0 and self._read(left), f"{wanted!r} was never written; this was:\n{self.text}"

    def wait_for_prompt(self) -> None:
        """Until it waits for a line: Ctrl-D and arrows typed before are the terminal's, and a Ctrl-C that comes between the
        prompt and the reading is seen by Python only with the next key."""
        process, end = psutil.Process(self._process.pid), time.monotonic() + PATIENCE_SECONDS
        while not (self.text.endswith("> ") and process.status() == psutil.STATUS_SLEEPING):
            assert time.monotonic() < end, f"no prompt was written; this was:\n{self.text}"
            self._read(0.05)

    def settle(self, seconds: float = 0.3) -> None:
        """Read until nothing is written for so long."""
        while self._read(seconds):
            pass

    def ended(self) -> int:
        """The exit status, once it has ended."""
        while self._read(PATIENCE_SECONDS):
            pass
        return self._process.wait(PATIENCE_SECONDS)

    def _read(self, seconds: float) -> bool:
        """One more piece; False at the end."""
        ready, _, _ = select.select([self._terminal], [], [], seconds)
        if not ready:
            return False
        try:
            piece = os.read(self._terminal, 65536)
        except OSError:  # Linux says so where the other side is closed
            return False
        self.seen += piece
        return bool(piece)
