"""The lines that `phi chat` reads: a prompt with editing and history in a terminal, plain lines from a pipe.

The history is kept in the folder where phi keeps what it remembers, readable by its owner only.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress

from phi_core.cli.chat_session import Session, who_words
from phi_core.plain_text import plain
from phi_core.planning.places import state_directory

HISTORY = "chat_history"
HISTORY_LENGTH = 1000


def lines(session: Session) -> Iterator[str]:
    """Every line until the end of input. Ctrl-C at the prompt drops what was typed."""
    if not session.interactive:
        yield from (line.rstrip("\r\n") for line in sys.stdin)
        return
    _recall()
    while True:
        try:
            line = _prompt(session)
            _remember()
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            session.tell("Ctrl-D leaves")
            continue
        yield line


def _prompt(session: Session) -> str:
    draft, session.draft = session.draft, ""
    with suppress(ImportError):
        import readline

        readline.set_startup_hook(lambda: readline.insert_text(draft) if draft else None)
    return input(f"\n{plain(who_words(session))}> ")


def _recall() -> None:
    """The history of earlier chats; without readline, or with a file that cannot be read, there is none."""
    with suppress(ImportError, OSError):
        import readline

        readline.set_history_length(HISTORY_LENGTH)
        readline.read_history_file(state_directory() / HISTORY)


def _remember() -> None:
    """At once: the chat may be killed."""
    with suppress(ImportError, OSError):
        import readline

        path = state_directory() / HISTORY
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        readline.write_history_file(path)
        os.chmod(path, 0o600)
