"""What a loaded engine is asked to do for Chat: one answer, or one of each of several models at once.

`answer` blocks, runs in a thread of the host, posts what is new at most ten times a second and returns the last fact.
`should_stop` is asked at every token. Knows nothing about threads, processes or widgets.
"""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from phi_core.chat.engine import Ask, Chunk, Engine, FinishReason
from phi_core.errors import EngineFailed, EngineLost, PhiError
from phi_tui.engine_messages import AnswerDone, AnswerFailed, TokenArrived

POST_SECONDS = 0.1
NOTHING_SAID = Chunk("", 0, 0.0)

Ended = AnswerDone | AnswerFailed
Post = Callable[[TokenArrived | Ended], None]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class Question:
    """One answer that is wanted, or one of each of several models at once. `number` is the asker's."""

    number: int
    asks: tuple[Ask, ...]


def answer(question: Question, engine: Engine, *, post: Post, should_stop: ShouldStop) -> Ended:
    """The answers, stopped between two tokens if that is wanted; what was said stays.

    Posts how each has ended, and returns this of the last one.
    """
    said = [_Said(question.number, place, post) for place in range(len(question.asks))]
    last: Ended | None = None

    def end(fact: Ended) -> None:
        nonlocal last
        if last is not None:
            post(last)
        last = fact

    try:
        with closing(_pieces(engine, question.asks)) as pieces:
            for place, piece in pieces:
                if (ended := said[place].take(piece)) is not None:
                    end(ended)
                elif should_stop():
                    break
        rest: FinishReason | PhiError = "cancelled" if should_stop() else "stop"
    except PhiError as error:
        rest = "cancelled" if should_stop() else error
    for each in said:
        if not each.has_ended:
            end(each.end(rest))
    assert last is not None, "nothing was asked"
    return last


def _pieces(engine: Engine, asks: tuple[Ask, ...]) -> Generator[tuple[int, Chunk | EngineFailed], None, None]:
    """Pieces of the answers as they come. Closing it stops the model."""
    alone = engine.stream(asks[0]) if len(asks) == 1 else None
    stream: Iterator[Any] = engine.stream_batch(asks) if alone is None else alone
    try:
        for piece in stream:
            yield piece if alone is None else (0, piece)
    finally:
        _close(stream)


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
    place: int
    post: Post
    pieces: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    last: Chunk = NOTHING_SAID
    has_ended: bool = False
    pace: _Pace = field(default_factory=_Pace)

    def take(self, piece: Chunk | EngineFailed) -> Ended | None:
        """Posts what is new now and then; how the answer has ended, if it has."""
        if isinstance(piece, EngineFailed):
            return self.end(piece)
        self.last = piece
        self.pieces.append(piece.text)
        self.waiting.append(piece.text)
        if piece.finish_reason is not None:
            return self.end(piece.finish_reason)
        if self.pace.is_due():
            self.post(
                TokenArrived(
                    self.number,
                    "".join(self.waiting),
                    piece.tokens,
                    piece.seconds,
                    self.place,
                    piece.prompt_tokens,
                    piece.dropped_turns,
                )
            )
            self.waiting.clear()
        return None

    def end(self, how: FinishReason | PhiError) -> Ended:
        self.has_ended = True
        text, last = "".join(self.pieces), self.last
        if isinstance(how, PhiError):
            lost = isinstance(how, EngineLost)
            return AnswerFailed(self.number, text, last.tokens, last.seconds, str(how), lost, self.place)
        return AnswerDone(
            self.number,
            text,
            last.tokens,
            last.seconds,
            how,
            self.place,
            last.prompt_tokens,
            last.dropped_turns,
        )


def _close(stream: Iterator[object]) -> None:
    """Tell a generator, in the thread that runs it, to stop the model."""
    close = getattr(stream, "close", None)
    if close is not None:
        close()
