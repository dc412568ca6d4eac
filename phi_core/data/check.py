"""What data is like before a run: counts, lengths, and what looks suspicious. Records in, figures and findings out.

One pass over the records of any number of sources, none of which stays in memory: about 50 bytes a record do, and 40
more while they are compared, besides the 30 MB of the search for near duplicates. A finding never blocks; faults are
the rows that are no records. Lengths are characters: this room knows nothing about tokens.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby, pairwise
from operator import add
from statistics import median
from typing import Any

from phi_core.chat.messages import Message
from phi_core.data.content_keys import content_keys
from phi_core.data.near_duplicates import LIKENESS, NEAR_DUPLICATE_LIMIT, NearDuplicateSearch
from phi_core.data.places import Places, places
from phi_core.data.records import Fault, Record
from phi_core.data.sources.part import Part
from phi_core.errors import Problem
from phi_core.plain_text import UNSAFE

LONG_RECORD_CHARACTERS = 100_000
LONG_RECORD_MEDIANS = 20
CONSTANT_ANSWER_SHARE = 0.2
CONSTANT_ANSWER_RECORDS = 5
"""So many records at least, before the same answer in many of them looks suspicious."""

_OBEYED = "".join(re.escape(chr(code)) for code in sorted(UNSAFE - {ord("\r")}))
_CONTROL = re.compile(rf"[{_OBEYED}]|\r(?!\n)")
"""CR before LF is the end of a line."""
_CONTROLS_NAMED = 5
_LINE_BITS = 40
_FAULT_KINDS = 100


@dataclass(frozen=True)
class Spread:
    """`p95`: 95 of 100 values are not larger."""

    minimum: int
    median: float
    p95: int
    maximum: int


@dataclass(frozen=True)
class Finding:
    """One suspicious thing: in how many records, where the first of them stands, and what it means."""

    kind: str
    count: int
    source: str
    line: int
    problem: Problem

    def as_json(self) -> dict[str, Any]:
        place = {"source": self.source, "line": self.line}
        return {"kind": self.kind, "count": self.count, **asdict(self.problem), **place}


@dataclass(frozen=True)
class NearPair:
    """Places of two records that are nearly the same."""

    earlier: str
    later: str


@dataclass(frozen=True)
class SourceCounts:
    """What came from one source: a file, or a split of a dataset."""

    name: str
    num_records: int
    num_faults: int
    formats: Mapping[str, int]


@dataclass(frozen=True)
class DataSummary:
    """`num_duplicates` records say the same as an earlier one, `num_near_duplicates` of the first `num_searched` nearly so.

    `turns` and `characters` are per record, over all its messages; `answer_characters` over the assistant's,
    `prompt_characters` over all others'; None if there is no record. `faults` and `near_duplicates` are the first.
    """

    num_records: int
    num_faults: int
    num_duplicates: int
    num_near_duplicates: int
    num_searched: int
    num_with_control_characters: int
    sources: tuple[SourceCounts, ...]
    formats: Mapping[str, int]
    turns: Spread | None
    characters: Spread | None
    prompt_characters: Spread | None
    answer_characters: Spread | None
    faults: tuple[Fault, ...]
    fault_kinds: Mapping[str, int]
    near_duplicates: tuple[NearPair, ...]
    warnings: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        faults = [
            {**asdict(fault.problem), "source": fault.source, "line": fault.line} for fault in self.faults
        ]
        warnings = [finding.as_json() for finding in self.warnings]
        return {**asdict(self), "faults": faults, "warnings": warnings}


def summarise(
    records: Iterable[Record | Fault],
    *,
    parts: Sequence[Part] = (),
    fault_limit: int = 20,
    near_duplicate_limit: int = NEAR_DUPLICATE_LIMIT,
) -> DataSummary:
    """Reads `records` to their end. `parts` are where they come from: places are named as they are."""
    found = _Found(places(parts), fault_limit, NearDuplicateSearch(near_duplicate_limit))
    for item in records:
        if isinstance(item, Fault):
            found.see_fault(item)
        else:
            found.see(item)
    return found.summary()


@dataclass
class _Tally:
    """How many records, and the first of them."""

    count: int = 0
    first: int = 0

    def see(self, place: int) -> None:
        self.first = self.first or place
        self.count += 1


@dataclass
class _Found:
    """What is kept of each record: keys, lengths, and its place, which is one number (`_place`)."""

    places: Places
    fault_limit: int
    search: NearDuplicateSearch
    contents: "array[int]" = field(default_factory=lambda: array("Q"))
    prompts: "array[int]" = field(default_factory=lambda: array("Q"))
    answers: "array[int]" = field(default_factory=lambda: array("Q"))
    where: "array[int]" = field(default_factory=lambda: array("Q"))
    turns: "array[int]" = field(default_factory=lambda: array("I"))
    prompt_characters: "array[int]" = field(default_factory=lambda: array("I"))
    answer_characters: "array[int]" = field(default_factory=lambda: array("I"))
    searched: "array[int]" = field(default_factory=lambda: array("Q"))
    searched_contents: set[int] = field(default_factory=set)
    num_searched: int = 0
    sources: dict[str, int] = field(default_factory=dict)
    formats: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    fault_kinds: Counter[str] = field(default_factory=Counter)
    faulty: Counter[str] = field(default_factory=Counter)
    tallies: dict[str, _Tally] = field(default_factory=dict)
    controls: Counter[str] = field(default_factory=Counter)
    """Records that have each control character."""

    def see_fault(self, fault: Fault) -> None:
        self.sources.setdefault(fault.source, len(self.sources))
        self.faulty[fault.source] += 1
        kind = _fault_kind(fault.problem)
        self.fault_kinds[
            kind if kind in self.fault_kinds or len(self.fault_kinds) < _FAULT_KINDS else "other"
        ] += 1
        if len(self.faults) < self.fault_limit:
            self.faults.append(fault)

    def see(self, record: Record) -> None:
        place = self._place(record)
        keys = content_keys(record)
        self.contents.append(keys.content)
        self.prompts.append(keys.prompt)
        self.answers.append(keys.answer)
        self.where.append(place)
        self._see_lengths(record.messages)
        self.formats[record.source, record.format] += 1
        for kind in dict.fromkeys(_oddities(record)):
            self.tallies.setdefault(kind, _Tally()).see(place)
            if kind == "control_characters":
                self.controls.update(
                    set(_CONTROL.findall("\n".join(each.content for each in record.messages)))
                )
        if not self.search.is_full:
            self._see_text(record, keys.content, place)

    def _place(self, record: Record) -> int:
        number = self.sources.setdefault(record.source, len(self.sources))
        return number << _LINE_BITS | record.line

    def _see_lengths(self, messages: Sequence[Message]) -> None:
        prompt = answer = 0
        for message in messages:
            if message.role == "assistant":
                answer += len(message.content)
            else:
                prompt += len(message.content)
        self.turns.append(len(messages))
        self.prompt_characters.append(prompt)
        self.answer_characters.append(answer)

    def _see_text(self, record: Record, content: int, place: int) -> None:
        """Equal records are duplicates, not near ones, so each text is searched once."""
        self.num_searched += 1
        if content not in self.searched_contents:
            self.searched_contents.add(content)
            self.search.add("\n".join(message.content for message in record.messages))
            self.searched.append(place)

    def summary(self) -> DataSummary:
        self.searched_contents.clear()
        characters = array("Q", map(add, self.prompt_characters, self.answer_characters))
        near = [(self.searched[earlier], self.searched[later]) for earlier, later in self.search.pairs()]
        duplicates = self._duplicates()
        return DataSummary(
            num_records=len(self.where),
            num_faults=self.faulty.total(),
            num_duplicates=duplicates.count,
            num_near_duplicates=len(near),
            num_searched=self.num_searched,
            num_with_control_characters=self._tally("control_characters").count,
            sources=tuple(map(self._counts, self.sources)),
            formats=_totals(self.formats),
            turns=_spread(self.turns),
            characters=(spread := _spread(characters)),
            prompt_characters=_spread(self.prompt_characters),
            answer_characters=_spread(self.answer_characters),
            faults=tuple(self.faults),
            fault_kinds=dict(self.fault_kinds.most_common()),
            near_duplicates=tuple(NearPair(*map(self._named, pair)) for pair in near[: self.fault_limit]),
            warnings=(
                *self._mixed_formats(),
                *self._repetitions(duplicates, near),
                *self._conspicuous(),
                *self._long(characters, spread),
            ),
        )

    def _mixed_formats(self) -> Iterator[Finding]:
        for source in self.sources:
            counts = self._counts(source)
            if len(counts.formats) > 1:
                listed = ", ".join(f"{count} {name}" for name, count in counts.formats.items())
                yield Finding("mixed_formats", counts.num_records, source, 0,
                              Problem(counts.name, f"formats are mixed: {listed}"))  # fmt: skip

    def _repetitions(self, duplicates: _Tally, near: Sequence[tuple[int, int]]) -> Iterator[Finding]:
        yield from self._finding(
            "duplicates",
            duplicates,
            "same content as an earlier record",
            "Training sees it more often than the others",
        )
        share = f"{LIKENESS:.0%} of the words or more"
        yield from self._finding(
            "near_duplicates",
            _Tally(len(near), near[0][1] if near else 0),
            f"nearly the same as an earlier record ({share})",
            "Training sees it more often than the others, and a split may put one of them on each side",
        )
        yield from self._finding(
            "conflicting_answers",
            self._conflicts(),
            "same prompt as an earlier record, another answer",
            "The model is trained towards each of them, and may give any",
        )
        yield from self._finding(
            "constant_answer",
            constant := self._constant_answer(),
            f"the same answer in {constant.count / max(1, len(self.where)):.0%} of the records",
            "The model may learn to give it always",
        )

    def _conspicuous(self) -> Iterator[Finding]:
        for kind, (what, meaning) in _ODDITIES.items():
            which = f" ({_named_controls(self.controls)})" if kind == "control_characters" else ""
            yield from self._finding(kind, self._tally(kind), what + which, meaning)

    def _long(self, characters: "array[int]", spread: Spread | None) -> Iterator[Finding]:
        meaning = "Records beyond max_length are cut or dropped"
        yield from self._finding(
            "long",
            self._longer(characters, LONG_RECORD_CHARACTERS),
            f"longer than {LONG_RECORD_CHARACTERS:,} characters",
            meaning,
        )
        usual = spread.median if spread else 0
        yield from self._finding(
            "long_for_this_data",
            self._longer(characters, LONG_RECORD_MEDIANS * usual),
            f"longer than {LONG_RECORD_MEDIANS} times the median of {figure(usual)} characters",
            meaning,
        )

    def _duplicates(self) -> _Tally:
        tally, repeated, seen = _Tally(), _repeated(self.contents), set[int]()
        for key, place in zip(self.contents, self.where, strict=True) if repeated else ():
            if key in seen:
                tally.see(place)
            elif key in repeated:
                seen.add(key)
        return tally

    def _conflicts(self) -> _Tally:
        """Prompts, each counted once, and the first record that contradicts an earlier one."""
        tally, repeated = _Tally(), _repeated(self.prompts) - {0}
        answers: dict[int, int] = {}
        for prompt, answer, place in (
            zip(self.prompts, self.answers, self.where, strict=True) if repeated else ()
        ):
            if prompt in repeated and answers.setdefault(prompt, answer) != answer:
                tally.see(place)
                repeated.discard(prompt)
        return tally

    def _constant_answer(self) -> _Tally:
        runs = ((sum(1 for _ in run), key) for key, run in groupby(sorted(self.answers)))
        count, answer = max(runs, default=(0, 0))
        if count < max(CONSTANT_ANSWER_RECORDS, CONSTANT_ANSWER_SHARE * len(self.answers) + 1e-9):
            return _Tally()
        return _Tally(count, self.where[self.answers.index(answer)])

    def _longer(self, characters: "array[int]", limit: float) -> _Tally:
        tally = _Tally()
        for length, place in zip(characters, self.where, strict=True):
            if length > limit:
                tally.see(place)
        return tally

    def _finding(self, kind: str, tally: _Tally, what: str, meaning: str) -> Iterator[Finding]:
        if tally.count:
            source, line = self._taken_apart(tally.first)
            first = self.places.line(source, line)
            count = (
                f"1 record, in {first}"
                if tally.count == 1
                else f"{tally.count} records, the first in {first}"
            )
            problem = Problem(self.places.name(source), f"{what}: {count}", meaning)
            yield Finding(kind, tally.count, source, line, problem)

    def _tally(self, kind: str) -> _Tally:
        return self.tallies.get(kind, _Tally())

    def _counts(self, source: str) -> SourceCounts:
        formats = {name: count for (its, name), count in self.formats.items() if its == source}
        return SourceCounts(self.places.name(source), sum(formats.values()), self.faulty[source], formats)

    def _taken_apart(self, place: int) -> tuple[str, int]:
        return list(self.sources)[place >> _LINE_BITS], place & ((1 << _LINE_BITS) - 1)

    def _named(self, place: int) -> str:
        return self.places.of(*self._taken_apart(place))


_ODDITIES: Mapping[str, tuple[str, str]] = {
    "control_characters": ("control or escape characters", "The model would learn to write them"),
    "empty_prompt": ("an empty prompt", "The model learns to say this to nothing"),
    "same_role_twice": (
        "two turns of one role in a row",
        "Some chat templates refuse it, and the model learns to answer itself",
    ),
    "untrained_end": ("turns after the last answer", "No answer follows them, so they train nothing"),
}
"""What a record alone shows, and what it means."""


def _oddities(record: Record) -> list[str]:
    """Keys of `_ODDITIES`."""
    found, before = [], ""
    for message in record.messages:
        if not message.content.isprintable() and _CONTROL.search(message.content):
            found.append("control_characters")
        if message.role == "user" and not message.content.strip():
            found.append("empty_prompt")
        if message.role == before:
            found.append("same_role_twice")
        before = message.role
    return found if before == "assistant" else [*found, "untrained_end"]


_SPECIFICS = re.compile(r"(; | at (column|byte|character) |: |, so |, got '|, got \"|, \\u).*", re.DOTALL)


def _fault_kind(problem: Problem) -> str:
    """The field and the reason without what differs from row to row: "response: empty"."""
    _, _, name = problem.where.rpartition(", field ")
    has_field = ", field " in problem.where
    reason = _SPECIFICS.sub("", problem.what)
    return f"{re.sub(r' turn [0-9]+$', ' turn', name)}: {reason}" if has_field else reason


def _repeated(keys: "array[int]") -> set[int]:
    """The keys that stand there more than once."""
    return {key for key, following in pairwise(sorted(keys)) if key == following}


def _totals(formats: Counter[tuple[str, str]]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for (_, name), count in formats.items():
        totals[name] += count
    return dict(totals)


def _named_controls(counts: Counter[str]) -> str:
    """The most frequent characters as escapes, each with its records: "\\x1b × 2, \\x00 × 1"."""
    named = [
        f"{character.encode('unicode_escape').decode()} × {count:,}"
        for character, count in counts.most_common(_CONTROLS_NAMED)
    ]
    return ", ".join([*named, "…"] if len(counts) > _CONTROLS_NAMED else named)


def figure(value: float) -> str:
    """A count, or a median between two: 5,000,001 or 2.5."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _spread(values: "array[int]") -> Spread | None:
    if not values:
        return None
    ordered = sorted(values)
    p95 = ordered[(95 * len(ordered) + 99) // 100 - 1]
    return Spread(ordered[0], median(ordered), p95, ordered[-1])
