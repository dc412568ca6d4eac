"""How far the reading of large data has come, in bytes of all that there are and in records.

Readers of data tell of bytes and records alone; `counting` makes progress of it. Knows nothing about how it is shown.
"""

from collections.abc import Callable
from dataclasses import dataclass

from phi_core.data.watch import OnProgress as OnCounts


@dataclass(frozen=True)
class Progress:
    """How far the reading has come."""

    done_bytes: int
    total_bytes: int
    records: int


OnProgress = Callable[[Progress], None]


def counting(on_progress: OnProgress | None, total_bytes: int) -> OnCounts | None:
    """What a reader of bytes and records tells, as progress through so many bytes."""
    if on_progress is None:
        return None
    return lambda num_bytes, num_records: on_progress(Progress(num_bytes, total_bytes, num_records))
