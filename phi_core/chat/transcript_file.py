"""Transcripts on disk: the folder of autosaved chats, one file a chat, and exports that never replace a file.

A file is written beside and renamed, so that a chat is whole after any crash. One writer a file: if another program has
changed the file since, this one goes on in a file of its own, and nothing of either is lost.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from phi_core.chat.transcript import conversation_from, transcript_lines, transcript_markdown
from phi_core.chat.turns import Conversation
from phi_core.errors import RequestError
from phi_core.files import write_text

CHATS = "chats"
"""Folder of the autosaved chats, in the folder where phi keeps what it remembers."""
LONGEST_LIST = 200

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class SavedChat:
    """A chat as a list shows it. `modified` is in seconds since the epoch, `models` who answered."""

    path: Path
    modified: float
    first_prompt: str
    num_turns: int
    models: tuple[str, ...]


class TranscriptFile:
    """The file that one conversation is kept in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: Stamp | None = None

    def read(self) -> Conversation:
        """What it holds; from now on this object is its writer. RequestError if it cannot be read."""
        self._stamp = _stamp(self.path)
        return read_transcript(self.path)

    def write(self, conversation: Conversation) -> Path:
        """The file is this conversation now; where it is."""
        if _stamp(self.path) != self._stamp:
            self.path = free_path(self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_text(self.path, transcript_lines(conversation))
        os.chmod(self.path, 0o600)
        self._stamp = _stamp(self.path)
        return self.path


def new_chat_path(folder: Path) -> Path:
    """A name for a new chat in the folder; the process is in it, so that two programs never choose the same."""
    return free_path(folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.jsonl")


def read_transcript(path: Path) -> Conversation:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise RequestError(
            f"{path} cannot be read: {error.strerror}", "Give a .jsonl file of a chat"
        ) from None
    return conversation_from(text, source=str(path))


def saved_chats(folder: Path) -> Sequence[SavedChat]:
    """The chats in a folder, newest first; a file that is none is passed over."""
    paths = sorted(folder.glob("*.jsonl"), key=_modified, reverse=True)[:LONGEST_LIST]
    return [chat for path in paths if (chat := _saved_chat(path)) is not None]


def export(path: Path, conversation: Conversation) -> tuple[Path, Path]:
    """Write `path` and its Markdown twin beside it, both under a name that is free; where they are."""
    name = path.stem if path.suffix in (".jsonl", ".md") else path.name
    lines = next(
        lines
        for lines in (path.with_name(f"{name}{ending}.jsonl") for ending in _endings())
        if not lines.exists() and not lines.with_suffix(".md").exists()
    )
    write_text(lines, transcript_lines(conversation))
    write_text(lines.with_suffix(".md"), transcript_markdown(conversation))
    return lines, lines.with_suffix(".md")


def free_path(path: Path) -> Path:
    """The path, or one with a number where there is a file already."""
    names = (path.with_name(f"{path.stem}{ending}{path.suffix}") for ending in _endings())
    return next(name for name in names if not name.exists())


def _endings() -> tuple[str, ...]:
    return ("", *(f"-{number}" for number in range(2, 10_000)))


def _saved_chat(path: Path) -> SavedChat | None:
    try:
        turns = read_transcript(path).turns
    except RequestError:
        return None
    models = dict.fromkeys(reply.who for turn in turns for reply in turn.replies)
    return SavedChat(path, _modified(path), turns[0].prompt if turns else "", len(turns), tuple(models))


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _stamp(path: Path) -> Stamp | None:
    """What changes when a file is written; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
