"""A conversation as frozen data: turns, each with all the replies it got, and what of it a model is told.

    turn    what a person said, and its replies
    round   the replies to one asking: one, or one of each model asked at once; the newest round counts
    reply   an answer with who gave it and how, whole, stopped, failed or still under way

Nothing that was said is lost: replies generated again stay in their turn, and turns that were cut away to edit an
earlier question stay beside the conversation. Knows nothing about engines at work, files or screens.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Literal

from phi_core.chat.engine import BASE, Ask, EngineInfo
from phi_core.chat.messages import Message
from phi_core.config.sampling import Sampling

Ending = Literal["stop", "length", "cancelled", "failed"]
ENDING_WORDS = {"stop": "", "length": "cut at the longest answer", "cancelled": "stopped", "failed": "failed"}
STRONGEST = 2.0
"""The largest factor of what an adapter adds."""


@dataclass(frozen=True)
class Reply:
    """`ending` is None while the answer is under way. `adapter` is a folder, "" for the base and for endpoints.

    `prompt_tokens` is the prompt as the model saw it, `dropped_turns` the oldest turns that had no room in it. From
    `prompt_format` to `versions` is what the engine says of itself once it has loaded.
    """

    model: str
    target: str
    sampling: Sampling
    system: str = ""
    strength: float = 1.0
    adapter: str = ""
    round: int = 1
    text: str = ""
    tokens: int = 0
    seconds: float = 0.0
    prompt_tokens: int = 0
    dropped_turns: int = 0
    ending: Ending | None = None
    error: str = ""
    prompt_format: str = ""
    prompt_format_hash: str = ""
    fingerprint: str = ""
    device: str = ""
    dtype: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    def from_engine(self, info: EngineInfo) -> "Reply":
        """The same, with what the engine that gave it says of itself; an endpoint says nothing."""
        if info.serving.get(self.target) == "remote":
            return replace(self, device="endpoint", versions=info.versions)
        return replace(
            self,
            model=info.model_name or self.model,
            prompt_format=info.prompt_format,
            prompt_format_hash=info.prompt_format_hash,
            fingerprint=info.fingerprints.get(self.target, ""),
            device=info.device,
            dtype=info.dtype,
            versions=info.versions,
        )

    @property
    def who(self) -> str:
        """Who answers, in words; an adapter's strength where it is not 1."""
        if self.target == BASE:
            return "base"
        name = f"adapter {self.target}" if self.adapter else self.target
        return name if self.strength == 1.0 else f"{name} ×{self.strength:g}"

    @property
    def facts(self) -> str:
        """Figures and ending in words."""
        is_timed = self.seconds > 0 and self.tokens > 0
        parts = [
            f"{self.tokens} tokens" if self.tokens else "",
            f"{self.tokens / self.seconds:.1f} tokens/s" if is_timed else "",
            f"{self.seconds:.1f} s" if self.tokens else "",
            left_out(self.dropped_turns),
        ]
        under_way = "answering" if self.tokens else "waiting"
        ending = under_way if self.ending is None else ENDING_WORDS[self.ending]
        return " · ".join(part for part in (*parts, ending) if part)


def left_out(turns: int) -> str:
    """That the oldest turns had no room in the prompt; "" if they had."""
    return f"{turns} oldest turn{'s' * (turns > 1)} left out" if turns else ""


@dataclass(frozen=True)
class Turn:
    """`number` is its own in the whole transcript, `after` that of the turn before it; None for the first."""

    prompt: str
    replies: tuple[Reply, ...] = ()
    number: int = 1
    after: int | None = None

    @property
    def rounds(self) -> tuple[tuple[Reply, ...], ...]:
        """The replies of each asking, oldest first."""
        return tuple(tuple(group) for _, group in groupby(self.replies, key=lambda reply: reply.round))

    @property
    def newest(self) -> tuple[Reply, ...]:
        """The replies that count."""
        return self.rounds[-1] if self.replies else ()

    @property
    def reply(self) -> Reply | None:
        return self.replies[-1] if self.replies else None

    @property
    def is_open(self) -> bool:
        """Whether an answer is still awaited."""
        return any(reply.ending is None for reply in self.newest)

    def with_round(self, replies: Iterable[Reply]) -> "Turn":
        """Asked once more."""
        number = self.replies[-1].round + 1 if self.replies else 1
        fresh = tuple(replace(reply, round=number) for reply in replies)
        return replace(self, replies=(*self.replies, *fresh))

    def with_reply(self, place: int, reply: Reply) -> "Turn":
        """The newest round with another reply at `place`."""
        replies = list(self.replies)
        replies[len(replies) - len(self.newest) + place] = reply
        return replace(self, replies=tuple(replies))

    def told_to(self, target: str) -> str:
        """What `target` is told to have answered: its own reply where it has one; "" if nobody answered."""
        for replies in reversed(self.rounds):
            answered = [reply for reply in replies if reply.text and reply.ending != "failed"]
            own = [reply for reply in answered if reply.target == target]
            if answered:
                return (own or answered)[-1].text
        return ""


@dataclass(frozen=True)
class Conversation:
    """`turns` is the conversation as it stands, `left` all turns that were cut away from it."""

    turns: tuple[Turn, ...] = ()
    left: tuple[Turn, ...] = ()

    def asked(self, prompt: str, replies: Iterable[Reply]) -> "Conversation":
        number = 1 + max((turn.number for turn in (*self.turns, *self.left)), default=0)
        after = self.turns[-1].number if self.turns else None
        turn = Turn(prompt, number=number, after=after).with_round(replies)
        return replace(self, turns=(*self.turns, turn))

    def asked_again(self, replies: Iterable[Reply]) -> "Conversation":
        """The last question once more."""
        return replace(self, turns=(*self.turns[:-1], self.turns[-1].with_round(replies)))

    @property
    def asks(self) -> tuple[Ask, ...]:
        """The last question as it is put to each whose reply is awaited."""
        *before, last = self.turns
        return tuple(
            Ask(
                told(before, last.prompt, system=reply.system, target=reply.target),
                reply.target,
                reply.sampling,
                reply.strength,
            )
            for reply in last.newest
        )

    def cut(self, place: int) -> "Conversation":
        """Ends before the turn at `place`; what follows is left, not lost."""
        return Conversation(self.turns[:place], (*self.left, *self.turns[place:]))


def told(turns: Iterable[Turn], prompt: str, *, system: str, target: str) -> tuple[Message, ...]:
    """What the model `target` is told: the system message, the turns that were answered, and the new prompt."""
    messages = [Message("system", system)] if system else []
    for turn in turns:
        if answer := turn.told_to(target):
            messages += [Message("user", turn.prompt), Message("assistant", answer)]
    return (*messages, Message("user", prompt))
