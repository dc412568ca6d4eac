"""Choice of blocks in writing: `0-7,24-31`, `16-`, `3`. Blocks are counted from 0; both ends belong to a range."""

import re
from collections.abc import Sequence

from phi_core.errors import ConfigError

RANGE = re.compile(r"(\d{1,6})(-(\d{1,6})?)?", re.ASCII)


def range_fault(written: str) -> str:
    """What is wrong with one range whatever the model, "" if nothing is."""
    found = RANGE.fullmatch(written.strip())
    if found is None:
        return f"{written!r} is no range of blocks"
    first, _, last = found.groups()
    return f"{written} ends before it begins" if last and int(last) < int(first) else ""


def chosen_blocks(ranges: Sequence[str], num_blocks: int) -> tuple[int, ...]:
    """The blocks of well-formed ranges, in order, each once; all of them if no range is given.

    ConfigError for a range that names a block beyond the last.
    """
    if not ranges:
        return tuple(range(num_blocks))
    chosen: set[int] = set()
    for written in ranges:
        first, last = _ends(written, num_blocks)
        if max(first, last) >= num_blocks:
            raise ConfigError(
                f"lora_layers: {written} names blocks that this model has not",
                remedy=f"It has {num_blocks} blocks, 0 to {num_blocks - 1}",
            )
        chosen.update(range(first, last + 1))
    return tuple(sorted(chosen))


def _ends(written: str, num_blocks: int) -> tuple[int, int]:
    first, dash, last = written.strip().partition("-")
    return int(first), (int(last) if last else num_blocks - 1) if dash else int(first)
