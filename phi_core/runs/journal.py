"""Journal: the events of a run as they are read, in order; and frozen views of what it held at a moment.

Steps and validations, of which there may be a million, are columns of numbers; other events are kept as they are. After
a resume steps come again: those beyond the point of resumption are dropped. Knows no file.
"""

import math
from collections.abc import Iterator, Sequence
from heapq import merge
from typing import Any, overload

from phi_core.runs.columns import Columns, Record
from phi_core.runs.events import Event, event_of
from phi_core.runs.series import Series

IN_COLUMNS = ("step", "evaluation")
TOLD_AGAIN = frozenset({*IN_COLUMNS, "sample", "checkpoint"})
"""What a resumed run repeats from its checkpoint on."""


class Events(Sequence[Event]):
    """The events of a run at a moment, in order, superseded ones left out. An event in columns is made when it is asked
    for: `series` and `of_kind` say most things for less than a walk through all of them."""

    def __init__(self, columns: Sequence[Columns] = (), others: Sequence[tuple[int, Event]] = ()) -> None:
        self._columns = {part.kind: (part, len(part)) for part in columns}
        self._others, self._num_others = others, len(others)

    def __len__(self) -> int:
        return self._num_others + sum(count for _, count in self._columns.values())

    def __iter__(self) -> Iterator[Event]:
        parts = [
            zip(part.places[:count], part.events(count), strict=True)
            for part, count in self._columns.values()
        ]
        return (event for _, event in merge(*parts, self._placed_others(), key=lambda placed: placed[0]))

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        return self._newest() if index == -1 and len(self) else tuple(self)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def of_kind(self, kind: str) -> tuple[Event, ...]:
        if kind in self._columns:
            part, count = self._columns[kind]
            return tuple(part.events(count))
        return tuple(event for _, event in self._placed_others() if event.kind == kind)

    def number_of(self, kind: str) -> int:
        """How many there are of a kind."""
        return self._columns[kind][1] if kind in self._columns else len(self.of_kind(kind))

    def besides_steps(self) -> tuple[Event, ...]:
        """All events but steps, in order."""
        part, count = self._columns.get("evaluation", (Columns("evaluation"), 0))
        placed = zip(part.places[:count], part.events(count), strict=True)
        return tuple(event for _, event in merge(placed, self._placed_others(), key=lambda pair: pair[0]))

    def last(self, kind: str) -> Event | None:
        if kind in self._columns:
            part, count = self._columns[kind]
            return part.event(count - 1) if count else None
        newest_first = (self._others[place][1] for place in range(self._num_others - 1, -1, -1))
        return next((event for event in newest_first if event.kind == kind), None)

    def series(self, kind: str, name: str) -> Series:
        """(step, value) of every event of this kind that has the number, not finite ones included."""
        if kind in self._columns:
            part, count = self._columns[kind]
            return part.series(name, count)
        pairs = ((event.step, event.number(name)) for event in self.of_kind(kind))
        return Series.of((step, value) for step, value in pairs if value is not None)

    def times(self, kind: str) -> Series:
        """(step, seconds since the epoch) of every event of this kind."""
        if kind in self._columns:
            part, count = self._columns[kind]
            return part.moments(count)
        return Series.of((event.step, event.time) for event in self.of_kind(kind))

    def _placed_others(self) -> Sequence[tuple[int, Event]]:
        return self._others[: self._num_others]

    def _newest(self) -> Event:
        ends = [
            (part.places[count - 1], part.event(count - 1)) for part, count in self._columns.values() if count
        ]
        return max(
            [*ends, *self._others[self._num_others - 1 : self._num_others]], key=lambda placed: placed[0]
        )[1]


class Journal:
    """Takes events in the order in which they were written. Views of it stay as they are while more come."""

    def __init__(self) -> None:
        self._columns = [Columns(kind) for kind in IN_COLUMNS]
        self._others: list[tuple[int, Event]] = []
        self._num_taken = 0
        self._view: Events | None = None

    @property
    def events(self) -> Events:
        """All that was taken; the same view as before if nothing came."""
        if self._view is None:
            self._view = Events(self._columns, self._others)
        return self._view

    def take(self, records: Sequence[Record]) -> None:
        """More events, as `events.record_from` reads them."""
        kinds = [record["kind"] for record in records]
        start = 0
        while "plan" in kinds[start:]:
            plan = kinds.index("plan", start)
            self._add(records[start:plan])
            self._drop_after(records[plan].get("from_step", 0))
            self._add(records[plan : plan + 1])
            start = plan + 1
        self._add(records[start:])

    def _add(self, records: Sequence[Record]) -> None:
        told = list(enumerate(records, self._num_taken))
        for part in self._columns:
            rows = [(place, record) for place, record in told if record["kind"] == part.kind]
            part.add([record for _, record in rows], [place for place, _ in rows])
        self._others.extend(
            (place, event_of(record)) for place, record in told if record["kind"] not in IN_COLUMNS
        )
        self._num_taken += len(told)
        self._view = None

    def _drop_after(self, step: Any) -> None:
        """A resumed run repeats what came after its checkpoint; the first telling is superseded."""
        last = int(step) if isinstance(step, int | float) and math.isfinite(step) else 0
        self._columns = [part.until(last) for part in self._columns]
        self._others = [
            (place, event)
            for place, event in self._others
            if event.step <= last or event.kind not in TOLD_AGAIN
        ]
