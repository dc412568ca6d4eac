"""Answers of `phi chat` as they stream: one, or one of each of two models; Ctrl-C stops them and what was said stays."""

import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

from phi_core.chat.engine import Ask, Chunk, Engine
from phi_core.chat.turns import Ending, Reply
from phi_core.cli.chat_session import Session
from phi_core.errors import EngineFailed, EngineLost, PhiError
from phi_core.plain_text import plain


def answer(session: Session, prompt: str) -> None:
    """Ask and print. What fails is told; the conversation and its file have all that was said."""
    _print_answers(session, lambda: session.ask(prompt))


def answer_again(session: Session) -> None:
    _print_answers(session, session.ask_again)


def _print_answers(session: Session, ask: Callable[[], tuple[Ask, ...]]) -> None:
    try:
        engine = session.living_engine()
    except KeyboardInterrupt:
        return session.tell("The model is not loaded. Your conversation is kept; ask again to load it.")
    except PhiError as error:
        session.status = max(session.status, error.exit_status)
        return session.tell(f"{error}\nYour conversation is kept; ask again to load the model.")
    with _interrupt(session) as interrupt:
        asks = ask()
        page = _Page(session, len(asks))
        try:
            _stream(engine, asks, page, interrupt)
            page.end_open("cancelled" if interrupt.is_wanted else "stop")
        except EngineLost as error:
            session.is_lost = True
            page.end_open("failed", f"{error}\nWhat was said is kept; /retry loads the model again.")
        except PhiError as error:
            page.end_open("failed", str(error))


def _stream(engine: Engine, asks: tuple[Ask, ...], page: "_Page", interrupt: "_Interrupt") -> None:
    """Until all have ended or a stop is wanted. Closing the stream stops the model."""
    alone = engine.stream(asks[0]) if len(asks) == 1 else None
    stream: Any = engine.stream_batch(asks) if alone is None else alone
    with closing(stream):
        for piece in stream:
            place, what = piece if alone is None else (0, piece)
            page.take(place, what)
            if interrupt.is_wanted:
                return


@dataclass
class _Interrupt:
    """Ctrl-C while an answer comes: it ends after the token under way; a second one gives the engine up.

    A KeyboardInterrupt in the middle of what the engine sends would leave the rest of it in the pipe.
    """

    is_wanted: bool = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.is_wanted:
            raise EngineLost("the model did not stop at once and was ended")
        self.is_wanted = True


@contextmanager
def _interrupt(session: Session) -> Iterator[_Interrupt]:
    """Ctrl-C stops answers; from a pipe it ends the command."""
    interrupt = _Interrupt()
    if not session.interactive:
        yield interrupt
        return
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)


class _Page:
    """The answers on the terminal: the first that is still open is printed as it comes, the others after it."""

    def __init__(self, session: Session, num_answers: int) -> None:
        self._session = session
        self._waiting = [""] * num_answers
        self._place = 0
        self._is_headed = False

    def take(self, place: int, piece: Chunk | EngineFailed) -> None:
        if isinstance(piece, EngineFailed):
            return self._end(place, replace(self._reply(place), ending="failed", error=str(piece)))
        reply = self._reply(place)
        changed = replace(
            reply,
            text=reply.text + piece.text,
            tokens=piece.tokens,
            seconds=piece.seconds,
            prompt_tokens=piece.prompt_tokens,
            dropped_turns=piece.dropped_turns,
            ending=piece.finish_reason,
        )
        self._waiting[place] += piece.text
        self._session.put(place, changed)
        self._print()

    def end_open(self, ending: Ending, error: str = "") -> None:
        """Every answer that has not ended ends so; the error is told once."""
        for place in range(len(self._waiting)):
            if self._reply(place).ending is None:
                self._end(place, replace(self._reply(place), ending=ending, error=error))
                error = ""

    def _end(self, place: int, reply: Reply) -> None:
        self._session.put(place, reply)
        self._print()

    def _reply(self, place: int) -> Reply:
        return self._session.conversation.turns[-1].newest[place]

    def _print(self) -> None:
        """What is new of the answer whose turn it is; once it has ended, the next one's."""
        while self._place < len(self._waiting):
            reply = self._reply(self._place)
            if len(self._waiting) > 1 and not self._is_headed:
                print(f"{plain(reply.who)}:", flush=True)
            self._is_headed = True
            print(plain(self._waiting[self._place]), end="", flush=True)
            self._waiting[self._place] = ""
            if reply.ending is None:
                return
            self._close(reply)
            self._place, self._is_headed = self._place + 1, False

    def _close(self, reply: Reply) -> None:
        print(flush=True)
        if reply.ending == "failed":
            self._session.status = max(self._session.status, 1)
        if reply.error:
            self._session.tell(reply.error)
        if self._session.interactive:
            self._session.tell(f"[{_facts(reply, self._session.engine.info.context_length)}]")


def _facts(reply: Reply, context_length: int) -> str:
    used = reply.prompt_tokens + reply.tokens
    room = f"/{context_length}" if context_length else ""
    meter = f"context {used}{room}" if reply.prompt_tokens else ""
    return " · ".join(part for part in (reply.facts, meter) if part)
