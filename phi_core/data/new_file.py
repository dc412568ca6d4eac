"""New files: written beside, and put in their place only when they are complete."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from phi_core.data.records import shown
from phi_core.errors import DataError


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """A text file that takes the place of `path` at the end, and leaves nothing behind if the work fails.

    DataError if it cannot be written. A link is followed: what it leads to is replaced.
    """
    real = Path(os.path.realpath(path))
    try:
        descriptor, beside = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name[:100]}.")
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
        os.chmod(beside, 0o644)
        os.replace(beside, real)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        Path(beside).unlink(missing_ok=True)


def require_new(path: Path, *, overwrite: bool) -> None:
    """DataError if something stands there that must not be replaced."""
    if path.is_dir():
        raise DataError(f"{shown(str(path), 300)} is a folder", remedy="Name a file to write")
    if os.path.lexists(path) and not overwrite:
        raise DataError(f"{shown(str(path), 300)} exists already", remedy="Name another, or give --overwrite")


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(f"{shown(str(path), 300)} cannot be written: {error.strerror}")
