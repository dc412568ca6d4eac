"""What a loaded engine is asked to do for Chat and Compare: one answer, or a batch of questions.

Each function blocks, runs in a thread of the host, posts what is new at most ten times a second and returns the last
fact. `should_stop` is asked at every token. Knows nothing about threads, processes or widgets.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from phi_core.chat.engine import Chunk, Engine, FinishReason
from phi_core.chat.messages import Message
from phi_core.config.sampling import Sampling
from phi_core.errors import EngineLost, PhiError
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.question_set import QuestionSet
from phi_core.evaluation.runner import run_questions
from phi_tui.engine_messages import AnswerDone, AnswerFailed, BatchDone, BatchProgress, TokenArrived

POST_SECONDS = 0.1
NOTHING_SAID = Chunk("", 0, 0.0)

Post = Callable[[TokenArrived | BatchProgress], None]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class Question:
    """One answer that is wanted. `number` is the asker's."""

    number: int
    messages: tuple[Message, ...]
    target: str
    sampling: Sampling


@dataclass(frozen=True)
class Batch:
    """A question set for all `targets`; what is in `already` is not asked again unless it failed."""

    number: int
    question_set: QuestionSet
    targets: tuple[str, ...]
    already: tuple[Answer, ...] = ()


def answer(
    question: Question, engine: Engine, *, post: Post, should_stop: ShouldStop
) -> AnswerDone | AnswerFailed:
    """The answer, stopped between two tokens if that is wanted; what was said stays."""
    said = _Said(question.number, post)
    try:
        stream = engine.stream(question.messages, question.target, question.sampling)
        for chunk in stream:
            said.add(chunk)
            if chunk.finish_reason is None and should_stop():
                _close(stream)
                return said.done("cancelled")
    except PhiError as error:
        if should_stop():
            return said.done("cancelled")
        return said.failed(error)
    return said.done(said.last.finish_reason or "stop")


def run_batch(batch: Batch, engine: Engine, *, post: Post, should_stop: ShouldStop) -> BatchDone:
    """All missing answers. A question that fails does not end the batch; an engine that has died does."""
    outbox = _Outbox(batch.number, post)
    death = ""

    def has_to_end() -> bool:
        outbox.flush_if_due()
        return should_stop()

    try:
        run_questions(
            batch.question_set,
            engine,
            targets=batch.targets,
            on_answer=outbox.add,
            should_stop=has_to_end,
            already=batch.already,
        )
    except EngineLost as error:
        death = "" if should_stop() else str(error)
    finally:
        outbox.flush()
    return BatchDone(batch.number, stopped=should_stop(), what=death, lost=bool(death))


@dataclass
class _Pace:
    """Says when the next fact may be posted."""

    last: float = 0.0

    def is_due(self) -> bool:
        now = time.monotonic()
        if now - self.last < POST_SECONDS:
            return False
        self.last = now
        return True


@dataclass
class _Said:
    """An answer as it grows. `waiting` has not been posted yet."""

    number: int
    post: Post
    pieces: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    last: Chunk = NOTHING_SAID
    pace: _Pace = field(default_factory=_Pace)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def add(self, chunk: Chunk) -> None:
        self.last = chunk
        self.pieces.append(chunk.text)
        self.waiting.append(chunk.text)
        if self.pace.is_due():
            self.post(TokenArrived(self.number, "".join(self.waiting), chunk.tokens, chunk.seconds))
            self.waiting.clear()

    def done(self, reason: FinishReason) -> AnswerDone:
        return AnswerDone(self.number, self.text, self.last.tokens, self.last.seconds, reason)

    def failed(self, error: PhiError) -> AnswerFailed:
        lost = isinstance(error, EngineLost)
        return AnswerFailed(self.number, self.text, self.last.tokens, self.last.seconds, str(error), lost)


@dataclass
class _Outbox:
    """Answers on their way to the screen."""

    number: int
    post: Post
    waiting: list[Answer] = field(default_factory=list)
    pace: _Pace = field(default_factory=_Pace)

    def add(self, answer: Answer) -> None:
        self.waiting.append(answer)
        self.flush_if_due()

    def flush_if_due(self) -> None:
        if self.waiting and self.pace.is_due():
            self.flush()

    def flush(self) -> None:
        if self.waiting:
            self.post(BatchProgress(self.number, tuple(self.waiting)))
            self.waiting.clear()


def _close(stream: Iterator[Chunk]) -> None:
    """Tell a generator, in the thread that runs it, to stop the model."""
    close = getattr(stream, "close", None)
    if close is not None:
        close()
