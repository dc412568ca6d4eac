"""A survey of data: each source read once, checked, and held against validation data and questions on the way.

Sources in; figures, findings and overlaps out. Nothing that is read stays in memory (see `check` and `overlap` for
what does). Front ends show the same survey.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from phi_core.data.check import DataSummary, summarise
from phi_core.data.overlap import QuestionOverlap, QuestionSearch, ValidationOverlap, ValidationSearch
from phi_core.data.reading import read_records
from phi_core.data.records import Fault, Reading
from phi_core.data.sources.find import fingerprint
from phi_core.data.sources.part import Part, Source
from phi_core.data.watch import OnProgress as OnProgress
from phi_core.data.watch import Watch


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
    watch = Watch(on_progress)
    asked = QuestionSearch(questions, (*train, *held_out)) if questions is not None else None
    shared = ValidationSearch((*train, *held_out), limit=limit) if held_out else None
    held: DataSummary | None = None
    if shared:
        records = watch.reading(lambda on_bytes: read_records(held_out, reading, on_bytes=on_bytes))
        held = summarise(shared.hold(records), parts=held_out, fault_limit=limit)
    records = watch.reading(lambda on_bytes: read_records(train, reading, on_bytes=on_bytes))
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
