"""Records as token ids with their answers marked; or, without a tokenizer, as lengths estimated from characters.

Knows nothing about files or cutting.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from phi_core.chat.prompt_format import PromptFormat, Tokenised, tokenise_all, tokenise_texts
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.data.records import Record, shown
from phi_core.errors import ModelError


@dataclass(frozen=True)
class Encoded:
    """`answers` is start, end, start, end … of the answers, stop tokens included. `ids` is empty for an estimate."""

    ids: Sequence[int]
    num_tokens: int
    answers: list[int] = field(default_factory=list)


def encoded(records: Sequence[Record], form: PromptFormat, tokenizer: TextTokenizer) -> list[Encoded]:
    """In the order of the records. ModelError with its place for a record that the prompt format cannot render."""
    try:
        return _encoded_together(records, form, tokenizer)
    except ModelError:
        for record in records:
            _require_renderable(record, form, tokenizer)
        raise


def _require_renderable(record: Record, form: PromptFormat, tokenizer: TextTokenizer) -> None:
    try:
        _encoded_together([record], form, tokenizer)
    except ModelError as error:
        place = f"{shown(Path(record.source).name)} line {record.line}"
        raise ModelError(f"{place}: {error.what}", error.remedy) from None


def _encoded_together(
    records: Sequence[Record], form: PromptFormat, tokenizer: TextTokenizer
) -> list[Encoded]:
    """Plain texts go by another way than conversations."""
    texts = iter(tokenise_texts(form, [_text(record) for record in records if record.is_text], tokenizer))
    others = [record.messages for record in records if not record.is_text]
    conversations = iter(tokenise_all(form, others, tokenizer))
    samples = (next(texts) if record.is_text else next(conversations) for record in records)
    return [Encoded(sample.ids, len(sample.ids), _bounds(sample)) for sample in samples]


def _text(record: Record) -> str:
    return record.messages[0].content


def _bounds(sample: Tokenised) -> list[int]:
    """start, end, start, end … of the runs of trained tokens."""
    marks, bounds, place = bytes(sample.trained), list[int](), 0
    while (start := marks.find(1, place)) >= 0:
        end = marks.find(0, start)
        place = len(marks) if end < 0 else end
        bounds += [start, place]
    return bounds


def estimated(record: Record) -> Encoded:
    """A token for every four characters of a message, at least one."""
    place, bounds = 0, list[int]()
    for message in record.messages:
        end = place + max(1, len(message.content) // 4)
        bounds += [place, end] if message.role == "assistant" else []
        place = end
    return Encoded((), place, bounds)
