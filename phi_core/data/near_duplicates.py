"""Near duplicates: texts that share most of their words, found without comparing each with each.

A text becomes its words (NFKC, case folded, punctuation left out, digits and signs kept), those become the set of their runs of
three, and that becomes a sketch of 128 bytes: one-permutation MinHash (Li, Owen, Zhang: "One Permutation Hashing",
NIPS 2012). Each run is hashed once; of the hashes that fall into one of 128 bins the least is kept, eight bits of it
(Li, König: "b-Bit Minwise Hashing", WWW 2010). Two texts are alike as their sketches agree, about their Jaccard
similarity |A ∩ B| / |A ∪ B|. Only texts with a band of 8 equal bins are compared (Indyk, Motwani, STOC 1998).
A text of few words has too few runs for that: it is like another only if their words are equal.
Knows nothing about records or files.
"""

import re
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from unicodedata import normalize

NEAR_DUPLICATE_LIMIT = 100_000
"""Texts that a search holds at most: 128 bytes each, and as much again once they are compared."""
CHARACTERS_LIMIT = 200_000_000
"""Characters that a search reads at most, about 15 seconds of work."""
CHARACTERS_OF_A_TEXT = 20_000
"""A longer text is known by its beginning."""
LIKENESS = 0.8
"""The estimated Jaccard similarity from which two texts are near duplicates."""
FEWEST_RUNS = 24
"""Texts with fewer runs of words than this are compared as a whole."""

BINS = 128
BANDS = 16
_BIN_BITS = 7
_RUN = 3
_NEIGHBOURS = 4
"""So many earlier texts of the same band are compared with one; texts of one template may share a band by thousands."""
_NEIGHBOURS_OF_OTHERS = 32

_PUNCTUATION = r"""\s.,;:!?'"`()\[\]{}…–—“”‘’„«»¿¡·•、。「」『』"""
"""What parts words. Signs that carry meaning in few words, such as + - < = % and emoji, do not."""
_SYLLABLES = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
"""Scripts that put no blank between words: each character counts as one."""
_WORD = re.compile(f"[{_SYLLABLES}]|[^{_PUNCTUATION}{_SYLLABLES}]+")
_ASCII_WORDS = bytes(code if _WORD.match(chr(code)) else 32 for code in range(128)) + bytes(128)

Sketch = bytes
"""One byte per bin; 0 if nothing fell into it."""


def words(text: str) -> list[bytes]:
    """The words of a text as they are compared; a text of punctuation alone is one word."""
    if text.isascii():
        found = text.lower().encode().translate(_ASCII_WORDS).split()
    else:
        folded = _WORD.findall(normalize("NFKC", text).casefold())
        found = [word.encode("utf-8", "surrogatepass") for word in folded]
    return found or [text.strip().encode("utf-8", "surrogatepass")]


def runs(text_words: Sequence[bytes]) -> set[bytes]:
    """Every run of three words, joined by a blank."""
    return set(map(b" ".join, zip(text_words, text_words[1:], text_words[2:], strict=False)))


def sketch(text: str) -> Sketch:
    return sketch_of(words(text[:CHARACTERS_OF_A_TEXT]))


def sketch_of(text_words: Sequence[bytes]) -> Sketch:
    text_runs = runs(text_words)
    if len(text_runs) < FEWEST_RUNS:
        return _whole(text_words)
    least = bytearray(BINS)
    for value in sorted(map(zlib.crc32, text_runs), reverse=True):  # so the least of a bin is written last
        least[value & (BINS - 1)] = 1 + (value >> _BIN_BITS) % 255
    return bytes(least)


def likeness(one: Sketch, other: Sketch) -> float:
    """The share of bins that agree, of those that are not empty in both: 0 to 1."""
    first, second = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    both_empty = (first | second).to_bytes(BINS, "little").count(0)
    equal = (first ^ second).to_bytes(BINS, "little").count(0) - both_empty
    return equal / (BINS - both_empty) if both_empty < BINS else 0.0


@dataclass(frozen=True)
class _Band:
    """The texts that have something in one band, in the order of what they have there, then of their position."""

    keys: "array[int]"
    positions: "array[int]"


class NearDuplicateSearch:
    """Texts to compare with one another (`pairs`), or others with (`like`). What is beyond the limits is left out."""

    def __init__(self, limit: int = NEAR_DUPLICATE_LIMIT, *, characters: int = CHARACTERS_LIMIT) -> None:
        self._limit = limit
        self._characters_left = characters
        self._sketches = bytearray()
        self._bands: tuple[_Band, ...] = ()

    def __len__(self) -> int:
        return len(self._sketches) // BINS

    @property
    def is_full(self) -> bool:
        return len(self) >= self._limit or self._characters_left <= 0

    def add(self, text: str) -> bool:
        """Whether the text is now the last of those that are held."""
        if self.is_full:
            return False
        self._characters_left -= min(len(text), CHARACTERS_OF_A_TEXT)
        self._sketches += sketch(text)
        self._bands = ()
        return True

    def pairs(self) -> Iterator[tuple[int, int]]:
        """(earlier, later) positions, by the later: every text that an earlier one is like, with one such."""
        earlier: dict[int, int] = {}
        for band in self._sorted_bands():
            for texts in _shared(band):
                for place, position in enumerate(texts[1:], start=1):
                    if position not in earlier:
                        near = self._first_like(position, texts[max(0, place - _NEIGHBOURS) : place])
                        earlier |= {} if near is None else {position: near}
        yield from ((earlier[position], position) for position in sorted(earlier))

    def like(self, wanted: Sketch) -> list[int]:
        """Positions of texts that are like the wanted one; of very many, some."""
        found: dict[int, None] = {}
        for band, key in zip(self._sorted_bands(), memoryview(wanted).cast("Q"), strict=True):
            start = bisect_left(band.keys, key)
            end = bisect_right(band.keys, key, start, min(start + _NEIGHBOURS_OF_OTHERS, len(band.keys)))
            for position in band.positions[start:end]:
                if position not in found and likeness(wanted, self._sketch(position)) >= LIKENESS:
                    found[position] = None
        return list(found)

    def _first_like(self, position: int, others: Sequence[int]) -> int | None:
        mine = self._sketch(position)
        return next((other for other in others if likeness(mine, self._sketch(other)) >= LIKENESS), None)

    def _sketch(self, position: int) -> Sketch:
        return bytes(self._sketches[position * BINS : (position + 1) * BINS])

    def _sorted_bands(self) -> tuple[_Band, ...]:
        if not self._bands:
            every = array("Q", bytes(self._sketches))
            self._bands = tuple(_band(every[number::BANDS]) for number in range(BANDS))
        return self._bands


def _band(column: "array[int]") -> _Band:
    """The texts of a band, sorted. An empty band says nothing about a text, so those are left out."""
    filled = [position for position, key in enumerate(column) if key]
    filled.sort(key=column.__getitem__)
    return _Band(array("Q", (column[position] for position in filled)), array("I", filled))


def _shared(band: _Band) -> Iterator[Sequence[int]]:
    """Positions of texts with the same band, wherever there is more than one."""
    start = 0
    for _, keys in groupby(band.keys):
        end = start + sum(1 for _ in keys)
        if end - start > 1:
            yield band.positions[start:end]
        start = end


def _whole(text_words: Sequence[bytes]) -> Sketch:
    """A sketch that agrees with that of equal words and, but for chance, with no other."""
    joined = b" ".join(text_words)
    drawn = b"".join(blake2b(joined, salt=salt).digest() for salt in (b"1", b"2"))
    return drawn.replace(b"\0", b"\1")
