"""Where a text occurs in the lines of a log: the lines, the next one, and words for it. Pure; capitals do not count."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def matches(lines: Sequence[str], text: str) -> tuple[int, ...]:
    """The numbers of the lines that hold the text; none for an empty text."""
    wanted = text.casefold()
    return tuple(number for number, line in enumerate(lines) if wanted in line.casefold()) if wanted else ()


def spans(line: str, text: str) -> list[tuple[int, int]]:
    """From where to where in a line the text stands."""
    wanted, found = text.casefold(), line.casefold()
    if not wanted or len(found) != len(line):
        return []
    places, start = [], found.find(wanted)
    while start >= 0:
        places.append((start, start + len(wanted)))
        start = found.find(wanted, start + len(wanted))
    return places


def next_match(found: Sequence[int], current: int, by: int) -> int | None:
    """The line of the next match after a line, or the last one before it; around the ends. None without any."""
    if not found:
        return None
    place = bisect_right(found, current) if by > 0 else bisect_left(found, current) - 1
    return found[place % len(found)]


def shift(before: Sequence[str], after: Sequence[str]) -> int | None:
    """How many lines fell out at the start, where `after` goes on from `before`; None where it is another text."""
    if not before or not after:
        return None
    for start in range(len(before)):
        length = len(before) - start
        if before[start] == after[0] and length <= len(after) and before[start:] == after[:length]:
            return start
    return None


def status(*, place: int | None, num_found: int, text: str, follows: bool, row: int, num_lines: int) -> str:
    """What the pane says of itself. `place`: of the current match among those found."""
    parts = ["follows the end" if follows else f"paused at line {row:,} of {num_lines:,} · end follows again"]
    if text:
        count = f"{place + 1} of {num_found}" if place is not None and num_found else f"{num_found}"
        told = f"{count} lines have it · n next, N before" if num_found else "no line has it"
        parts.insert(0, told)
    return " · ".join(parts)
