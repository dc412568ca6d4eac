"""A file as a stream of bytes, unpacked if its name ends in .gz, and every way in which that fails as a DataError.

Knows nothing about what the bytes mean.
"""

import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from phi_core.data.records import shown
from phi_core.data.sources.part import OnBytes
from phi_core.errors import DataError

BUFFER_BYTES = 1 << 20
PACKED_SUFFIX = ".gz"


@contextmanager
def opened(location: str, *, on_bytes: OnBytes | None = None) -> Iterator[BinaryIO]:
    """The content of a file. DataError if there is no such file, or if it cannot be read, now or further on.

    `on_bytes` is told the position in the file itself, packed as it may be.
    """
    try:
        require_file(location)
        with _bytes_of(location, on_bytes) as stream:
            yield stream
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        what = f"{_named(location)} is no intact gzip file: {shown(str(error), 200)}"
        raise DataError(what, remedy="Pack or download it anew") from None
    except OSError as error:
        raise unreadable(location, error) from None


def require_file(location: str) -> None:
    """OSError if a path cannot be looked at, DataError if what stands there is no regular file."""
    if not stat.S_ISREG(os.stat(location).st_mode):
        raise DataError(f"{_named(location)} is no regular file", remedy="Name a file with records")


def unreadable(location: str, error: OSError) -> DataError:
    """What a failure of the system means for the person who named the path."""
    if isinstance(error, FileNotFoundError):
        return DataError(f"{_named(location)} does not exist")
    return DataError(f"{_named(location)} cannot be read: {error.strerror or shown(str(error), 200)}")


def is_packed(location: str) -> bool:
    return Path(location).suffix.lower() == PACKED_SUFFIX


@contextmanager
def _bytes_of(location: str, on_bytes: OnBytes | None) -> Iterator[BinaryIO]:
    raw = io.FileIO(location) if on_bytes is None else _WatchedFile(location, on_bytes)
    with io.BufferedReader(raw, BUFFER_BYTES) as file:
        if not is_packed(location):
            yield file
            return
        with gzip.GzipFile(fileobj=file) as unpacked, io.BufferedReader(unpacked, BUFFER_BYTES) as content:
            yield content


class _WatchedFile(io.FileIO):
    """A file that tells how far it has been read, once a buffer and not once a row."""

    def __init__(self, location: str, on_bytes: OnBytes) -> None:
        super().__init__(location)
        self._on_bytes = on_bytes

    def readinto(self, buffer: Any, /) -> int | None:
        count = super().readinto(buffer)
        self._on_bytes(self.tell())
        return count


def _named(location: str) -> str:
    return f"dataset {shown(location, 300)}"
