"""Token truth: one record as the model sees it, token by token, with what becomes of each.

A piece is one token, or the few tokens that make one character together. Knows nothing about colours.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from phi_core.chat.tokenizer import TextTokenizer
from phi_core.samples.cut import cut_one
from phi_core.samples.samples import Samples

Fate = Literal["masked", "trained", "stop", "cut", "padded"]
"""masked: read, not trained. trained: the loss counts it. stop: trained, and ends an answer. cut: beyond max_length.
padded: filled in behind the record, neither read nor trained.
"""
PAD_ID = 0
"""What fills a padded batch; the attention mask hides it, so that any id would do."""
EDGE_TOKENS = 150
_UNFINISHED = "\ufffd"
_LONGEST_CHARACTER = 8
_CONTEXT = 4


@dataclass(frozen=True)
class Piece:
    """With `skipped` it stands for so many tokens of one fate that are not shown."""

    ids: tuple[int, ...]
    text: str
    fate: Fate
    skipped: int = 0

    @property
    def num_tokens(self) -> int:
        return len(self.ids) + self.skipped


@dataclass(frozen=True)
class TokenView:
    """`source` and `line` say where the record stands."""

    record: int
    source: str
    line: int
    pieces: tuple[Piece, ...]

    def count(self, *fates: Fate) -> int:
        """Tokens of these fates."""
        return sum(piece.num_tokens for piece in self.pieces if piece.fate in fates)


def token_view(
    samples: Samples,
    record: int,
    tokenizer: TextTokenizer,
    *,
    stop_ids: Collection[int],
    padding: int = 0,
    edge: int | None = EDGE_TOKENS,
) -> TokenView:
    """A record of the prepared data under the samples' rule, whether or not it is one of the samples.

    `padding` tokens stand behind it in its batch; one piece shows them all. Of a long run of tokens with one fate only the
    first and last `edge` are shown, all with None.
    """
    ids = samples.data.ids(record)
    source, line = samples.data.place(record)
    shown = pieces(ids, fates(samples, record, ids, stop_ids), tokenizer, edge=edge)
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


def pieces(
    ids: Sequence[int], fates: Sequence[Fate], tokenizer: TextTokenizer, *, edge: int | None = None
) -> tuple[Piece, ...]:
    """Tokens with their texts; tokens that are a part of a character wait for the rest of it."""
    found: list[Piece] = []
    for start, end in _runs(fates):
        if edge is None or end - start <= 2 * edge + 1:
            found += _run(ids, start, end, fates[start], tokenizer)
        else:
            skipped = end - start - 2 * edge
            found += _run(ids, start, start + edge, fates[start], tokenizer)
            found.append(Piece((), f" … {skipped:,} tokens … ", fates[start], skipped))
            found += _run(ids, end - edge, end, fates[start], tokenizer)
    return tuple(found)


def _runs(fates: Sequence[Fate]) -> Iterator[tuple[int, int]]:
    """(start, end) of neighbours with one fate."""
    start = 0
    for _, run in groupby(fates):
        end = start + sum(1 for _ in run)
        yield start, end
        start = end


def _run(ids: Sequence[int], start: int, stop: int, fate: Fate, tokenizer: TextTokenizer) -> Iterator[Piece]:
    for end in range(start + 1, stop + 1):
        text = _text(ids, start, end, tokenizer)
        if not text.endswith(_UNFINISHED) or end == stop or end - start >= _LONGEST_CHARACTER:
            yield Piece(tuple(ids[start:end]), text, fate)
            start = end


def _text(ids: Sequence[int], start: int, end: int, tokenizer: TextTokenizer) -> str:
    """What the tokens add to those before them: some tokenizers write a space only between tokens."""
    context = max(0, start - _CONTEXT)
    before = tokenizer.decode(ids[context:start], skip_special_tokens=False)
    text = tokenizer.decode(ids[context:end], skip_special_tokens=False)
    if text.startswith(before):
        return text[len(before) :]
    return tokenizer.decode(ids[start:end], skip_special_tokens=False)
