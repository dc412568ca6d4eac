"""A survey of data: each source read once, checked, and held against validation data and questions on the way.

Sources in; figures, findings and overlaps out. Nothing that is read stays in memory (see `check` and `overlap` for
what does). Front ends show the same survey.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from phi_core.data.check import DataSummary, summarise
from phi_core.data.overlap import QuestionOverlap, QuestionSearch, ValidationOverlap, ValidationSearch
from phi_core.data.reading import read_records
from phi_core.data.records import Fault, Reading, Record
from phi_core.data.sources.find import fingerprint
from phi_core.data.sources.part import Part, Source

EVERY_RECORDS = 1000

OnProgress = Callable[[int, int], None]
"""Told now and then how many bytes and how many records have been read."""


@dataclass(frozen=True)
class Survey:
    """`validation` and `overlap` are None without validation data, `questions` without questions.

    `fingerprint` is that of the training data.
    """

    fingerprint: str
    train: DataSummary
    validation: DataSummary | None
    overlap: ValidationOverlap | None
    questions: QuestionOverlap | None

    @property
    def num_faults(self) -> int:
        return self.train.num_faults + (self.validation.num_faults if self.validation else 0)

    @property
    def faults(self) -> tuple[Fault, ...]:
        return self.train.faults + (self.validation.faults if self.validation else ())

    def as_json(self) -> dict[str, Any]:
        return {
            "fingerprint": self.fingerprint,
            **self.train.as_json(),
            "validation": self.validation.as_json() if self.validation else None,
            "overlap": asdict(self.overlap) if self.overlap else None,
            "questions": asdict(self.questions) if self.questions else None,
        }


def survey(
    sources: Sequence[Source],
    reading: Reading,
    *,
    validation: Sequence[Source] = (),
    questions: Sequence[str] | None = None,
    limit: int = 20,
    on_progress: OnProgress | None = None,
) -> Survey:
    """Everything that there is to say about the data; validation data of the sources themselves belongs to it.

    `questions` are their prompts. `limit` faults, near duplicates and shared records are listed, all are counted.
    DataError if a part as a whole is not right.
    """
    train, held_out = train_parts(sources), validation_parts(sources, validation)
    watched = _Progress(on_progress)
    asked = QuestionSearch(questions, (*train, *held_out)) if questions is not None else None
    shared = ValidationSearch((*train, *held_out), limit=limit) if held_out else None
    held: DataSummary | None = None
    if shared:
        held = summarise(shared.hold(watched.records(held_out, reading)), parts=held_out, fault_limit=limit)
    records = watched.records(train, reading)
    records = shared.watch(records) if shared else records
    records = asked.watch(records) if asked else records
    found = summarise(records, parts=train, fault_limit=limit)
    return Survey(
        fingerprint=fingerprint(train),
        train=found,
        validation=held,
        overlap=shared.overlap() if shared else None,
        questions=asked.overlap() if asked else None,
    )


def train_parts(sources: Iterable[Source]) -> tuple[Part, ...]:
    return tuple(chain.from_iterable(source.parts for source in sources))


def validation_parts(sources: Iterable[Source], validation: Iterable[Source]) -> tuple[Part, ...]:
    """The sources' own validation data, then what was named as such."""
    own = chain.from_iterable(source.validation for source in sources)
    return (*own, *train_parts(validation))


class _Progress:
    """Bytes and records over all that is read, one part after the other."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._bytes_before = self._bytes = self._records = 0

    def records(self, parts: Sequence[Part], reading: Reading) -> Iterator[Record | Fault]:
        if self._on_progress is None:
            yield from read_records(parts, reading)
            return
        for item in read_records(parts, reading, on_bytes=self._see_bytes):
            self._records += 1
            if self._records % EVERY_RECORDS == 0:
                self._on_progress(self._bytes, self._records)
            yield item
        self._bytes_before = self._bytes

    def _see_bytes(self, num_bytes: int) -> None:
        self._bytes = self._bytes_before + num_bytes
