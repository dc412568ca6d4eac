"""What a source's content is, as one SHA-256: the same wherever it stands and whatever it is called.

A file that has not changed since is not read again: what is known of it is kept as long as the process lives.
"""

import hashlib
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from phi_core.data.sources.byte_stream import require_file, unreadable
from phi_core.data.sources.hub import cached_files
from phi_core.data.sources.part import Part
from phi_core.data.sources.saved import data_files


def fingerprint(parts: Iterable[Part]) -> str:
    """SHA-256 of the only file's bytes (what sha256sum says); of several files, that of their digests in order."""
    digests = [_digest(str(file)) for part in parts for file in _files(part)]
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _files(part: Part) -> list[Path]:
    if part.kind == "saved":
        return data_files(Path(part.location))
    return cached_files(part) if part.kind == "hub" else [Path(part.location)]


def _digest(path: str) -> str:
    try:
        require_file(path)
        state = os.stat(path)
        return _digest_of(path, state.st_size, state.st_mtime_ns, state.st_ino)
    except OSError as error:
        raise unreadable(path, error) from None


@lru_cache(maxsize=4096)
def _digest_of(path: str, _size: int, _mtime_ns: int, _inode: int) -> str:
    with open(path, "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
