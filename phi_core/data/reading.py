"""Reading: the rows of parts in, a record or a fault for each of them out, one at a time.

Runs on every row of large files. Knows nothing about kinds of files, nor about what to do with a fault.
"""

from collections.abc import Iterable, Iterator

from phi_core.data.formats import recognised
from phi_core.data.records import Fault, Reading, Record, RecordFault
from phi_core.data.sources.kinds import read_rows
from phi_core.data.sources.part import OnBytes, Part


def read_records(
    parts: Iterable[Part], reading: Reading, *, on_bytes: OnBytes | None = None
) -> Iterator[Record | Fault]:
    """Records and faults in the order of the parts and their rows. DataError if a part as a whole is not right.

    `on_bytes` is told now and then how many bytes of all parts have been consumed so far.
    """
    num_before = 0
    for part in parts:
        yield from _of_part(part, reading, _from(num_before, on_bytes))
        num_before += part.num_bytes
        if on_bytes is not None:
            on_bytes(num_before)


def _of_part(part: Part, reading: Reading, on_bytes: OnBytes | None) -> Iterator[Record | Fault]:
    source, place = part.location, f"{part.name} {part.place}"
    for number, row in read_rows(part, on_bytes=on_bytes):
        try:
            if isinstance(row, RecordFault):
                raise row
            known, messages, group = recognised(row, reading)
        except RecordFault as fault:
            yield Fault(fault.at(f"{place} {number}"), source, number)
        else:
            yield Record(messages, source, number, known.name, known.is_text, group)


def _from(num_before: int, on_bytes: OnBytes | None) -> OnBytes | None:
    """Counts the bytes of one part on from those of the parts before it."""
    return None if on_bytes is None else lambda num_bytes: on_bytes(num_before + num_bytes)
