"""Keys of sixteen bytes each, by the million: hashes of contents and of groups in one piece of memory."""

from collections.abc import Sequence
from typing import Any

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
