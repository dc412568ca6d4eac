"""The prompt of a conversation, cut to the model's context: the oldest turns go first, the last question never.

Knows nothing about models that answer it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import PromptFormat, tokenise
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.errors import EngineFailed


@dataclass(frozen=True)
class Prompt:
    ids: tuple[int, ...]
    dropped_turns: int
    """Questions that were left out, each with its answer."""


def prompt_of(
    messages: Sequence[Message],
    form: PromptFormat,
    tokenizer: TextTokenizer,
    *,
    context_length: int,
    max_new_tokens: int,
) -> Prompt:
    """EngineFailed if the last question alone leaves no room: the answer has `max_new_tokens`, at most half the context."""
    room = context_length - min(max_new_tokens, context_length // 2)
    kept, dropped = list(messages), 0
    while len(ids := tokenise(form, kept, tokenizer, generation=True).ids) > room:
        shorter = without_oldest_turn(kept)
        if len(shorter) == len(kept):
            raise EngineFailed(
                f"the prompt has {len(ids)} tokens; {room} fit before the answer", "Shorten it"
            )
        kept, dropped = shorter, dropped + 1
    return Prompt(ids, dropped)


def without_oldest_turn(messages: list[Message]) -> list[Message]:
    """Without the first question and its answer; the system message and the last question stay."""
    questions = [position for position, message in enumerate(messages) if message.role == "user"]
    if len(questions) < 2:
        return messages
    return messages[: questions[0]] + messages[questions[1] :]
