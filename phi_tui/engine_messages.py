"""Facts about engines, answers and files that services post to the view that asked. Nothing here acts.

`number` is the asker's own number of the request, so that it can pass over news of one that it gave up.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from textual.message import Message

from phi_core.chat.engine import EngineInfo, FinishReason
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.question_set import QuestionSet
from phi_tui.engine_choice import ModelChoice, RunChoice

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
    """`text` is new; `tokens` and `seconds` count from the start of the answer."""

    number: int
    text: str
    tokens: int
    seconds: float


@dataclass
class AnswerDone(Message):
    """`text` is the whole answer."""

    number: int
    text: str
    tokens: int
    seconds: float
    finish_reason: FinishReason


@dataclass
class AnswerFailed(Message):
    """`text` is what came before it failed; `lost` says that the engine is gone."""

    number: int
    text: str
    tokens: int
    seconds: float
    what: str
    lost: bool = False


@dataclass
class BatchProgress(Message):
    """`answers` are new."""

    number: int
    answers: tuple[Answer, ...]


@dataclass
class BatchDone(Message):
    """The batch ended: whole, stopped, or, if `what` says so, failed; `lost` says that the engine is gone."""

    number: int
    stopped: bool
    what: str = ""
    lost: bool = False


@dataclass
class RunsFound(Message):
    choices: tuple[RunChoice, ...]


@dataclass
class ChoiceFound(Message):
    choice: ModelChoice


@dataclass
class QuestionsRead(Message):
    question_set: QuestionSet


@dataclass
class QuestionsRefused(Message):
    path: Path
    what: str


@dataclass
class FilesWritten(Message):
    paths: tuple[Path, ...]


@dataclass
class ServiceFailed(Message):
    """A request about files that could not be fulfilled, as a sentence."""

    what: str
