"""What `phi chat` knows between two lines: the engine, who answers and how, the conversation and its file.

An engine that has died is started again by the next question, with the adapters that it had; the conversation is never
lost with it. Prints nothing but by `tell`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from phi_core.chat.engine import BASE, Ask, Engine
from phi_core.chat.transcript_file import CHATS, TranscriptFile, new_chat_path, saved_chats
from phi_core.chat.turns import Conversation, Reply
from phi_core.cli.target import Target
from phi_core.config.sampling import Sampling
from phi_core.errors import RequestError
from phi_core.files import user_path
from phi_core.planning.places import state_directory

KEEP_SECONDS = 2.0
"""How often an answer under way is written to its file."""


def chats_folder() -> Path:
    return state_directory() / CHATS


def earlier_chat(name: str, *, besides: TranscriptFile | None = None) -> tuple[TranscriptFile, Conversation]:
    """The chat of a file, or with `latest` the newest that was kept. RequestError if there is none."""
    path = user_path(name)
    if name == "latest" and not path.exists():
        kept = [chat.path for chat in saved_chats(chats_folder()) if not besides or chat.path != besides.path]
        if not kept:
            raise RequestError(f"there is no earlier chat in {chats_folder()}")
        path = kept[0]
    file = TranscriptFile(path)
    return file, file.read()


@dataclass
class Session:
    """`open` starts an engine for a target; `file` is None where the chat is not kept; `status` that of the command."""

    open: Callable[[Target], Engine]
    loaded: Target
    engine: Engine
    target: str
    sampling: Sampling
    tell: Callable[[str], None]
    system: str = ""
    strength: float = 1.0
    is_both: bool = False
    interactive: bool = False
    is_lost: bool = False
    conversation: Conversation = field(default_factory=Conversation)
    file: TranscriptFile | None = None
    draft: str = ""
    """What the next prompt begins with."""
    status: int = 0
    kept: float = 0.0

    def living_engine(self) -> Engine:
        """The engine; a dead one is started again first. PhiError if it cannot be loaded."""
        if self.is_lost:
            self.engine.close()
            self.loaded = self._still_there()
            self.engine = self.open(self.loaded)
            self.is_lost = False
            if self.target not in self.engine.info.targets:
                self.target = self.engine.info.targets[-1]
                self.tell(f"{self.target} answers now")
        return self.engine

    def add(self, label: str, path: Path) -> None:
        """One more adapter, which answers from now on. PhiError if it cannot be loaded."""
        if self.loaded.adapters.get(label) != path:
            self.living_engine().add(label, path)
            self.loaded = replace(self.loaded, adapters={**self.loaded.adapters, label: path})
        self.target = label

    @property
    def answering(self) -> tuple[str, ...]:
        """The targets that answer the next question."""
        targets = self.engine.info.targets
        if not self.is_both:
            return (self.target,)
        return tuple(dict.fromkeys((targets[0], self.target if self.target != targets[0] else targets[-1])))

    def ask(self, prompt: str) -> tuple[Ask, ...]:
        """A new question, as it is put to the engine."""
        self.conversation = self.conversation.asked(prompt, self._replies())
        return self._asks()

    def ask_again(self) -> tuple[Ask, ...]:
        """The last question once more."""
        self.conversation = self.conversation.asked_again(self._replies())
        return self._asks()

    def put(self, place: int, reply: Reply) -> None:
        """A reply to the last question as it is now; the file follows now and then, and at its end."""
        turns = self.conversation.turns
        self.conversation = replace(
            self.conversation,
            turns=(*turns[:-1], turns[-1].with_reply(place, reply.from_engine(self.engine.info))),
        )
        if reply.ending is not None or time.monotonic() - self.kept > KEEP_SECONDS:
            self.keep()

    def keep(self) -> None:
        """Write the conversation to its file; a disk that refuses ends the keeping, not the chat."""
        self.kept = time.monotonic()
        is_empty = not self.conversation.turns and not self.conversation.left
        if self.file is None or is_empty:
            return
        try:
            self.file.write(self.conversation)
        except OSError as error:
            self.tell(f"this chat is not kept on disk any more: {error}; /save FILE writes it elsewhere")
            self.file = None

    def begin(self, conversation: Conversation) -> None:
        """Another conversation; the one that ends stays in its file."""
        self.keep()
        self.conversation = conversation
        self.file = TranscriptFile(new_chat_path(chats_folder())) if self.file is not None else None

    def _still_there(self) -> Target:
        """What was loaded, without the checkpoints that have vanished since."""
        there = {
            label: path
            for label, path in self.loaded.adapters.items()
            if (path / "adapter_config.json").is_file()
        }
        for label in self.loaded.adapters.keys() - there.keys():
            self.tell(f"{label} is gone: its run keeps only its newest checkpoints")
        return replace(self.loaded, adapters=there)

    def _replies(self) -> list[Reply]:
        adapters, endpoints = self.loaded.adapters, self.loaded.endpoints
        return [
            Reply(
                model=endpoints.get(target, self.engine.info.model_name),
                target=target,
                sampling=self.sampling,
                system=self.system,
                strength=self.strength if target in adapters else 1.0,
                adapter=str(adapters.get(target, "")),
            )
            for target in self.answering
        ]

    def _asks(self) -> tuple[Ask, ...]:
        self.keep()
        return self.conversation.asks


def who_words(session: Session) -> str:
    """Who answers the next question, as the prompt says it."""
    names = " and ".join("base" if target == BASE else target for target in session.answering)
    has_strength = any(target in session.loaded.adapters for target in session.answering)
    return f"{names} ×{session.strength:g}" if has_strength and session.strength != 1.0 else names
