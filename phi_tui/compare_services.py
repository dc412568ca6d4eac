"""BatchWatcher: follows one batch folder in a thread and tells a widget what is new: at most twice a second.

Reads only while somebody looks. Touches no widget but by `post_message`; the thread is a daemon, so that leaving the app
never waits.
"""

import threading
from pathlib import Path

from textual.message import Message
from textual.message_pump import MessagePump

from phi_tui.batch_watch import BatchFollower

LIVE_SECONDS = 0.5
QUIET_SECONDS = 1.0


class BatchWatcher:
    """`watch` and the other methods are for the app's thread and return at once."""

    def __init__(self, target: MessagePump) -> None:
        self._target = target
        self._folder: Path | None = None
        self._turn = 0
        self._is_wanted = self._has_ended = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, folder: Path | None) -> None:
        """Follow this folder from now on; what was told of it is told anew."""
        self._folder = folder
        self.look_anew()

    def resume(self) -> None:
        """Somebody looks again."""
        self._is_wanted = True
        self._wake.set()
        if self._thread is None and not self._has_ended:
            self._thread = threading.Thread(target=self._loop, daemon=True)
            self._thread.start()

    def look_anew(self) -> None:
        """Tell everything again: votes have come, or what was told is forgotten."""
        self._turn += 1
        self._wake.set()

    def pause(self) -> None:
        """Nobody looks: nothing is read."""
        self._is_wanted = False

    def stop(self) -> None:
        self._has_ended = True
        self._wake.set()

    def _loop(self) -> None:
        follower, turn = BatchFollower(None), 0
        while not self._has_ended:
            self._wake.clear()
            if turn != self._turn:
                turn = self._turn
                follower = BatchFollower(self._folder)
            for fact in follower.look() if self._is_wanted else ():
                self._post(fact)
            seconds = LIVE_SECONDS if follower.is_live else QUIET_SECONDS
            self._wake.wait(seconds if self._is_wanted and self._folder else None)

    def _post(self, fact: Message) -> None:
        try:
            self._target.post_message(fact)
        except RuntimeError:
            self._has_ended = True  # the app has ended and nobody listens
