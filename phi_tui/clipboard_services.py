"""Work for the clipboard beside the screen: tmux is another program, and may be slow to answer."""

import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

PATIENCE_SECONDS = 5.0


def in_tmux_buffer(text: str, then: Callable[[bool], object]) -> None:
    """Put text into tmux's buffer, and by it into the terminal's clipboard where tmux knows how.

    `then` is told in a thread whether tmux took it.
    """

    def work() -> None:
        is_there = any(_fed(["tmux", "load-buffer", *option, "-"], text) for option in (["-w"], []))
        with suppress(RuntimeError):  # the app has ended and nobody listens
            then(is_there)

    threading.Thread(target=work, daemon=True).start()


def _fed(command: Sequence[str], text: str) -> bool:
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
