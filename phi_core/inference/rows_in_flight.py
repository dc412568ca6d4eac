"""The rows of a batch that are being answered, and their places in the cache: rows of one voice beside each other.

Joining and leaving moves at most one row of each voice. Knows nothing about the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import DynamicCache

from phi_core.inference.drawing import Draws
from phi_core.inference.row_adapters import Slice, Voice
from phi_core.inference.row_cache import RowCache


@dataclass(eq=False)
class Answer:
    """An answer that is not finished. `ids` are those of the prompt and of what was said; the last one has no keys yet."""

    position: int
    voice: Voice
    rank: int
    """Voices are ordered by it in the batch."""
    ids: list[int]
    left: int
    """Tokens that it may still get."""
    draws: Draws


class RowsInFlight:
    """At most `limit` rows."""

    def __init__(self, limit: int) -> None:
        self.answers: list[Answer] = []
        self.cache = RowCache(limit)
        self.limit = limit

    @property
    def lengths(self) -> list[int]:
        """Tokens of each row in the cache."""
        return [len(answer.ids) - 1 for answer in self.answers]

    @property
    def free(self) -> int:
        return self.limit - len(self.answers)

    def join(self, answers: Sequence[Answer], read: DynamicCache) -> None:
        """Rows whose whole `ids` were read, in the order of the rows of `read`."""
        longest = max(len(answer.ids) for answer in answers)
        self.cache.room(read, kept=len(self.answers), longest=longest)
        for source_row, answer in enumerate(answers):
            self.cache.place(self._opened(answer), read, source_row, len(answer.ids))

    def leave(self, answer: Answer) -> None:
        """The row's place is free at once."""
        hole = next(row for row, other in enumerate(self.answers) if other is answer)
        for end in _ends(self.answers, answer.rank):
            self._move(end, hole)
            hole = end
        self.answers.pop()

    def before_step(self) -> None:
        """Room for one more column."""
        self.cache.see(max(self.lengths))
        self.cache.room(self.cache, kept=len(self.answers), longest=self.cache.width)

    def _opened(self, answer: Answer) -> int:
        """The place after the last row of the answer's voice, which is its from now on."""
        self.answers.append(answer)
        hole = len(self.answers) - 1
        for begin in _begins(self.answers[:-1], answer.rank):
            self._move(begin, hole)
            hole = begin
        self.answers[hole] = answer
        return hole

    def _move(self, source: int, target: int) -> None:
        if source != target:
            self.cache.move(source, target)
            self.answers[target] = self.answers[source]


def slices(answers: Sequence[Answer]) -> list[Slice]:
    """Who answers which rows."""
    found: list[Slice] = []
    for row, answer in enumerate(answers):
        if found and found[-1].voice == answer.voice:
            found[-1] = Slice(answer.voice, found[-1].begin, row + 1)
        else:
            found.append(Slice(answer.voice, row, row + 1))
    return found


def _ends(answers: Sequence[Answer], rank: int) -> list[int]:
    """The last row of each voice from `rank` on, in order."""
    last = {answer.rank: row for row, answer in enumerate(answers) if answer.rank >= rank}
    return [last[key] for key in sorted(last)]


def _begins(answers: Sequence[Answer], rank: int) -> list[int]:
    """The first row of each voice after `rank`, the last voice first."""
    first: dict[int, int] = {}
    for row, answer in enumerate(answers):
        if answer.rank > rank:
            first.setdefault(answer.rank, row)
    return [first[key] for key in sorted(first, reverse=True)]
