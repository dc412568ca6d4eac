"""The one gate for text that comes from data, models, files or other people.

Such text may hold escape sequences that clear a screen or set a clipboard. `plain` shows every control
character as a picture of itself instead; tab and newline stay. It is safe at any chunk boundary.
Knows nothing about markup: a widget that reads markup needs its text marked as content as well.
"""

TAB, NEWLINE, DELETE = 9, 10, 0x7F

_PICTURES: dict[int, str | None] = {
    code: chr(0x2400 + code) for code in range(0x20) if code not in (TAB, NEWLINE)
}
_PICTURES |= {DELETE: "\u2421"}
_PICTURES |= dict.fromkeys(range(0x80, 0xA0), "\ufffd")  # C1 controls: one byte that acts as ESC plus another
_PICTURES |= dict.fromkeys(
    range(0xD800, 0xE000), "\ufffd"
)  # half a surrogate pair cannot be written to a terminal
_PICTURES |= dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))  # bidi overrides reorder a line


UNSAFE = frozenset(_PICTURES)
"""Code points that must not reach a terminal as they are."""


def plain(text: str) -> str:
    """`text` with nothing in it that a terminal would obey."""
    return text.translate(_PICTURES)


def one_line(text: str, width: int = 200) -> str:
    """`plain(text)` on one line, runs of white space folded, cut to `width` characters with an ellipsis."""
    folded = " ".join(plain(text).split())
    return folded if len(folded) <= width else folded[: width - 1] + "…"


def last_progress(line: str) -> str:
    """What a terminal would show of a line rewritten with carriage returns: the last part that is not empty."""
    return next((part for part in reversed(line.split("\r")) if part.strip()), "")
