"""The Engine interface: a loaded base model with any number of adapters that answers messages.

Implemented by a model in this process (inference.LocalEngine), by one behind a pipe (jobs.RemoteEngine) and by a
fake in tests; `tests/contracts/test_engine_contract.py` is run on all of them. Knows nothing about torch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from phi_core.chat.messages import Message
from phi_core.chat.tokens import Tokenised
from phi_core.config.sampling import Sampling

BASE = "base"
"""The target that means: the base model, every adapter off."""

FinishReason = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True)
class Chunk:
    """A piece of an answer. `tokens` and `seconds` count from the start of the answer.

    Every piece but the last has `finish_reason` None; the last may have empty text.
    """

    text: str
    tokens: int
    seconds: float
    finish_reason: FinishReason | None = None


@dataclass(frozen=True)
class LogLikelihood:
    """Natural log of the probability of all assistant turns, their stop tokens included, over `tokens` tokens."""

    log_likelihood: float
    tokens: int


@dataclass(frozen=True)
class BaseProof:
    """What the self-check at load found, on a fixed probe text.

    `base_difference` is the largest difference of logits between the bare base model, measured before any adapter
    was attached, and the base as it answers now; `adapter_differences` the same for each adapter switched on.
    """

    base_difference: float
    adapter_differences: dict[str, float] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return self.base_difference == 0.0

    @property
    def idle_adapters(self) -> list[str]:
        """Adapters that change nothing."""
        return [label for label, difference in self.adapter_differences.items() if difference == 0.0]

    def sentence(self) -> str:
        if not self.holds:
            return f"base NOT proved: logits differ by {self.base_difference:.2g} from the bare base model"
        if self.idle_adapters:
            return f"base proved; adapter {', '.join(self.idle_adapters)} changes nothing"
        return "base proved: logits equal the bare base model's"


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
    """Target → hash of its weights: the base's files, or the adapter's."""
    versions: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Engine(Protocol):
    """One answer at a time; a second `stream` before the first has ended is a mistake of the caller."""

    @property
    def info(self) -> EngineInfo: ...

    def stream(self, messages: Sequence[Message], target: str, sampling: Sampling) -> Iterator[Chunk]:
        """The answer, piece by piece. Closing the iterator stops the model. EngineFailed if it cannot answer."""
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


def complete(engine: Engine, messages: Sequence[Message], target: str, sampling: Sampling) -> Completion:
    """The answer as a whole."""
    pieces, last = [], Chunk("", 0, 0.0, "stop")
    for last in engine.stream(messages, target, sampling):
        pieces.append(last.text)
    return Completion("".join(pieces), last.tokens, last.seconds, last.finish_reason or "stop")
