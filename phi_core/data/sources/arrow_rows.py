"""Arrow tables as rows, a few at a time. Values keep the Python types that Arrow gives them.

Takes batches from whoever reads them, and imports no Arrow itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from phi_core.data.records import RecordFault, shown
from phi_core.data.sources.part import OnBytes, Part, Row
from phi_core.errors import DataError

BATCH_BYTES = 4 << 20
"""About as much is in memory at a time."""

_LONGEST_BATCH = 4096


class Batch(Protocol):
    """A table or record batch of Arrow."""

    @property
    def num_rows(self) -> int: ...

    def slice(self, offset: int, length: int) -> "Batch": ...

    def to_pylist(self) -> list[dict[str, Any]]: ...


def arrow_rows(
    batches: Iterable[Batch], part: Part, *, num_rows: int, on_bytes: OnBytes | None
) -> Iterator[Row]:
    """Rows numbered from 1; the share of `num_rows` that is done stands for the share of the bytes."""
    number = 0
    for batch in batches:
        for row in _objects(batch):
            number += 1
            yield number, row
        if on_bytes is not None:
            on_bytes(part.num_bytes * number // max(num_rows, 1))


def batch_rows(num_bytes: int, num_rows: int) -> int:
    """Rows of one batch so that it stays near BATCH_BYTES."""
    return min(_LONGEST_BATCH, max(1, BATCH_BYTES * num_rows // max(num_bytes, 1)))


def require_distinct(columns: Sequence[str], part: Part) -> None:
    """DataError if two columns have one name: a row could hold only one of them."""
    name, count = Counter(columns).most_common(1)[0] if columns else ("", 0)
    if count > 1:
        what = f"dataset {part.name} has {count} columns of the name {shown(name)}"
        raise DataError(what, remedy="Give each column a name of its own")


def _objects(batch: Batch) -> list[dict[str, Any] | RecordFault]:
    try:
        return list(batch.to_pylist())
    except (ValueError, OverflowError, ImportError):
        return [_object(batch.slice(position, 1)) for position in range(batch.num_rows)]


def _object(single: Batch) -> dict[str, Any] | RecordFault:
    try:
        return single.to_pylist()[0]
    except (ValueError, OverflowError, ImportError) as error:
        return RecordFault(f"a value that cannot be read: {shown(str(error), 200)}")
