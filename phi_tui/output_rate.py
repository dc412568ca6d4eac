"""OutputRate: how much the app sends to the terminal, for people on slow lines. Measured where the bytes leave.

Tells the rate of the last seconds while it is wanted. Changes nothing of what is sent.
"""

from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.timer import Timer

SECONDS = 5.0


class OutputRate:
    """`tell` gets a few words every few seconds, and "" when they are no longer wanted."""

    def __init__(self, app: App[Any], tell: Callable[[str], None]) -> None:
        self._app, self._tell = app, tell
        self._num_bytes, self._is_counting = 0, False
        self._timer: Timer | None = None

    def toggle(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
            self._tell("")
            return
        self._count()
        self._num_bytes = 0
        self._timer = self._app.set_interval(SECONDS, self._say)
        self._tell("… KB/s")

    def _count(self) -> None:
        """From the first time on: counting costs next to nothing."""
        driver: Any = self._app._driver
        if not self._is_counting:
            self._is_counting, write = True, driver.write

            def counted(text: str) -> None:
                self._num_bytes += len(text.encode("utf-8", "replace"))
                write(text)

            driver.write = counted

    def _say(self) -> None:
        rate, self._num_bytes = self._num_bytes / SECONDS, 0
        self._tell(rate_words(rate))


def rate_words(bytes_per_second: float) -> str:
    """In as few digits as tell a slow line from a fast one."""
    return f"{bytes_per_second / 1000:.1f} KB/s"
