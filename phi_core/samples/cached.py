"""What prepared data takes on the disk, and removing some of it. Whoever has a dataset mapped keeps it to the end.

Folders that are being written are passed over: `cache.make_room` sweeps those whose writer is gone.
"""

import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from phi_core.errors import DataError
from phi_core.samples.cache import NEW, num_bytes, prepared_folder

GOING = f"{NEW}going-"
"""A folder on its way out: named like one being written, so that nobody opens it."""


@dataclass(frozen=True)
class PreparedUse:
    """One prepared dataset. `used`: when it last was, in seconds since the epoch."""

    folder: Path
    bytes: int
    used: float


def prepared_uses(*, idle_days: float = 0.0) -> tuple[PreparedUse, ...]:
    """Every prepared dataset that was not used for so many days, the least recently used first."""
    try:
        root = prepared_folder()
    except DataError:  # nowhere to keep any: then none is kept
        return ()
    before = time.time() - idle_days * 86_400
    found = []
    for folder in root.iterdir():
        if folder.is_dir() and not folder.is_symlink() and not folder.name.startswith(NEW):
            with suppress(OSError):
                found.append(PreparedUse(folder, num_bytes(folder), folder.stat().st_mtime))
    return tuple(sorted((use for use in found if use.used <= before), key=lambda use: use.used))


def forget(uses: Sequence[PreparedUse]) -> tuple[PreparedUse, ...]:
    """Remove datasets; returns those removed. One that was used since it was looked at stays."""
    return tuple(use for use in uses if _forgotten(use))


def _forgotten(use: PreparedUse) -> bool:
    root = prepared_folder()
    if use.folder.parent != root or use.folder.is_symlink():
        return False
    try:
        if use.folder.stat().st_mtime > use.used:
            return False
        aside = root / f"{GOING}{use.folder.name}"
        os.rename(use.folder, aside)
    except OSError:
        return False
    shutil.rmtree(aside, ignore_errors=True)
    return True
