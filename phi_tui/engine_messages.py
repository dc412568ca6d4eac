"""Facts about engines, answers and files that services post to the view that asked. Nothing here acts.

`number` is the asker's own number of the request, so that it can pass over news of one that it gave up.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from textual.message import Message

from phi_core.chat.engine import EngineInfo, FinishReason
from phi_core.chat.transcript_file import SavedChat, TranscriptFile
from phi_core.chat.turns import Conversation
from phi_core.errors import PhiError
from phi_tui.engine_choice import ModelChoice, RunAdapter, RunChoice

Activity = Literal["idle", "loading", "ready", "busy", "stopping", "failed", "crashed"]
AT_WORK: frozenset[str] = frozenset({"loading", "busy", "stopping"})


@dataclass(frozen=True)
class EngineState:
    """`since` is a monotonic time, `what` the cause if it failed to load or crashed."""

    activity: Activity
    since: float = 0.0
    what: str = ""
    info: EngineInfo | None = None

    @property
    def is_at_work(self) -> bool:
        return self.activity in AT_WORK

    @property
    def is_broken(self) -> bool:
        return self.activity in ("failed", "crashed")

    def words(self, now: float) -> str:
        if self.activity == "loading":
            return f"loading, {now - self.since:.0f} s"
        if self.is_broken:
            return f"{'crashed' if self.activity == 'crashed' else 'could not load'}: ctrl+r tries again"
        if self.activity == "idle":
            return "not loaded yet"
        device = f" on {self.info.device}" if self.info else ""
        return f"{self.activity}{device}"


@dataclass
class EngineChanged(Message):
    state: EngineState


@dataclass
class TokenArrived(Message):
    """`text` is new; `tokens` and `seconds` count from the start of the answer. `place`: which of several asked at once."""

    number: int
    text: str
    tokens: int
    seconds: float
    place: int = 0
    prompt_tokens: int = 0
    dropped_turns: int = 0


@dataclass
class AnswerDone(Message):
    """`text` is the whole answer."""

    number: int
    text: str
    tokens: int
    seconds: float
    finish_reason: FinishReason
    place: int = 0
    prompt_tokens: int = 0
    dropped_turns: int = 0


@dataclass
class AnswerFailed(Message):
    """`text` is what came before it failed; `lost` says that the engine is gone."""

    number: int
    text: str
    tokens: int
    seconds: float
    what: str
    lost: bool = False
    place: int = 0


@dataclass
class RequestEnded(Message):
    """Every answer of the request that is still awaited has failed, as `what` says, or was given up ("")."""

    number: int
    what: str = ""


@dataclass
class AdapterAdded(Message):
    """It can be asked from now on."""

    label: str


@dataclass
class AdapterRefused(Message):
    label: str
    path: Path
    what: str
    lost: bool = False


@dataclass
class AdaptersGone(Message):
    """Adapters that were left out of a load because their folders have vanished."""

    labels: tuple[str, ...]


@dataclass
class RunsFound(Message):
    choices: tuple[RunChoice, ...]


@dataclass
class ChoiceFound(Message):
    choice: ModelChoice


@dataclass
class AdaptersFound(Message):
    """What a run has to talk to now. `is_live`: more may come."""

    run_path: Path
    adapters: tuple[RunAdapter, ...]
    is_live: bool


@dataclass
class ChatsFound(Message):
    """Earlier chats, newest first, and the folder that they are in."""

    folder: Path
    chats: tuple[SavedChat, ...]


@dataclass
class ChatFound(Message):
    file: TranscriptFile
    conversation: Conversation


@dataclass
class FilesWritten(Message):
    paths: tuple[Path, ...]


@dataclass
class ServiceFailed(Message):
    """A request about files that could not be fulfilled, as a sentence."""

    what: str


def sentence(error: Exception) -> str:
    """An error as it is shown: ours speak for themselves, others name their class."""
    return str(error) if isinstance(error, PhiError) else f"{type(error).__name__}: {error}"
