"""JoinedEngine: several engines as one, such as a model here with its adapters beside models behind endpoints.

Each target is asked of the engine that has it; what is said of the model here (proof, parameters) is said of the whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from phi_core.chat.engine import (
    BASE,
    Ask,
    BaseProof,
    Chunk,
    Engine,
    EngineInfo,
    LogLikelihood,
    TokenChange,
)
from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import Tokenised
from phi_core.errors import EngineFailed, RequestError


class JoinedEngine:
    """The first engine is the one that `add` goes to. Closing closes all. RequestError if two have a target in common."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        if not engines:
            raise RequestError("there is no engine to join", "Name a model or an endpoint")
        self._engines = tuple(engines)

    @property
    def info(self) -> EngineInfo:
        """Waits for all engines to have loaded."""
        infos = [engine.info for engine in self._engines]
        targets = [target for info in infos for target in info.targets]
        if twice := sorted({target for target in targets if targets.count(target) > 1}):
            raise RequestError(f"two models are called {twice[0]!r}", "Give one of them another label")
        first = infos[0]
        return replace(
            first,
            targets=tuple(sorted(targets, key=lambda target: target != BASE)),
            serving={target: serving for info in infos for target, serving in info.serving.items()},
            fingerprints={target: mark for info in infos for target, mark in info.fingerprints.items()},
            proof=first.proof if BASE in first.targets else BaseProof(None, first.proof.adapter_differences),
        )

    def stream(self, ask: Ask) -> Iterator[Chunk]:
        return self._of(ask.target).stream(ask)

    def stream_batch(
        self, asks: Sequence[Ask], *, whole: bool = False
    ) -> Iterator[tuple[int, Chunk | EngineFailed]]:
        """Engine by engine; the positions are those of `asks`."""
        known, places = self.info.targets, dict[int, list[int]]()
        for position, ask in enumerate(asks):
            if ask.target in known:
                places.setdefault(self._engines.index(self._of(ask.target)), []).append(position)
            else:
                yield position, self._unknown(ask.target)
        for engine, positions in places.items():
            batch = [asks[position] for position in positions]
            for place, piece in self._engines[engine].stream_batch(batch, whole=whole):
                yield positions[place], piece

    def token_changes(self, messages: Sequence[Message], target: str) -> tuple[TokenChange, ...]:
        return self._of(target).token_changes(messages, target)

    def add(self, label: str, adapter: Path) -> EngineInfo:
        if any(label in engine.info.targets for engine in self._engines[1:]):
            raise RequestError(f"a model is called {label!r} already", "Use another label")
        self._engines[0].add(label, adapter)
        return self.info

    def log_likelihood(self, messages: Sequence[Message], target: str) -> LogLikelihood:
        return self._of(target).log_likelihood(messages, target)

    def sample_log_likelihood(self, sample: Tokenised, target: str) -> LogLikelihood:
        return self._of(target).sample_log_likelihood(sample, target)

    def close(self) -> None:
        for engine in self._engines:
            engine.close()

    def _of(self, target: str) -> Engine:
        for engine in self._engines:
            if target in engine.info.targets:
                return engine
        raise self._unknown(target)

    def _unknown(self, target: str) -> EngineFailed:
        return EngineFailed(f"no model is loaded as {target!r}", f"Loaded are {', '.join(self.info.targets)}")
