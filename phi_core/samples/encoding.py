"""Records as token ids with their answers marked; or, without a tokenizer, as lengths estimated from characters.

Knows nothing about files or cutting.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from phi_core.chat.prompt_format import PromptFormat, tokenise_all, tokenise_texts
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.data.records import Record


@dataclass(frozen=True)
class Encoded:
    """`answers` is start, end, start, end … of the answers, stop tokens included. `ids` is empty for an estimate."""

    ids: Sequence[int]
    num_tokens: int
    answers: list[int] = field(default_factory=list)


def encoded(records: Sequence[Record], form: PromptFormat, tokenizer: TextTokenizer) -> list[Encoded]:
    """In the order of the records; plain texts go by another way than conversations.

    ModelError if the prompt format cannot render one of them, DataError if the tokenizer cannot read it.
    """
    texts = iter(tokenise_texts(form, [_text(record) for record in records if record.is_text], tokenizer))
    others = [record.messages for record in records if not record.is_text]
    conversations = iter(tokenise_all(form, others, tokenizer))
    samples = (next(texts) if record.is_text else next(conversations) for record in records)
    return [Encoded(sample.ids, len(sample.ids), list(chain(*sample.answers))) for sample in samples]


def _text(record: Record) -> str:
    return record.messages[0].content


def estimated(record: Record) -> Encoded:
    """A token for every four characters of a message, at least one."""
    place, bounds = 0, list[int]()
    for message in record.messages:
        end = place + max(1, len(message.content) // 4)
        bounds += [place, end] if message.role == "assistant" else []
        place = end
    return Encoded((), place, bounds)
