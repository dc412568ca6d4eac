"""Work beside the screen: threads that read, plan and start, and tell a widget by messages what came of it.

All threads are daemons, so that nothing here delays quitting. Nothing here touches a widget but by `post_message`.
"""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from textual.message import Message
from textual.message_pump import MessagePump

from phi_core.errors import PhiError, RequestError, RunError
from phi_core.planning.machine import this_machine
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run, RunReader
from phi_core.runs.store import RunStore
from phi_core.samples.progress import Progress
from phi_tui.messages import Done, Failed, MachineSampled, Progressed
from phi_tui.run_snapshots import runs_message, runs_signature
from phi_tui.worker_log import log_message, log_signature

WATCH_SECONDS = 1.0
MACHINE_SECONDS = 3.0
SLOW_WATCH_SECONDS, SLOW_MACHINE_SECONDS = 5.0, 30.0
"""For lines that carry little."""
PROGRESS_SECONDS = 0.2


def start(target: MessagePump, task: str, work: Callable[[], Any]) -> None:
    """Run `work` in a thread; `target` gets Done or Failed."""
    _thread(lambda: _post(target, _outcome(task, work)))


class Stoppable:
    """Work that can be given up: it gets an event to watch; `target` gets Done or Failed all the same."""

    def __init__(self, target: MessagePump, task: str, work: Callable[[threading.Event], Any]) -> None:
        self._stop, self._ended = threading.Event(), threading.Event()
        self._work = work
        start(target, task, self._run)

    def stop(self) -> None:
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, at the latest after so many seconds."""
        return self._ended.wait(seconds)

    def _run(self) -> Any:
        try:
            return self._work(self._stop)
        finally:
            self._ended.set()


class Superseded(Exception):
    """Work that nobody waits for any more."""


class Latest:
    """One thread for a task that is asked again and again: only the newest request is worked on next.

    Requests are numbered, and what is told of one carries its number: `awaits` knows the newest.
    """

    def __init__(self, target: MessagePump, task: str) -> None:
        self._target, self._task = target, task
        self._lock = threading.Lock()
        self._next: Callable[[], Any] | None = None
        self._number = self._awaited = self._running = 0
        self._is_idle = threading.Event()
        self._is_idle.set()
        self._tell = progress_teller(target, task)

    def submit(self, work: Callable[[], Any]) -> int:
        """Replace what waits; the result of what is running is dropped. The number of the request."""
        with self._lock:
            self._next = work
            self._number += 1
            self._awaited = self._number
            if self._is_idle.is_set():
                self._is_idle.clear()
                _thread(self._run)
            return self._number

    def cancel(self) -> None:
        """Nobody waits any more: nothing is told, and work that tells of its progress ends with the next word."""
        with self._lock:
            self._next, self._awaited = None, 0

    def awaits(self, fact: Done | Failed | Progressed) -> bool:
        """Whether it is about the newest request. Facts of older ones may still lie in the target's queue."""
        return fact.number == self._awaited != 0

    def wait(self, seconds: float) -> bool:
        """Whether nothing is worked on any more, at the latest after so many seconds."""
        return self._is_idle.wait(seconds)

    def told(self, progress: Progress) -> None:
        """For the work: posts Progressed now and then. Superseded if the result would be dropped."""
        if self._running != self._awaited:
            raise Superseded
        self._tell(progress)

    def _run(self) -> None:
        while work := self._take():
            outcome = _outcome(self._task, work, self._running)
            if self._running == self._awaited:
                _post(self._target, outcome)

    def _take(self) -> Callable[[], Any] | None:
        with self._lock:
            work, self._next, self._running = self._next, None, self._number
            self._tell = progress_teller(self._target, self._task, self._running)
            if work is None:
                self._is_idle.set()
            return work


class RunWatcher:
    """Reads all runs every second, on a slow line every five, and the log of one; posts RunsChanged and LogChanged when something is new."""

    def __init__(self, target: MessagePump, root: Path, *, is_slow: bool = False) -> None:
        self._target, self._every = target, SLOW_WATCH_SECONDS if is_slow else WATCH_SECONDS
        self._store = RunStore(root)
        self._elsewhere: dict[Path, RunReader] = {}
        self._log: Path | None = None
        self._told: dict[str, Any] = {}
        self._wake = threading.Event()
        self._ended = False

    def start(self) -> None:
        _thread(self._loop)

    def stop(self) -> None:
        self._ended = True
        self._wake.set()

    def look_now(self) -> None:
        """Do not wait for the next second."""
        self._wake.set()

    def include(self, path: Path) -> None:
        """Also watch this run, which may lie outside the runs folder."""
        if path.parent.resolve() != self._store.root.resolve() and RunLayout(path).run_json.exists():
            self._elsewhere = {**self._elsewhere, path: RunReader(path)}
        self.look_now()

    def watch_log(self, path: Path | None) -> None:
        """The run whose log is told, None for no log."""
        if path != self._log:
            self._log = path
            self.look_now()

    def _loop(self) -> None:
        while not self._ended:
            self._tell_if_new("runs", self._runs, runs_signature, runs_message)
            if log := self._log:
                self._tell_if_new("log", lambda: log, log_signature, log_message)
            self._wake.wait(self._every)
            self._wake.clear()

    def _runs(self) -> list[Run]:
        return [
            *self._store.runs(),
            *(run for reader in self._elsewhere.values() if (run := _readable(reader))),
        ]

    def _tell_if_new(
        self,
        name: str,
        read: Callable[[], Any],
        signature: Callable[[Any], Any],
        message: Callable[[Any], Message],
    ) -> None:
        try:
            content = read()
            mark = signature(content)
            if mark != self._told.get(name):
                self._told[name] = mark
                _post(self._target, message(content))
        except OSError:
            return  # a folder that vanished while it was read is seen right in the next second


class MachinePoller:
    """Samples memory and GPUs every few seconds."""

    def __init__(self, target: MessagePump, *, is_slow: bool = False) -> None:
        self._target, self._every = target, SLOW_MACHINE_SECONDS if is_slow else MACHINE_SECONDS
        self._ended = threading.Event()

    def start(self) -> None:
        _thread(self._loop)

    def stop(self) -> None:
        self._ended.set()

    def _loop(self) -> None:
        while not self._ended.is_set():
            _post(self._target, MachineSampled(this_machine()))
            self._ended.wait(self._every)


def progress_teller(target: MessagePump, task: str, number: int = 0) -> Callable[[Progress], None]:
    """Posts Progressed to `target`, but not more often than eyes can follow."""
    last = [time.monotonic()]

    def tell(progress: Progress) -> None:
        now = time.monotonic()
        if now - last[0] >= PROGRESS_SECONDS:
            last[0] = now
            _post(target, Progressed(task, progress, number))

    return tell


def run_editor(command: Sequence[str]) -> int:
    """Give the terminal to an editor and wait for its end: only while the app is suspended. Its exit status."""
    try:
        with _keys_for_the_editor():
            return subprocess.run(list(command), check=False).returncode
    except OSError as error:
        raise RequestError(f"{command[0]} cannot be started: {error.strerror or error}") from None


@contextmanager
def _keys_for_the_editor() -> Iterator[None]:
    """ctrl+c and ctrl+\\ are the editor's: it begins with their defaults, for a handler does not outlive exec."""
    numbers = (signal.SIGINT, signal.SIGQUIT)
    before = [signal.signal(number, lambda *_: None) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def look_after_queue(root: Path) -> None:
    """See to it that somebody looks after the queue of a runs folder, if anything waits there. Nobody is told."""

    def ensure() -> None:
        from phi_core.jobs.queue import ensure_runner  # here, so that it costs no start

        with suppress(PhiError, OSError):
            ensure_runner(root)

    _thread(ensure)


def _thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


def _outcome(task: str, work: Callable[[], Any], number: int = 0) -> Done | Failed:
    try:
        return Done(task, work(), number)
    except Exception as error:  # the border of a thread: whatever went wrong is told, not lost
        return Failed(task, error, number)


def _post(target: MessagePump, message: Message) -> None:
    try:
        target.post_message(message)
    except RuntimeError:
        return  # the app has ended and nobody listens


def _readable(reader: RunReader) -> Run | None:
    try:
        return reader.read()
    except (RunError, OSError):
        return None
