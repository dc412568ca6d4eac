"""The Check pane's content: a survey of the data, as a few lines of figures and a list of places to look at.

Read in a thread; pure text from then on. Knows no widget.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from phi_core.config.training import TrainingConfig
from phi_core.counted import counted
from phi_core.data.check import DataSummary, Spread, figure
from phi_core.data.overlap import SharedRecord
from phi_core.data.records import Reading
from phi_core.data.sources.find import find_sources
from phi_core.data.sources.part import Part, Source
from phi_core.data.survey import Survey, survey, train_parts, validation_parts
from phi_core.planning.run_data import reading
from phi_core.samples.progress import OnProgress, counting

LISTED = 1000
"""Faults, near duplicates and shared records that are listed; all are counted."""
FEW = 5
"""So many faults need no count by kind: the list shows them all."""

Kind = Literal["fault", "warning", "shared", "near"]
Signature = tuple[object, ...]


@dataclass(frozen=True)
class Entry:
    """One line of the list. `part` None: there is no one place to look at."""

    kind: Kind
    text: str
    part: Part | None = None
    line: int = 0


@dataclass(frozen=True)
class CheckReport:
    """`signature` tells whether the same data read in the same way would say the same again."""

    signature: Signature
    survey: Survey
    entries: tuple[Entry, ...]
    figures: tuple[str, ...]

    @property
    def num_faults(self) -> int:
        return self.survey.num_faults

    @property
    def headline(self) -> str:
        """All in one line."""
        found = self.survey
        records = counted(found.train.num_records, "record")
        names = [*found.train.formats]
        formats = f"{len(names)} formats" if len(names) > 1 else "".join(names) or "no known format"
        faults = counted(found.num_faults, "fault") if found.num_faults else "no faults"
        count = sum(len(summary.warnings) for summary in _summaries(found))
        return f"{faults}, {counted(count, 'note') if count else 'no notes'} · {records} · {formats}"


def read_check(
    config: TrainingConfig, before: CheckReport | None, on_progress: OnProgress | None
) -> CheckReport:
    """The report; `before` as it is if nothing has changed since. DataError if a source cannot be read at all."""
    sources = find_sources(config.dataset_path, text_unit=config.text_unit)
    held_out = find_sources(config.validation_path, text_unit=config.text_unit)
    read = reading(config)
    signature = _signature(sources, held_out, read)
    if before and before.signature == signature:
        return before
    parts = (*train_parts(sources), *validation_parts(sources, held_out))
    found = survey(
        sources,
        read,
        validation=held_out,
        limit=LISTED,
        on_progress=counting(on_progress, sum(part.num_bytes for part in parts)),
    )
    return CheckReport(signature, found, tuple(_entries(found, parts)), tuple(_figures(found)))


def _signature(sources: Sequence[Source], held_out: Sequence[Source], read: Reading) -> Signature:
    parts = (*train_parts(sources), *validation_parts(sources, held_out))
    return (sources, held_out, read, tuple(_state(part) for part in parts))


def _state(part: Part) -> tuple[int, ...]:
    """Whether a file has been written since; () for what is no file."""
    try:
        stat = os.stat(part.location)
    except (OSError, ValueError):
        return ()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _entries(found: Survey, parts: Sequence[Part]) -> Iterator[Entry]:
    """Faults first, for they stop a run."""
    by_location = {part.location: part for part in parts}
    for fault in found.faults:
        yield Entry("fault", str(fault.problem), by_location.get(fault.source), fault.line)
    listed = len(found.faults)
    if found.num_faults > listed:
        yield Entry("fault", f"and {found.num_faults - listed:,} more faults, counted and not listed")
    for summary in _summaries(found):
        for finding in summary.warnings:
            part = by_location.get(finding.source) if finding.line else None
            yield Entry("warning", str(finding.problem), part, finding.line)
    for shared in found.overlap.records if found.overlap else ():
        part, line = _place(shared.validation, parts)
        yield Entry("shared", _shared(shared), part, line)
    for summary in _summaries(found):
        for pair in summary.near_duplicates:
            part, line = _place(pair.later, parts)
            yield Entry("near", f"{pair.later} is nearly {pair.earlier}", part, line)


def _shared(shared: SharedRecord) -> str:
    words = {"same": "is", "same_prompt": "has the prompt of", "near": "is nearly"}
    return f"{shared.validation} (validation) {words[shared.how]} {shared.train} (training)"


def _place(named: str, parts: Sequence[Part]) -> tuple[Part | None, int]:
    """The part and line of a place such as "pirate.jsonl line 7"."""
    for part in parts:
        start = f"{part.name} {part.place} "
        if named.startswith(start) and named[len(start) :].isdigit():
            return part, int(named[len(start) :])
    return None, 0


def _summaries(found: Survey) -> Iterator[DataSummary]:
    yield from filter(None, (found.train, found.validation))


def _figures(found: Survey) -> Iterator[str]:
    train = found.train
    yield f"records      {train.num_records:,} good, {train.num_faults:,} faulty{_sources(train)}"
    yield f"formats      {_formats(train)}"
    yield f"characters   {_spread(train.characters)}{_turns(train.turns)}"
    yield f"answers      {_spread(train.answer_characters)}"
    yield f"duplicates   {train.num_duplicates:,} exact, {train.num_near_duplicates:,} nearly the same{_searched(train)}"
    if found.validation and found.overlap:
        overlap = found.overlap
        yield (
            f"validation   {found.validation.num_records:,} good, {found.validation.num_faults:,} faulty; also trained on: "
            f"{overlap.num_same:,}, with another answer {overlap.num_same_prompt:,}, nearly {overlap.num_near:,}"
        )
    kinds = list(chain.from_iterable(summary.fault_kinds.items() for summary in _summaries(found)))
    if found.num_faults <= FEW:
        return
    for kind, count in sorted(kinds, key=lambda item: -item[1])[:3]:
        yield f"faulty       {count:,} × {kind}"
    if len(kinds) > 3:
        yield f"             and {counted(len(kinds) - 3, 'other kind')}"


def _sources(train: DataSummary) -> str:
    return f" in {len(train.sources)} files" if len(train.sources) > 1 else ""


def _formats(train: DataSummary) -> str:
    """The formats, with counts where there are several."""
    if len(train.formats) < 2:
        return next(iter(train.formats), "none recognised")
    return ", ".join(f"{count:,} {name}" for name, count in train.formats.items())


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return "none"
    return (
        f"{spread.minimum:,} to {spread.maximum:,}, median {figure(spread.median)}, 95 % up to {spread.p95:,}"
    )


def _turns(turns: Spread | None) -> str:
    if turns is None or turns.maximum <= 2:
        return ""
    return f" · turns {turns.minimum:,} to {turns.maximum:,}"


def _searched(train: DataSummary) -> str:
    left_out = train.num_searched < train.num_records
    return f" (first {train.num_searched:,} searched)" if left_out else ""
