"""Records → tokenised samples, with a count of what was cut and what had to be left out.

The same function serves the preview and the worker, so the tokens shown are the tokens trained.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from phi_core.chat.prompt_format import PromptFormat, Tokenised, tokenise
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.data.records import Record
from phi_core.errors import DataError


@dataclass(frozen=True)
class Samples:
    """`num_cut` samples were longer than max_length and lost their end; `num_left_out` had no answer left at all."""

    samples: tuple[Tokenised, ...]
    num_cut: int
    num_left_out: int

    @property
    def num_tokens(self) -> int:
        return sum(len(sample.ids) for sample in self.samples)

    @property
    def num_trained_tokens(self) -> int:
        return sum(sample.num_trained for sample in self.samples)

    @property
    def lengths(self) -> tuple[int, ...]:
        return tuple(len(sample.ids) for sample in self.samples)


def tokenise_records(
    records: Sequence[Record], form: PromptFormat, tokenizer: TextTokenizer, *, max_length: int, train_on: str
) -> Samples:
    """Tokenise, cut to `max_length`, leave out what has nothing to train on."""
    whole = [_marked(tokenise(form, record.messages, tokenizer), train_on) for record in records]
    cut = [sample.cut(max_length) for sample in whole]
    kept = tuple(sample for sample in cut if sample.num_trained)
    num_cut = sum(len(short.ids) < len(full.ids) for short, full in zip(cut, whole, strict=True))
    return Samples(kept, num_cut, len(cut) - len(kept))


def require_samples(samples: Samples, *, max_length: int) -> None:
    """DataError if there is nothing to train on."""
    if not samples.samples:
        raise DataError(
            f"no record has a trained token within max_length {max_length}",
            remedy="Raise max_length, or check the data",
        )


def estimated_lengths(records: Iterable[Record]) -> tuple[int, ...]:
    """Tokens a record, taken as a quarter of its characters: a stand-in where the tokenizer is not on this machine."""
    return tuple(max(2, sum(len(message.content) for message in record.messages) // 4) for record in records)


def _marked(sample: Tokenised, train_on: str) -> Tokenised:
    return replace(sample, trained=(True,) * len(sample.ids)) if train_on == "all" else sample
