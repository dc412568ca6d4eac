"""Where prepared data is kept between starts: one folder a fingerprint, the least recently used go first.

Knows nothing about what is in the folders.
"""

import os
import platform
import re
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_dir

from phi_core.errors import DataError
from phi_core.files import GIB

CACHE_BYTES = 20 * GIB
"""What all prepared data together may take."""
NEW = ".new-"
"""Folders that begin so, with a machine and the number of a process, are being written, or were when it was killed."""
ABANDONED_SECONDS = 24 * 3600


def prepared_folder() -> Path:
    """The folder of all prepared data: under PHI_CACHE_DIR, else this system's cache, else a temporary one of this user.

    DataError if none of them can be written.
    """
    named = os.environ.get("PHI_CACHE_DIR")
    roots = [Path(named)] if named else [Path(user_cache_dir("phi")), _own_temporary()]
    for root in roots:
        folder = root / "prepared"
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if os.access(folder, os.W_OK) and folder.stat().st_uid == os.getuid():
                return folder
    tried = " and ".join(str(root) for root in roots)
    raise DataError(
        f"prepared data cannot be kept in {tried}: no folder of yours that can be written",
        remedy="Set PHI_CACHE_DIR to one",
    )


def used(folder: Path) -> None:
    """Remember that this folder was of use just now."""
    with suppress(OSError):
        os.utime(folder)


def new_prefix() -> str:
    """How the folder begins that this process writes."""
    return f"{_here()}{os.getpid()}-"


def _here() -> str:
    return f"{NEW}{re.sub(r'[^A-Za-z0-9.]', '_', platform.node())}-"


def make_room(root: Path, *, keep: Path, limit: int = CACHE_BYTES) -> None:
    """Delete what was abandoned, and the folders used longest ago until all together take no more than `limit` bytes."""
    total = num_bytes(keep)
    for folder in sorted(_folders(root), key=_last_use, reverse=True):
        is_new = folder.name.startswith(NEW)
        total += 0 if is_new or folder == keep else num_bytes(folder)
        if (is_new and _is_abandoned(folder)) or (total > limit and not is_new and folder != keep):
            shutil.rmtree(folder, ignore_errors=True)  # whoever has its file mapped keeps it until the end


def _is_abandoned(folder: Path) -> bool:
    """Whether the process of this machine that wrote it is gone, or nothing was written into it for a day."""
    owner = folder.name.removeprefix(_here()).partition("-")[0]
    is_gone = folder.name.startswith(_here()) and owner.isdigit() and not _lives(int(owner))
    return is_gone or time.time() - _last_use(folder) > ABANDONED_SECONDS


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def num_bytes(folder: Path) -> int:
    """What a folder takes on the disk; 0 if it is gone."""
    total = 0
    for item in folder.rglob("*"):
        with suppress(OSError):
            total += item.stat().st_size
    return total


def _last_use(folder: Path) -> float:
    """When the folder was used, or something in it written last; 0 if it is gone."""
    newest = 0.0
    for item in (folder, *folder.glob("*")):
        with suppress(OSError):
            newest = max(newest, item.stat().st_mtime)
    return newest


def _folders(root: Path) -> list[Path]:
    return [item for item in root.iterdir() if item.is_dir()]


def _own_temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"phi-{os.getuid()}"
