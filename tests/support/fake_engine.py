"""A scripted Engine: answers per target from a text, a table or a function, word by word, without a model.

In: scripts and prompts that shall fail. Out: what `chat.engine.Engine` promises, and counts for tests: the calls, the
open streams. Nothing waits on a clock; `before_chunk` lets a test hold an answer where it wants.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from phi_core.chat.engine import (
    BASE,
    Ask,
    BaseProof,
    Chunk,
    EngineInfo,
    FinishReason,
    LogLikelihood,
    TokenChange,
    one_by_one,
)
from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import Tokenised
from phi_core.config.sampling import Sampling
from phi_core.errors import AdapterError, EngineFailed, EngineLost

Script = str | Mapping[str, str] | Callable[[str], str]
"""One answer to everything, an answer a prompt, or prompt → answer."""

SECONDS_PER_TOKEN = 0.01


@dataclass(frozen=True)
class Call:
    messages: tuple[Message, ...]
    target: str
    sampling: Sampling | None
    """None: a log-likelihood was asked for."""
    strength: float = 1.0


class FakeEngine:
    """One token a word. A table without the prompt answers "no idea"; `failing` prompts raise EngineFailed."""

    def __init__(
        self,
        scripts: Mapping[str, Script],
        *,
        failing: Collection[str] | Callable[[str, str], bool] = (),
        log_likelihoods: Callable[[str, str], float] | None = None,
        proof: BaseProof | None = None,
        context_length: int = 2048,
        fingerprints: Mapping[str, str] | None = None,
        before_chunk: Callable[[], None] = lambda: None,
    ) -> None:
        adapters = tuple(target for target in scripts if target != BASE)
        self._scripts: dict[str, Script] = {BASE: "no idea", **scripts}
        self._failing = failing
        self._log_likelihoods = log_likelihoods
        self._before_chunk = before_chunk
        info = _info((BASE, *adapters), proof, context_length)
        self._info = replace(info, fingerprints=dict(fingerprints or {}))
        self.calls: list[Call] = []
        self.batches: list[int] = []
        self.open_streams = 0
        self.is_closed = False

    @property
    def info(self) -> EngineInfo:
        return self._info

    def stream(self, ask: Ask) -> Iterator[Chunk]:
        assert not self.open_streams, "a second answer was asked for before the first had ended"
        self._check(ask.messages, ask.target)
        self.calls.append(Call(ask.messages, ask.target, ask.sampling, ask.strength))
        return self._chunks(self._answer(_prompt(ask.messages), ask.target), ask.sampling.max_new_tokens)

    def stream_batch(
        self, asks: Sequence[Ask], *, whole: bool = False
    ) -> Iterator[tuple[int, Chunk | EngineFailed]]:
        """One after the other; the sizes of the batches are kept in `batches`."""
        self.batches.append(len(asks))
        return one_by_one(self, asks, whole=whole)

    def token_changes(self, messages: Sequence[Message], target: str) -> tuple[TokenChange, ...]:
        """A word a token: −1 with the base, −0.5 with the adapter, and a KL of 0.1 times the word's place."""
        self._check(messages, target)
        if not messages or messages[-1].role != "assistant":
            raise EngineFailed("there is no answer to look at")
        words = _words(messages[-1].content)
        return tuple(TokenChange(word, -1.0, -0.5, 0.1 * place) for place, word in enumerate(words))

    def add(self, label: str, adapter: Path) -> EngineInfo:
        """The new target answers with the name of its folder."""
        if self.is_closed:
            raise EngineLost("the engine is closed")
        if label == BASE:
            raise AdapterError(f"an adapter is labelled {BASE!r}, which means the base model")
        self._scripts[label] = adapter.name
        targets = tuple(dict.fromkeys((*self._info.targets, label)))
        proof = replace(
            self._info.proof, adapter_differences={**self._info.proof.adapter_differences, label: 1.0}
        )
        self._info = replace(
            self._info, targets=targets, proof=proof, serving=dict.fromkeys(targets, "mixed")
        )
        return self._info

    def log_likelihood(self, messages: Sequence[Message], target: str) -> LogLikelihood:
        """−0.5 a token if the target would answer just that, else −1; a stop token closes each assistant turn."""
        self._check(messages, target)
        self.calls.append(Call(tuple(messages), target, None))
        turns = [message.content for message in messages if message.role == "assistant"]
        tokens = sum(len(_words(turn)) + 1 for turn in turns)
        if self._log_likelihoods is not None:
            return LogLikelihood(self._log_likelihoods(_prompt(messages), target), tokens)
        expected = turns and turns[-1] == self._answer(_prompt(messages), target)
        return LogLikelihood((-0.5 if expected else -1.0) * tokens, tokens)

    def sample_log_likelihood(self, sample: Tokenised, target: str) -> LogLikelihood:
        """−1 a token for the base, −0.5 for an adapter: ids mean nothing to a script."""
        self._check((), target)
        self.calls.append(Call((), target, None))
        return LogLikelihood((-1.0 if target == BASE else -0.5) * sample.num_trained, sample.num_trained)

    def close(self) -> None:
        self.is_closed = True

    def _check(self, messages: Sequence[Message], target: str) -> None:
        if self.is_closed:
            raise EngineLost("the engine is closed")
        if target not in self._scripts:
            raise EngineFailed(
                f"no model is loaded as {target!r}", f"Loaded are {', '.join(self._info.targets)}"
            )
        prompt = _prompt(messages)
        if self._failing(prompt, target) if callable(self._failing) else prompt in self._failing:
            raise EngineFailed(f"cannot answer {prompt!r}")

    def _answer(self, prompt: str, target: str) -> str:
        script = self._scripts[target]
        if isinstance(script, str):
            return script
        return script(prompt) if callable(script) else script.get(prompt, "no idea")

    def _chunks(self, answer: str, max_new_tokens: int) -> Iterator[Chunk]:
        self.open_streams += 1
        try:
            words = _words(answer)
            said = words[:max_new_tokens]
            for tokens, word in enumerate(said, 1):
                self._before_chunk()
                yield Chunk(word, tokens, tokens * SECONDS_PER_TOKEN)
            reason: FinishReason = "length" if len(words) > len(said) else "stop"
            yield Chunk("", len(said), len(said) * SECONDS_PER_TOKEN, reason)
        finally:
            self.open_streams -= 1


def _info(targets: tuple[str, ...], proof: BaseProof | None, context_length: int) -> EngineInfo:
    return EngineInfo(
        model_name="fake/model",
        targets=targets,
        device="cpu",
        dtype="float32",
        num_parameters=1_000,
        prompt_format="raw",
        prompt_format_hash="0" * 12,
        context_length=context_length,
        proof=proof or BaseProof(0.0, dict.fromkeys(targets[1:], 1.0)),
        serving=dict.fromkeys(targets, "mixed"),
        versions={"phi-trainer": "0.1.0"},
    )


def _prompt(messages: Sequence[Message]) -> str:
    return next((message.content for message in reversed(messages) if message.role == "user"), "")


def _words(text: str) -> list[str]:
    """Pieces that join to the text: each word with the white space around it."""
    return re.findall(r"\s*\S+\s*$|\s*\S+|\s+$", text)
