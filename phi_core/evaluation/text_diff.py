"""What two answers have in common, word by word: two texts in, pieces out that any front end can colour.

The pieces without "adapter" join to the base's text, those without "base" to the adapter's. Knows nothing about colours.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

Side = Literal["same", "base", "adapter"]

MAX_WORDS = 2000
"""Longer texts are shown as wholly changed behind their common beginning: comparing them takes too long to wait for."""
_WORD = re.compile(r"\s*(?:\w+|[^\w\s])|\s+")
"""With the blanks before it, which do not count when words are compared: blanks of their own would be found alike
everywhere and cut a changed phrase into words."""


@dataclass(frozen=True)
class Piece:
    """`text` is in both answers ("same") or only in one."""

    kind: Side
    text: str


def word_diff(base: str, adapter: str) -> tuple[Piece, ...]:
    """The pieces in reading order; where words were replaced, the base's stand before the adapter's."""
    pieces = _pieces(_WORD.findall(base), _WORD.findall(adapter))
    runs = groupby((piece for piece in pieces if piece.text), key=lambda piece: piece.kind)
    return tuple(Piece(kind, "".join(piece.text for piece in run)) for kind, run in runs)


def _pieces(before: Sequence[str], after: Sequence[str]) -> Iterator[Piece]:
    """Words are compared without their blanks."""
    steps = _opcodes([word.strip() for word in before], [word.strip() for word in after])
    for kind, start, end, other_start, other_end in steps:
        left, right = before[start:end], after[other_start:other_end]
        if kind == "equal":
            for one, other in zip(left, right, strict=True):
                yield from _same_word(one, other)
        else:
            yield from (Piece("base", "".join(left)), Piece("adapter", "".join(right)))


def _same_word(base: str, adapter: str) -> Iterator[Piece]:
    """The blanks before it are a change where they differ."""
    if base == adapter:
        yield Piece("same", base)
        return
    word = base.lstrip()
    yield from (Piece("base", base.removesuffix(word)), Piece("adapter", adapter.removesuffix(word)))
    yield Piece("same", word)


def _opcodes(before: Sequence[str], after: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    """How difflib says it: (kind, start and end in `before`, start and end in `after`)."""
    if max(len(before), len(after)) <= MAX_WORDS:
        return SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    differing = (place for place, (one, other) in enumerate(zip(before, after, strict=False)) if one != other)
    shared = next(differing, min(len(before), len(after)))
    return [("equal", 0, shared, 0, shared), ("replace", shared, len(before), shared, len(after))]
