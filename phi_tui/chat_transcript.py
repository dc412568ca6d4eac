"""A conversation as frozen data: turns, each with all the replies it got, and what of it the model is told.

    turn    what a person said, and its replies; the last reply is the one that counts
    reply   an answer with who gave it and how, whole, stopped, failed or still under way

Replies that were generated again stay, so that a transcript tells all that was said. Also the two forms in which a
conversation is saved. Knows nothing about widgets or engines.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from phi_core.chat.engine import EngineInfo
from phi_core.chat.messages import Message
from phi_core.config.sampling import Sampling
from phi_tui.engine_choice import ModelChoice, target_words

Ending = Literal["stop", "length", "cancelled", "failed"]
ENDING_WORDS = {"stop": "", "length": "cut at the longest answer", "cancelled": "stopped", "failed": "failed"}


@dataclass(frozen=True)
class Reply:
    """`ending` is None while the answer is under way."""

    model: str
    target: str
    sampling: Sampling
    system: str = ""
    text: str = ""
    tokens: int = 0
    seconds: float = 0.0
    ending: Ending | None = None
    error: str = ""

    @property
    def facts(self) -> str:
        """Figures and ending in words."""
        rate = f"{self.tokens / self.seconds:.1f} tokens/s" if self.seconds > 0 and self.tokens else ""
        parts = [
            f"{self.tokens} tokens" if self.tokens else "",
            rate,
            f"{self.seconds:.1f} s" if self.tokens else "",
        ]
        under_way = "answering" if self.tokens else "waiting"
        ending = under_way if self.ending is None else ENDING_WORDS[self.ending]
        return " · ".join(part for part in (*parts, ending) if part)


@dataclass(frozen=True)
class Turn:
    prompt: str
    replies: tuple[Reply, ...] = ()

    @property
    def reply(self) -> Reply | None:
        return self.replies[-1] if self.replies else None

    def with_reply(self, reply: Reply) -> "Turn":
        """One more reply, which now counts."""
        return replace(self, replies=(*self.replies, reply))

    def with_last(self, **changes: Any) -> "Turn":
        """The last reply changed."""
        return replace(self, replies=(*self.replies[:-1], replace(self.replies[-1], **changes)))


@dataclass(frozen=True)
class Transcript:
    turns: tuple[Turn, ...]
    choice: ModelChoice | None = None
    info: EngineInfo | None = None


def told(turns: Iterable[Turn], prompt: str, *, system: str) -> tuple[Message, ...]:
    """What the model is told: the system message, the turns that were answered, and the new prompt."""
    messages = [Message("system", system)] if system else []
    for turn in turns:
        if turn.reply is not None and turn.reply.ending != "failed" and turn.reply.text:
            messages += [Message("user", turn.prompt), Message("assistant", turn.reply.text)]
    return (*messages, Message("user", prompt))


def transcript_json(transcript: Transcript) -> str:
    choice, info = transcript.choice, transcript.info
    document = {
        "format": 1,
        "model": choice.model_name if choice else None,
        "adapters": {label: str(path) for label, path in choice.adapters.items()} if choice else {},
        "engine": info.as_json() if info else None,
        "proof": info.proof.sentence() if info else None,
        "turns": [_turn_json(turn) for turn in transcript.turns],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def transcript_markdown(transcript: Transcript) -> str:
    """For people: the text as it was said, under headings that say who said it."""
    parts = [f"# Chat with {transcript.choice.words if transcript.choice else 'no model'}"]
    for turn in transcript.turns:
        parts += ["## you", turn.prompt]
        for reply in turn.replies:
            parts += [_heading(reply), reply.text or f"({reply.error or 'nothing'})"]
    return "\n\n".join(parts) + "\n"


def _heading(reply: Reply) -> str:
    settings = f"temperature {reply.sampling.temperature:g}, seed {reply.sampling.seed}"
    return " · ".join(part for part in (f"## {target_words(reply.target)}", settings, reply.facts) if part)


def _turn_json(turn: Turn) -> dict[str, Any]:
    return {"prompt": turn.prompt, "replies": [_reply_json(reply) for reply in turn.replies]}


def _reply_json(reply: Reply) -> dict[str, Any]:
    return {**asdict(reply), "sampling": reply.sampling.model_dump()}
