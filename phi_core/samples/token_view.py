"""Token truth: one record as the model sees it, token by token, with what becomes of each.

A piece is one token, or the few tokens that make one character together. Knows nothing about colours.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from phi_core.chat.tokenizer import TextTokenizer
from phi_core.samples.cut import cut_one
from phi_core.samples.samples import Samples

Fate = Literal["masked", "trained", "stop", "cut", "padded"]
"""masked: read, not trained. trained: the loss counts it. stop: trained, and ends an answer. cut: beyond max_length.
padded: filled in behind the record, neither read nor trained."""
PAD_ID = 0
"""What fills a padded batch; the attention mask hides it, so that any id would do."""
_UNFINISHED = "\ufffd"
_LONGEST_CHARACTER = 8
_CONTEXT = 4


@dataclass(frozen=True)
class Piece:
    ids: tuple[int, ...]
    text: str
    fate: Fate


@dataclass(frozen=True)
class TokenView:
    """`source` and `line` say where the record stands."""

    record: int
    source: str
    line: int
    pieces: tuple[Piece, ...]

    def count(self, *fates: Fate) -> int:
        """Tokens of these fates."""
        return sum(len(piece.ids) for piece in self.pieces if piece.fate in fates)


def token_view(
    samples: Samples, record: int, tokenizer: TextTokenizer, *, stop_ids: Collection[int], padding: int = 0
) -> TokenView:
    """A record of the prepared data under the samples' rule, whether or not it is one of the samples.

    `padding` tokens stand behind it in its batch; one piece shows them all.
    """
    ids = samples.data.ids(record)
    source, line = samples.data.place(record)
    shown = pieces(ids, fates(samples, record, ids, stop_ids), tokenizer)
    padded = (Piece((PAD_ID,) * padding, f"{padding} × pad", "padded"),) if padding else ()
    return TokenView(record, source, line, shown + padded)


def fates(samples: Samples, record: int, ids: Sequence[int], stop_ids: Collection[int]) -> list[Fate]:
    """What becomes of each token of a whole record."""
    data = samples.data
    cut = cut_one(len(ids), data.answers(record), int(data.opening[record]), samples.rule)
    found: list[Fate] = ["cut"] * len(ids)
    for start, end in ((0, cut.opening), (cut.start, cut.end)):
        found[start:end] = ["masked"] * (end - start)
    for start, end in cut.trained:
        found[start:end] = ["stop" if token in stop_ids else "trained" for token in ids[start:end]]
    if found and cut.num_tokens:
        first = 0 if cut.opening else cut.start
        found[first] = "masked"  # nothing stands before it that could predict it
    return found


def pieces(ids: Sequence[int], fates: Sequence[Fate], tokenizer: TextTokenizer) -> tuple[Piece, ...]:
    """Tokens with their texts; tokens that are a part of a character wait for the rest of it."""
    found: list[Piece] = []
    start = 0
    for end in range(1, len(ids) + 1):
        text = _text(ids, start, end, tokenizer)
        is_last = end == len(ids) or fates[end] != fates[end - 1]
        if not text.endswith(_UNFINISHED) or is_last or end - start >= _LONGEST_CHARACTER:
            found.append(Piece(tuple(ids[start:end]), text, fates[start]))
            start = end
    return tuple(found)


def _text(ids: Sequence[int], start: int, end: int, tokenizer: TextTokenizer) -> str:
    """What the tokens add to those before them: some tokenizers write a space only between tokens."""
    context = max(0, start - _CONTEXT)
    before = tokenizer.decode(ids[context:start], skip_special_tokens=False)
    text = tokenizer.decode(ids[context:end], skip_special_tokens=False)
    if text.startswith(before):
        return text[len(before) :]
    return tokenizer.decode(ids[start:end], skip_special_tokens=False)
