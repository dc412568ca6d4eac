"""Where prepared data is kept between starts: one folder a fingerprint, the least recently used go first.

Knows nothing about what is in the folders.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_dir

CACHE_BYTES = 20 * 2**30
"""What all prepared data together may take."""


def prepared_folder() -> Path:
    """The folder of all prepared data: under PHI_CACHE_DIR, else this system's cache, else a temporary one."""
    named = os.environ.get("PHI_CACHE_DIR")
    for root in [Path(named)] if named else [Path(user_cache_dir("phi")), _own_temporary()]:
        folder = root / "prepared"
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if os.access(folder, os.W_OK):
                return folder
    return Path(tempfile.mkdtemp(prefix="phi-prepared-"))


def used(folder: Path) -> None:
    """Remember that this folder was of use just now."""
    with suppress(OSError):
        os.utime(folder)


def make_room(root: Path, *, keep: Path, limit: int = CACHE_BYTES) -> None:
    """Delete the folders used longest ago until all together take no more than `limit` bytes."""
    newest_first = sorted(_folders(root), key=lambda item: item.stat().st_mtime, reverse=True)
    total = num_bytes(keep)
    for folder in newest_first:
        total += num_bytes(folder) if folder != keep else 0
        if total > limit and folder != keep:
            shutil.rmtree(folder, ignore_errors=True)  # whoever has its file mapped keeps it until the end


def num_bytes(folder: Path) -> int:
    """What a folder takes on the disk."""
    return sum(item.stat().st_size for item in folder.rglob("*") if item.is_file())


def _folders(root: Path) -> list[Path]:
    return [item for item in root.iterdir() if item.is_dir() and not item.name.startswith(".")]


def _own_temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"phi-{os.getuid()}"
