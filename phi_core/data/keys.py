"""Keys of sixteen bytes each, by the million: hashes of contents and of groups in one piece of memory."""

import hashlib
from collections.abc import Sequence
from typing import Any

from phi_core.data.records import Record, content_hash

KEY_BYTES = 16


class Keys(Sequence[bytes]):
    """Made on demand from what holds them; a key of zeros alone is b"", which means none."""

    def __init__(self, content: bytes | bytearray | memoryview) -> None:
        self._content = memoryview(content)

    def __len__(self) -> int:
        return len(self._content) // KEY_BYTES

    def __getitem__(self, position: Any) -> Any:
        key = bytes(self._content[position * KEY_BYTES : (position + 1) * KEY_BYTES])
        if not key:
            raise IndexError(position)
        return key if any(key) else b""


def record_key(record: Record) -> bytes:
    """Equal for records that say the same."""
    return bytes.fromhex(content_hash(record))[:KEY_BYTES]


def group_key(group: str | None) -> bytes:
    """Equal for equal groups; zeros for none."""
    if group is None:
        return bytes(KEY_BYTES)
    return hashlib.sha256(group.encode("utf-8", "surrogatepass")).digest()[:KEY_BYTES]
