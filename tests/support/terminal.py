"""A real terminal for tests: tmux on a server of its own, driven by keys and read back as text."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Terminal:
    """One tmux pane that runs `phi` in a folder. Keys are tmux's names: C-r, Enter, F3, or text."""

    def __init__(self, folder: Path, *, columns: int = 80, rows: int = 24) -> None:
        self._server = f"phi-test-{uuid.uuid4().hex[:8]}"
        binaries = str(Path(sys.executable).parent)
        environment = {
            **os.environ,
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "PHI_STATE_DIR": str(folder / ".state"),
            "PHI_RUNS_DIR": str(folder / "runs"),
        }
        size = ["-x", str(columns), "-y", str(rows)]
        self._tmux(
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            *size,
            "-c",
            str(folder),
            "bash --norc",
            environment=environment,
        )

    def type(self, text: str) -> None:
        """Literal text."""
        self._tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def wait_for(self, *texts: str, seconds: float = 90) -> str:
        """The screen once it shows all texts; fails with the screen if it never does."""
        return self.wait_until(
            lambda screen: all(text in screen for text in texts), f"{texts}", seconds=seconds
        )

    def wait_until(self, holds: Callable[[str], bool], what: str, *, seconds: float = 90) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            screen = self.screen()
            if holds(screen):
                return screen
            time.sleep(0.1)
        raise AssertionError(f"waited {seconds:.0f} s for {what}; the screen shows:\n{self.screen()}")

    def foreground_pid(self) -> int:
        """The process that runs in the pane's shell."""
        shell = self._tmux("display-message", "-p", "#{pane_pid}").strip()
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        return int(children[-1])

    def close(self) -> None:
        self._tmux("kill-server")

    def _tmux(self, *words: str, environment: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._server, *words], capture_output=True, text=True, env=environment, check=True
        )
        return done.stdout
