"""Every thread and process behind Chat's models; nothing else of this view waits for anything.

EngineHost keeps at most one engine for the whole app and gives it one task at a time. Its methods return at once and post
facts to the widget that asked. Threads are daemons and the engine is killed when the host is closed, so leaving the app
never waits. Touches no widget.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump

from phi_core.chat.engine import Engine, EngineInfo
from phi_core.errors import EngineLost
from phi_tui import engine_tasks
from phi_tui.background_services import post_to, started
from phi_tui.engine_choice import ModelChoice
from phi_tui.engine_factory import EngineFactory, remote_engine
from phi_tui.engine_messages import (
    Activity,
    AdapterAdded,
    AdapterRefused,
    AdaptersGone,
    AnswerFailed,
    EngineChanged,
    EngineState,
    RequestEnded,
    sentence,
)
from phi_tui.engine_tasks import Question

LEAVE_SECONDS = 0.5


def engine_host(app: App[Any]) -> "EngineHost":
    """The app's one host, made on first use, with `app.engine_factory` if it has one."""
    host = getattr(app, "engine_host", None)
    if not isinstance(host, EngineHost):
        host = EngineHost(getattr(app, "engine_factory", None) or remote_engine)
        cast(Any, app).engine_host = host
    return host


@dataclass(eq=False)
class _Task:
    """`work` gives the last fact, `failed` the one for an error, `given_up` is the one for a load given up."""

    owner: MessagePump
    work: Callable[["_Task", Engine], Message | None]
    failed: Callable[[str], Message | None]
    given_up: Message | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    is_open: bool = False
    """A mere load that has not ended: it can still become a request."""

    def post(self, fact: Message) -> None:
        post_to(self.owner, fact)

    def become(self, other: "_Task") -> bool:
        """Do what `other` wants once the load has ended; False if this is more than a load."""
        if not self.is_open or other.is_open:
            return False
        self.owner, self.work = other.owner, other.work
        self.failed, self.given_up = other.failed, other.given_up
        self.is_open = False
        return True


class EngineHost:
    """Its methods are for the app's thread; none of them blocks but `close`, and that only while a process dies."""

    def __init__(self, factory: EngineFactory) -> None:
        self.choice: ModelChoice | None = None
        self.state = EngineState("idle")
        self._factory = factory
        self._engine: Engine | None = None
        self._task: _Task | None = None
        self._listeners: list[MessagePump] = []
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._retiring: list[threading.Thread] = []
        self._is_closed = False

    def listen(self, listener: MessagePump) -> None:
        """`listener` hears of every EngineChanged."""
        self._listeners.append(listener)

    def choose(self, choice: ModelChoice) -> None:
        """Use another model from now on; the old one is given up, with what it was doing."""
        if choice == self.choice:
            return
        self._retire(self._give_up())
        self.choice = choice
        self._change("idle")

    def load(self, owner: MessagePump) -> bool:
        """Load without asking anything. False if the host is at work or has no choice."""
        return self._start(_Task(owner, lambda task, engine: None, lambda what: None, is_open=True))

    def ask(self, owner: MessagePump, question: Question) -> bool:
        """TokenArrived …, then AnswerDone or AnswerFailed for each answer, or RequestEnded for all that have neither.

        False if the host is at work or has no choice.
        """
        return self._start(
            _Task(
                owner,
                lambda task, engine: engine_tasks.answer(
                    question, engine, post=task.post, should_stop=task.stop.is_set
                ),
                lambda what: RequestEnded(question.number, what),
                given_up=RequestEnded(question.number),
            )
        )

    def add(self, owner: MessagePump, label: str, path: Path) -> bool:
        """AdapterAdded once the adapter can be asked, or AdapterRefused. False if the host is at work or has no choice."""
        return self._start(
            _Task(
                owner,
                lambda task, engine: self._added(task, engine, label, path),
                lambda what: AdapterRefused(label, path, what),
            )
        )

    def stop(self) -> None:
        """End the task after the token under way; asked again, or while it loads, give the engine up."""
        task = self._task
        if task is None:
            return
        if task.stop.is_set() or self.state.activity == "loading":
            self._retire(self._give_up())
            self._change("idle")
        else:
            task.stop.set()
            self._change("stopping", info=self.state.info)

    def close(self) -> None:
        """End the engine's process, whatever it is doing."""
        self._is_closed = True
        engine = self._give_up()
        if engine is not None:
            engine.close()
        for thread in (self._thread, *self._retiring):
            if thread is not None:
                thread.join(LEAVE_SECONDS)

    @property
    def is_free(self) -> bool:
        """Whether a request would be taken: nothing is under way, or only a load."""
        task = self._task
        return task is None or (task.is_open and not task.stop.is_set())

    @property
    def is_unloaded(self) -> bool:
        """Whether the next request loads the model: none is loaded, or it has died."""
        return self._task is None and (self._engine is None or _has_died(self._engine))

    def _start(self, task: _Task) -> bool:
        if self._is_closed or self.choice is None:
            return False
        with self._lock:
            if self._task is not None:
                return self._task.become(task)
        choice = self.choice
        self._task = task
        if self._engine is not None and _has_died(self._engine):  # killed while it had nothing to do
            self._retire(self._engine)
            self._engine = None
        loaded = self._engine is not None
        self._change("busy" if loaded else "loading", info=self.state.info if loaded else None)
        self._thread = started(lambda: self._perform(task, choice))
        return True

    def _perform(self, task: _Task, choice: ModelChoice) -> None:
        """The thread of one task. Its last fact comes after the host is free again."""
        state, fact = self._outcome(task, choice)
        with self._lock:
            if self._task is task:
                self._task = None
                self._set(state)
        if fact is not None:
            task.post(fact)

    def _outcome(self, task: _Task, choice: ModelChoice) -> tuple[EngineState, Message | None]:
        """A model's code may raise anything: it ends as a sentence on the screen, never as the app's end."""
        try:
            engine = self._ready_engine(task, choice)
        except Exception as error:
            what = sentence(error)
            return self._broken(task, "failed", what), task.given_up if task.stop.is_set() else task.failed(
                what
            )
        with self._lock:
            task.is_open = False
        try:
            fact = task.work(task, engine)
        except EngineLost as error:
            return self._broken(task, "crashed", str(error)), task.failed(str(error))
        except Exception as error:
            fact = task.failed(sentence(error))
        if isinstance(fact, AnswerFailed) and fact.lost:
            return self._broken(task, "crashed", fact.what), fact
        return EngineState("ready", time.monotonic(), info=engine.info), fact

    def _added(self, task: _Task, engine: Engine, label: str, path: Path) -> AdapterAdded:
        engine.add(label, path)
        with self._lock:
            if self._task is task and self.choice is not None:
                self.choice = self.choice.with_adapter(label, path)
        return AdapterAdded(label)

    def _ready_engine(self, task: _Task, choice: ModelChoice) -> Engine:
        """The loaded engine; loads it if there is none, after the ones before have left the memory."""
        engine = self._engine
        if engine is None:
            for thread in tuple(self._retiring):
                thread.join()
            engine = self._factory(self._still_there(task, choice))
            self._keep(task, engine)
        info = engine.info
        with self._lock:
            if self._task is task and not task.stop.is_set():
                self._set(EngineState("busy", time.monotonic(), info=info))
        return engine

    def _still_there(self, task: _Task, choice: ModelChoice) -> ModelChoice:
        """The choice without checkpoints beside that its run has removed; the owner is told."""
        kept, gone = choice.without_vanished()
        if gone:
            with self._lock:
                self.choice = kept if self._task is task else self.choice
            task.post(AdaptersGone(gone))
        return kept

    def _keep(self, task: _Task, engine: Engine) -> None:
        """Hold the engine while it still loads, so that it can be given up; close it if it already was."""
        with self._lock:
            is_wanted = self._task is task
            self._engine = engine if is_wanted else self._engine
        if not is_wanted:
            engine.close()

    def _broken(self, task: _Task, activity: Activity, what: str) -> EngineState:
        """The state after a death. The dead engine is put away, so that the next task starts a new one."""
        with self._lock:
            if self._task is task:
                self._retire(self._engine)
                self._engine = None
        return EngineState(activity, time.monotonic(), what)

    def _give_up(self) -> Engine | None:
        """Forget task and engine; the engine is the caller's to end."""
        with self._lock:
            engine, task = self._engine, self._task
            self._engine = self._task = None
        if task is not None:
            task.stop.set()
        return engine

    def _retire(self, engine: Engine | None) -> None:
        """End an engine in the background."""
        self._retiring = [thread for thread in self._retiring if thread.is_alive()]
        if engine is not None:
            self._retiring.append(started(engine.close))

    def _change(self, activity: Activity, info: EngineInfo | None = None) -> None:
        self._set(EngineState(activity, time.monotonic(), info=info))

    def _set(self, state: EngineState) -> None:
        self.state = state
        for listener in self._listeners:
            post_to(listener, EngineChanged(state))


def _has_died(engine: Engine) -> bool:
    return bool(getattr(engine, "has_died", False))
