"""Overlap: what stands on both sides of a border that nothing should cross.

Training records against validation records, and data against the questions of a question set. Of the smaller side
(validation, questions) keys are held, some 500 bytes each; the larger side streams by. A model that was trained on
what it is asked shows memory, not skill. Knows nothing about files or question sets.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from phi_core.data.content_keys import ContentKeys, content_keys
from phi_core.data.near_duplicates import (
    CHARACTERS_LIMIT,
    CHARACTERS_OF_A_TEXT,
    NEAR_DUPLICATE_LIMIT,
    NearDuplicateSearch,
    runs,
    sketch,
    sketch_of,
    words,
)
from phi_core.data.places import places
from phi_core.data.records import Fault, Record
from phi_core.data.sources.part import Part

CONTAINED_CHARACTERS = 40
"""A question of fewer characters stands in a longer text by chance."""

Likeness = Literal["same", "same_prompt", "near"]
Presence = Literal["same", "contained", "near"]
"""A message is the question, has it within itself, or shares most of its words."""
_LIKENESSES: tuple[Likeness, ...] = get_args(Likeness)
_PRESENCES: tuple[Presence, ...] = get_args(Presence)
"""The strongest first."""

_Place = tuple[str, int]


@dataclass(frozen=True)
class SharedRecord:
    """Places of a validation record and of the first training record that is like it."""

    how: Likeness
    train: str
    validation: str


@dataclass(frozen=True)
class ValidationOverlap:
    """Of `num_validation` records: `num_same` are trained on as they are, `num_same_prompt` with another answer,
    `num_near` nearly as they are; each counts once, as the first of these. Near ones are searched among the first
    `num_searched` training and `num_validation_searched` validation records. `records` are the first of each."""

    num_train: int
    num_validation: int
    num_same: int
    num_same_prompt: int
    num_near: int
    num_searched: int
    num_validation_searched: int
    records: tuple[SharedRecord, ...]

    @property
    def num_shared(self) -> int:
        return self.num_same + self.num_same_prompt + self.num_near


@dataclass(frozen=True)
class FoundQuestion:
    """A question (its position from 1), the first message that has it, and how many records do."""

    question: int
    how: Presence
    place: str
    num_records: int


@dataclass(frozen=True)
class QuestionOverlap:
    """The questions that stand in the data, in their order."""

    num_questions: int
    num_records: int
    found: tuple[FoundQuestion, ...]


class ValidationSearch:
    """Validation records first (`hold`), then the training records (`watch`), then the `overlap`."""

    def __init__(
        self, parts: Sequence[Part] = (), *, limit: int = 20, near_limit: int = NEAR_DUPLICATE_LIMIT
    ) -> None:
        self._places = places(parts)
        self._limit = limit
        self._near_limit = near_limit
        self._held: list[_Place] = []
        self._contents: dict[int, list[int]] = {}
        self._prompts: dict[int, list[int]] = {}
        self._searched: list[int] = []
        self._search = NearDuplicateSearch(near_limit)
        self._num_train = 0
        self._num_train_searched = 0
        self._characters_left = CHARACTERS_LIMIT
        self._shared: dict[int, tuple[Likeness, _Place]] = {}

    def hold(self, validation: Iterable[Record | Fault]) -> Iterator[Record | Fault]:
        """Passes the validation records on, and holds their keys."""
        for item in validation:
            if isinstance(item, Record):
                self._hold(item, content_keys(item))
            yield item

    def watch(self, train: Iterable[Record | Fault]) -> Iterator[Record | Fault]:
        """Passes the training records on, and looks up each."""
        for item in train:
            if isinstance(item, Record):
                self._look_up(item, content_keys(item))
            yield item

    def overlap(self) -> ValidationOverlap:
        """What was found so far."""
        hows = [how for how, _ in self._shared.values()]
        order = sorted(self._shared.items(), key=lambda shared: (_LIKENESSES.index(shared[1][0]), shared[0]))
        return ValidationOverlap(
            num_train=self._num_train,
            num_validation=len(self._held),
            num_same=hows.count("same"),
            num_same_prompt=hows.count("same_prompt"),
            num_near=hows.count("near"),
            num_searched=self._num_train_searched,
            num_validation_searched=len(self._searched),
            records=tuple(
                SharedRecord(how, self._places.of(*train), self._places.of(*self._held[position]))
                for position, (how, train) in order[: self._limit]
            ),
        )

    def _hold(self, record: Record, keys: ContentKeys) -> None:
        position = len(self._held)
        self._held.append((record.source, record.line))
        self._contents.setdefault(keys.content, []).append(position)
        if keys.prompt:
            self._prompts.setdefault(keys.prompt, []).append(position)
        if self._search.add(_text(record)):
            self._searched.append(position)

    def _look_up(self, record: Record, keys: ContentKeys) -> None:
        self._num_train += 1
        place = (record.source, record.line)
        self._share("same", self._contents.get(keys.content, ()), place)
        self._share("same_prompt", self._prompts.get(keys.prompt, ()), place)
        if self._num_train_searched < self._near_limit and self._characters_left > 0:
            self._num_train_searched += 1
            self._look_up_near(_text(record), place)

    def _look_up_near(self, text: str, place: _Place) -> None:
        self._characters_left -= min(len(text), CHARACTERS_OF_A_TEXT)
        near = self._search.like(sketch(text)) if len(self._search) else []
        self._share("near", [self._searched[position] for position in near], place)

    def _share(self, how: Likeness, positions: Iterable[int], place: _Place) -> None:
        """Each validation record keeps the strongest likeness, and of those the first."""
        for position in positions:
            known = self._shared.get(position)
            if known is None or _LIKENESSES.index(how) < _LIKENESSES.index(known[0]):
                self._shared[position] = (how, place)


@dataclass
class _Sighting:
    """The strongest presence of a question so far, the first place of it, and in how many records it is at all."""

    how: Presence
    place: _Place
    num_records: int = 0

    def see(self, how: Presence, place: _Place) -> None:
        self.num_records += 1
        if _PRESENCES.index(how) < _PRESENCES.index(self.how):
            self.how, self.place = how, place


class QuestionSearch:
    """The prompts of questions first, then the records (`watch`), then the `overlap`."""

    def __init__(self, prompts: Sequence[str], parts: Sequence[Part] = ()) -> None:
        self._places = places(parts)
        self._questions = [words(prompt) for prompt in prompts]
        self._wholes: dict[bytes, list[int]] = {}
        self._anchors: dict[bytes, list[int]] = {}
        self._search = NearDuplicateSearch(max(1, len(prompts)))
        self._found: dict[int, _Sighting] = {}
        self._num_records = 0
        for position, (prompt, question) in enumerate(zip(prompts, self._questions, strict=True)):
            self._wholes.setdefault(b" ".join(question), []).append(position)
            self._search.add(prompt)
            anchor = max(runs(question), key=len, default=None)
            if anchor and len(prompt) >= CONTAINED_CHARACTERS:
                self._anchors.setdefault(anchor, []).append(position)

    def watch(self, records: Iterable[Record | Fault]) -> Iterator[Record | Fault]:
        """Passes the records on, and looks up each of their messages."""
        for item in records:
            if isinstance(item, Record):
                self._look_up(item)
            yield item

    def overlap(self) -> QuestionOverlap:
        """What was found so far."""
        found = (
            FoundQuestion(position + 1, sighting.how, self._places.of(*sighting.place), sighting.num_records)
            for position, sighting in sorted(self._found.items())
        )
        return QuestionOverlap(len(self._questions), self._num_records, tuple(found))

    def _look_up(self, record: Record) -> None:
        self._num_records += 1
        seen: dict[int, Presence] = {}
        for message in record.messages:
            for position, how in self._questions_in(message.content, is_asked=message.role == "user"):
                seen[position] = min(how, seen.get(position, how), key=_PRESENCES.index)
        for position, how in seen.items():
            place = (record.source, record.line)
            self._found.setdefault(position, _Sighting(how, place)).see(how, place)

    def _questions_in(self, text: str, *, is_asked: bool) -> Iterator[tuple[int, Presence]]:
        """Of a message that asks nothing, such as plain text, only what it contains counts."""
        text_words = words(text)
        whole = b" ".join(text_words)
        if is_asked:
            yield from ((position, "same") for position in self._wholes.get(whole, ()))
            near = self._search.like(sketch_of(text_words)) if len(self._search) else ()
            yield from ((position, "near") for position in near)
        for anchor in self._anchors.keys() & runs(text_words) if self._anchors else ():
            for position in self._anchors[anchor]:
                question = b" ".join(self._questions[position])
                if b" %s " % question in b" %s " % whole:
                    yield position, "contained"


def _text(record: Record) -> str:
    return "\n".join(message.content for message in record.messages)
