"""ChatKeeper: keeps the chat on disk while it is led, so that quitting the app or its crash loses nothing.

`keep` returns at once: a thread writes the newest state of the conversation, an older one that waits is passed over.
Knows nothing about widgets; a disk that refuses is told once, by the callback.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from phi_core.chat.transcript_file import TranscriptFile, new_chat_path
from phi_core.chat.turns import Conversation
from phi_tui.chat_files import chats_folder

KEEP_SECONDS = 2.0
"""How often an answer under way is written."""


class ChatKeeper:
    """The writer of the chat under way. `_lock` guards what waits, `_writing` the file."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._file: TranscriptFile | None = None
        self._next: Conversation | None = None
        self._has_thread = False
        self._has_failed = False
        self._last = 0.0

    @property
    def path(self) -> Path | None:
        """The file of the chat under way."""
        return self._file.path if self._file else None

    def keep(self, conversation: Conversation, *, is_urgent: bool = True) -> None:
        """Write it soon; not urgent: only if the last time is a while ago."""
        if not is_urgent and time.monotonic() - self._last < KEEP_SECONDS:
            return
        self._last = time.monotonic()
        with self._lock:
            self._next = conversation
            if self._has_thread:
                return
            self._has_thread = True
        threading.Thread(target=self._write_all, daemon=True).start()

    def keep_now(self, conversation: Conversation) -> None:
        """Write it before anything else happens."""
        with self._writing:
            self._take()
            self._write(conversation)

    def begin_anew(self, conversation: Conversation) -> None:
        """The chat that ends is written for the last time; the next one has a file of its own."""
        self.keep_now(conversation)
        self._file = None

    def go_on_with(self, file: TranscriptFile, conversation: Conversation) -> None:
        """Write into the file of an earlier chat from now on; `conversation` ends."""
        self.begin_anew(conversation)
        self._file = file

    def _write_all(self) -> None:
        while True:
            with self._writing:
                conversation = self._take()
                if conversation is None:
                    return
                self._write(conversation)

    def _take(self) -> Conversation | None:
        """What waits; nothing more does."""
        with self._lock:
            conversation, self._next = self._next, None
            self._has_thread = self._has_thread and conversation is not None
        return conversation

    def _write(self, conversation: Conversation) -> None:
        if not conversation.turns and not conversation.left:
            return
        try:
            self._file = self._file or TranscriptFile(new_chat_path(chats_folder()))
            self._file.write(conversation)
        except OSError as error:
            if not self._has_failed:
                self._told(f"this chat cannot be kept on disk: {error}; ctrl+s writes it elsewhere")
            self._has_failed = True
