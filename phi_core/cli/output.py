"""What commands print: tables, sizes, durations, JSON. Text from elsewhere goes through the plain-text gate."""

import time
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from phi_core.files import json_text
from phi_core.plain_text import UNSAFE, plain

COLUMNS = 80
INDENT = 13
_JSON_ESCAPES = {code: f"\\u{code:04x}" for code in UNSAFE if code >= 0x20}
"""Characters that a terminal obeys and JSON leaves alone. (Those below 0x20 are escaped, or are JSON's own line ends.)"""


def say(text: str = "") -> None:
    print(plain(text))


def say_row(name: str, text: str) -> None:
    """A name and a text that goes on below itself where it is too long for the line."""
    lines = wrap(plain(text), COLUMNS - INDENT, break_long_words=False, break_on_hyphens=False) or [""]
    print(plain(name).ljust(INDENT) + f"\n{' ' * INDENT}".join(lines))


def print_json(content: Any) -> None:
    """One JSON document on standard output, and nothing else there."""
    print(json_text(content, default=str).translate(_JSON_ESCAPES))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned on the left, two spaces apart."""
    lines = [[plain(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def duration(seconds: float) -> str:
    """1 h 02 min, 3 min 20 s, 12 s."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def ago(moment: float) -> str:
    return f"{duration(max(0.0, time.time() - moment))} ago"


def number(value: float | None, digits: int = 4) -> str:
    """A figure, "–" for none."""
    return "–" if value is None else f"{value:.{digits}g}"


def memory(gib: float) -> str:
    """GiB, or MiB where that says more."""
    return f"{gib:.1f} GiB" if gib >= 1 else f"{gib * 1024:.0f} MiB"
