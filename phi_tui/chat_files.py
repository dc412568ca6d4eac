"""Earlier chats on disk, as blocking functions that return facts, and how a list shows them.

Views hand these to `engine_services.in_background`. Errors are phi's own, or OSError.
"""

import time
from pathlib import Path

from phi_core.chat.transcript_file import CHATS, SavedChat, TranscriptFile, export, saved_chats
from phi_core.chat.turns import Conversation
from phi_core.planning.places import state_directory
from phi_tui.engine_messages import ChatFound, ChatsFound, FilesWritten


def chats_folder() -> Path:
    return state_directory() / CHATS


def find_chats() -> ChatsFound:
    return ChatsFound(chats_folder(), tuple(saved_chats(chats_folder())))


def find_chat(chat: SavedChat) -> ChatFound:
    """RequestError if the file is gone or broken."""
    file = TranscriptFile(chat.path)
    return ChatFound(file, file.read())


def listed_chat(chat: SavedChat) -> str:
    """A line of the list."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(chat.modified))
    turns = f"{chat.num_turns} question{'s' * (chat.num_turns != 1)}"
    return " · ".join(part for part in (when, turns, ", ".join(chat.models), chat.first_prompt) if part)


def write_chat(folder: Path, conversation: Conversation) -> FilesWritten:
    """A new pair of files, phi-chat-<time>.jsonl and .md; never over an older one."""
    return FilesWritten(export(folder / time.strftime("phi-chat-%Y%m%d-%H%M%S.jsonl"), conversation))
