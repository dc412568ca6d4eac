"""GuardedEngine: an engine in this process whose unforeseen errors are EngineFailed, so that they cost one answer, no more.

Each piece of work is done within a context of the caller's, such as one in which a signal may interrupt it.
"""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ParamSpec, TypeVar

from phi_core.chat.engine import Ask, Chunk, Engine, EngineInfo, LogLikelihood, TokenChange
from phi_core.chat.messages import Message
from phi_core.chat.tokens import Tokenised
from phi_core.errors import EngineFailed, PhiError

Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")


class GuardedEngine:
    """The same engine; `within` gives a context that all its work is done in."""

    def __init__(self, engine: Engine, within: Callable[[], AbstractContextManager[None]]) -> None:
        self._engine, self._within = engine, within

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def stream(self, ask: Ask) -> Iterator[Chunk]:
        return self._guarded(self._engine.stream(ask))

    def stream_batch(
        self, asks: Sequence[Ask], *, whole: bool = False
    ) -> Iterator[tuple[int, Chunk | EngineFailed]]:
        return self._guarded(self._engine.stream_batch(asks, whole=whole))

    def token_changes(self, messages: Sequence[Message], target: str) -> tuple[TokenChange, ...]:
        return self._call(self._engine.token_changes, messages, target)

    def add(self, label: str, adapter: Path) -> EngineInfo:
        return self._call(self._engine.add, label, adapter)

    def log_likelihood(self, messages: Sequence[Message], target: str) -> LogLikelihood:
        return self._call(self._engine.log_likelihood, messages, target)

    def sample_log_likelihood(self, sample: Tokenised, target: str) -> LogLikelihood:
        return self._call(self._engine.sample_log_likelihood, sample, target)

    def close(self) -> None:
        self._engine.close()

    def _guarded(self, pieces: Iterator[Found]) -> Iterator[Found]:
        while (piece := self._call(next, pieces, None)) is not None:
            yield piece

    def _call(
        self,
        work: Callable[Arguments, Found],
        *arguments: Arguments.args,
        **keywords: Arguments.kwargs,
    ) -> Found:
        try:
            with self._within():
                return work(*arguments, **keywords)
        except PhiError:
            raise
        except Exception as error:
            traceback.print_exc()
            raise EngineFailed(f"{type(error).__name__}: {error}") from None
