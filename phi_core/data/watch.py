"""Progress of a reading: bytes and rows counted as they stream by, told now and then."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from phi_core.data.sources.part import OnBytes

EVERY_RECORDS = 1000

OnProgress = Callable[[int, int], None]
"""Told now and then how many bytes and how many records have been read."""

_Item = TypeVar("_Item")


class Watch:
    """Bytes and records over all that is read, one reading after the other."""

    def __init__(self, on_progress: OnProgress | None, *, bytes_before: int = 0) -> None:
        self._on_progress = on_progress
        self._bytes_before = self._bytes = bytes_before
        self._records = 0

    def reading(self, read: Callable[[OnBytes | None], Iterator[_Item]]) -> Iterator[_Item]:
        """Passes on what `read` gives; it is called with what it has to tell of bytes."""
        if self._on_progress is None:
            yield from read(None)
            return
        for item in read(self._see_bytes):
            self._records += 1
            if self._records % EVERY_RECORDS == 0:
                self._on_progress(self._bytes, self._records)
            yield item
        self._bytes_before = self._bytes

    def _see_bytes(self, num_bytes: int) -> None:
        self._bytes = self._bytes_before + num_bytes
