"""64-bit keys of what a record says, to find equal ones among millions in little memory.

Two different texts have the same key by chance only: among 20 million records, once in 100 000 datasets.
What must never err, as the split, rests on `records.content_hash`.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from phi_core.chat.messages import Message
from phi_core.data.records import Record


class ContentKeys(NamedTuple):
    """Of the whole record, of all that stands before its last answer, and of that answer.

    `prompt` is 0 if nothing stands there, as in a record of plain text.
    """

    content: int
    prompt: int
    answer: int


def content_keys(record: Record) -> ContentKeys:
    messages = record.messages
    last = last_answer(messages)
    state = blake2b(b"".join(map(_unambiguous, messages[:last])), digest_size=8)
    prompt = state.digest() if last > 0 else b""
    state.update(b"".join(map(_unambiguous, messages[last:])))
    answer = blake2b(messages[last].content.encode("utf-8", "surrogatepass"), digest_size=8)
    number = int.from_bytes
    return ContentKeys(number(state.digest()), number(prompt), number(answer.digest()))


def last_answer(messages: Sequence[Message]) -> int:
    """The position of the last assistant message; that of the last message if there is none."""
    for position in range(len(messages) - 1, -1, -1):
        if messages[position].role == "assistant":
            return position
    return len(messages) - 1


def _unambiguous(message: Message) -> bytes:
    """A message with its length before it, so that no two lists of messages look alike end to end."""
    content = message.content.encode("utf-8", "surrogatepass")
    return b"%s %d:%s" % (message.role.encode(), len(content), content)
