"""The Engine interface: a loaded base model with any number of adapters that answers messages.

Implemented by a model in this process (inference.LocalEngine), by one behind a pipe (jobs.RemoteEngine) and by a
fake in tests; `tests/contracts/test_engine_contract.py` is run on all of them. Knows nothing about torch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from phi_core.chat.messages import Message
from phi_core.chat.tokens import Tokenised
from phi_core.config.sampling import Sampling
from phi_core.config.words import Quantization
from phi_core.errors import EngineFailed, EngineLost

BASE = "base"
"""The target that means: the base model, every adapter off."""

FinishReason = Literal["stop", "length", "cancelled"]


Serving = Literal["mixed", "separate pass", "own base", "remote"]
"""How a target is served: in one batch with the base; alone, because its kind cannot be mixed (DoRA); beside a base that
was loaded a second time, because its start altered the base under it (PiSSA, OLoRA, LoftQ made elsewhere); elsewhere."""


@dataclass(frozen=True)
class Ask:
    """One answer that is wanted. `strength` multiplies what the adapter adds: 0 the base, 1 as trained, at most 2."""

    messages: tuple[Message, ...]
    target: str
    sampling: Sampling
    strength: float = 1.0


@dataclass(frozen=True)
class Chunk:
    """A piece of an answer. `tokens` and `seconds` count from the start of the answer.

    Every piece but the last has `finish_reason` None; the last may have empty text. `prompt_tokens` is the length of the
    prompt as the model saw it, after `dropped_turns` of the oldest turns were left out because the history was too long.
    """

    text: str
    tokens: int
    seconds: float
    finish_reason: FinishReason | None = None
    prompt_tokens: int = 0
    dropped_turns: int = 0


@dataclass(frozen=True)
class LogLikelihood:
    """Natural log of the probability of all assistant turns, their stop tokens included, over `tokens` tokens."""

    log_likelihood: float
    tokens: int


@dataclass(frozen=True)
class TokenChange:
    """One token of an answer: its natural log probability with the base and with the adapter, and KL(adapter ‖ base) of
    the two distributions it was drawn from, in nats."""

    text: str
    base: float
    adapter: float
    kl: float


@dataclass(frozen=True)
class BaseProof:
    """What the self-check at load found, on a fixed probe text.

    `base_difference` is the largest difference of logits between the bare base model, measured before any adapter
    was attached, and the base as it answers now, None where the base is an endpoint that cannot be looked into;
    `adapter_differences` the same for each adapter switched on.
    """

    base_difference: float | None
    adapter_differences: dict[str, float] = field(default_factory=dict)
    mixed_difference: float | None = None
    """The same for the base as answers are computed: a row of a batch, beside adapters that can be in it; None: unknown."""
    mixed_tolerance: float = 0.0
    """What rounding may make of it: sums over batches of other sizes are added up in another order."""
    apart: dict[str, str] = field(default_factory=dict)
    """Adapters that cannot answer from one batch with the base → why, and how they are served."""

    @property
    def holds(self) -> bool:
        return self.base_difference == 0.0 and self.mixes

    @property
    def mixes(self) -> bool:
        """Whether the base is the base in a mixed batch too."""
        return self.mixed_difference is None or self.mixed_difference <= self.mixed_tolerance

    @property
    def idle_adapters(self) -> list[str]:
        """Adapters that change nothing."""
        return [label for label, difference in self.adapter_differences.items() if difference == 0.0]

    def sentence(self) -> str:
        if self.base_difference is None:
            return "base NOT proved: it answers from an endpoint"
        if self.base_difference != 0.0:
            return f"base NOT proved: logits differ by {self.base_difference:.2g} from the bare base model"
        if not self.mixes:
            return f"base NOT proved: in a mixed batch its logits differ by {self.mixed_difference:.2g}"
        if self.idle_adapters:
            found = f"base proved; adapter {', '.join(self.idle_adapters)} changes nothing"
        else:
            found = "base proved: logits equal the bare base model's"
        return "; ".join([found, *(f"{label}: {words}" for label, words in self.apart.items())])


@dataclass(frozen=True)
class EngineInfo:
    """What is loaded. `targets` are the names that `stream` accepts: base first, then the adapters' labels."""

    model_name: str
    targets: tuple[str, ...]
    device: str
    dtype: str
    num_parameters: int
    prompt_format: str
    prompt_format_hash: str
    context_length: int
    proof: BaseProof
    fingerprints: dict[str, str] = field(default_factory=dict)
    """Target → hash of its weights: the base's files, or the adapter's; a remote one has none."""
    serving: dict[str, Serving] = field(default_factory=dict)
    quantization: Quantization = "none"
    """How the base's weights are held."""
    versions: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Engine(Protocol):
    """One answer at a time; a second `stream` before the first has ended is a mistake of the caller."""

    @property
    def info(self) -> EngineInfo: ...

    def stream(self, ask: Ask) -> Iterator[Chunk]:
        """The answer, piece by piece. Closing the iterator stops the model. EngineFailed if it cannot answer."""
        ...

    def stream_batch(
        self, asks: Sequence[Ask], *, whole: bool = False
    ) -> Iterator[tuple[int, Chunk | EngineFailed]]:
        """Pieces of many answers as they come, each with the position of its ask; `whole`: only whole answers, one
        chunk each, as they end. What one ask cannot have is its EngineFailed; the others go on. Closing stops all.
        """
        ...

    def token_changes(self, messages: Sequence[Message], target: str) -> tuple[TokenChange, ...]:
        """How the adapter `target` moved each token of the last assistant turn of `messages` away from the base."""
        ...

    def add(self, label: str, adapter: Path) -> EngineInfo:
        """Load one more adapter beside the others; a label that is there already is loaded anew from `adapter`."""
        ...

    def log_likelihood(self, messages: Sequence[Message], target: str) -> LogLikelihood:
        """How likely the model finds the assistant turns of `messages`."""
        ...

    def sample_log_likelihood(self, sample: Tokenised, target: str) -> LogLikelihood:
        """How likely the model finds the trained tokens of a sample that was tokenised beforehand."""
        ...

    def close(self) -> None:
        """Free the model. A closed engine answers nothing."""
        ...


@dataclass(frozen=True)
class Completion:
    """A whole answer."""

    text: str
    tokens: int
    seconds: float
    finish_reason: FinishReason
    prompt_tokens: int = 0
    dropped_turns: int = 0


def complete(engine: Engine, ask: Ask) -> Completion:
    """The answer as a whole."""
    pieces, last = [], Chunk("", 0, 0.0, "stop")
    for last in engine.stream(ask):
        pieces.append(last.text)
    return Completion(
        "".join(pieces),
        last.tokens,
        last.seconds,
        last.finish_reason or "stop",
        last.prompt_tokens,
        last.dropped_turns,
    )


def whole_answer(answer: Completion) -> Chunk:
    """The only chunk of an answer that is given as a whole."""
    return Chunk(**asdict(answer))


def whole_answers(
    pieces: Iterator[tuple[int, Chunk | EngineFailed]],
) -> Iterator[tuple[int, Chunk | EngineFailed]]:
    """The answers of a batch of pieces, each as a whole when it has ended."""
    said: dict[int, list[str]] = {}
    for position, piece in pieces:
        if isinstance(piece, EngineFailed):
            yield position, piece
            continue
        said.setdefault(position, []).append(piece.text)
        if piece.finish_reason is not None:
            yield position, replace(piece, text="".join(said.pop(position)))


def one_by_one(
    engine: Engine, asks: Sequence[Ask], *, whole: bool = False
) -> Iterator[tuple[int, Chunk | EngineFailed]]:
    """`Engine.stream_batch` by one answer after another, for engines that know no better. EngineLost is raised."""
    for position, ask in enumerate(asks):
        try:
            if whole:
                yield position, whole_answer(complete(engine, ask))
            else:
                yield from ((position, chunk) for chunk in engine.stream(ask))
        except EngineLost:
            raise
        except EngineFailed as error:
            yield position, error
