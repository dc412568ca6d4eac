"""Work beside the screen: a daemon thread that knows its app, and facts posted to whoever still listens.

Touches no widget and waits for nothing.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context

from textual.message import Message
from textual.message_pump import MessagePump

from phi_tui.engine_messages import ServiceFailed, sentence


def in_background(owner: MessagePump, work: Callable[[], Message]) -> None:
    """Post the fact that `work` returns to `owner`, or ServiceFailed."""

    def perform() -> None:
        try:
            fact = work()
        except Exception as error:
            fact = ServiceFailed(sentence(error))
        post_to(owner, fact)

    started(perform)


def started(work: Callable[[], object]) -> threading.Thread:
    """A daemon thread that knows which app it works for."""
    thread = threading.Thread(target=copy_context().run, args=(work,), daemon=True)
    thread.start()
    return thread


def post_to(owner: MessagePump, fact: Message) -> None:
    """Facts for a widget or an app that has gone are nobody's."""
    with suppress(RuntimeError):
        owner.post_message(fact)
