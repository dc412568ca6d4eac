"""AsciiScreen: the whole screen in ASCII signs, for terminals and fonts that have no others.

A filter over what every widget draws, cell by cell: frames become + - |, curves *, signs of state letters. Letters of
other scripts are text and stay. A sign keeps its width. Knows no widget.
"""

from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

SIGNS = {
    **dict.fromkeys("─━┄┅┈┉╌╍═╴╶╸╺▔‾–—−", "-"),
    **dict.fromkeys("│┃┆┇┊┋╎╏║╵╷╹╻▏▎▍▌▐▕▊▋", "|"),
    **dict.fromkeys("▁▂", "_"),
    **dict.fromkeys("▃▄▅▆▇▀", "="),
    **dict.fromkeys("░▒", "."),
    **dict.fromkeys("█▓▉■▪◼", "#"),
    **dict.fromkeys("●◉⬤", "*"),
    **dict.fromkeys("○◌◯", "o"),
    **dict.fromkeys("◆◇◈♦", "@"),
    **dict.fromkeys("∙•·⋅", "."),
    **dict.fromkeys("▲△▴↑⇧", "^"),
    **dict.fromkeys("▼▽▾↓⇩", "v"),
    **dict.fromkeys("▶▷▸►→⇒›»", ">"),
    **dict.fromkeys("◀◁◂◄←⇐‹«", "<"),
    **dict.fromkeys("✓✔☑", "v"),
    **dict.fromkeys("✗✘✕×☒", "x"),
    **dict.fromkeys("‘’‚′", "'"),
    **dict.fromkeys("“”„″", '"'),
    **{"…": "~", "‖": '"', "↵": "$", "⏎": "$", "±": "+", "≈": "~", "≤": "<", "≥": ">", "☐": "o"},
    **dict.fromkeys("\u2800\u00a0", " "),
}
"""Signs by themselves; what is in none of them is told by its block."""
BLOCKS = (
    (0x2800, 0x2900, "*"),  # braille: dots of a curve
    (0x2500, 0x2580, "+"),  # corners and crossings of frames
    (0x2580, 0x25A0, "#"),  # parts of a cell
    (0x2190, 0x2200, ">"),
    (0x2400, 0x2440, "?"),  # pictures of control characters
    (0x25A0, 0x2800, "*"),  # shapes and dingbats
    (0x1FB00, 0x1FC00, "#"),  # parts of a cell, as sharp plots use them
    (0x1F000, 0x1FAFF, "*"),  # pictures
)


class AsciiScreen(LineFilter):
    """Textual's hook for what has been drawn."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(in_ascii(text), style, control) for text, style, control in segments]


@lru_cache(4096)
def in_ascii(text: str) -> str:
    """The text with plain signs, as wide as it was."""
    return text if text.isascii() else "".join(map(_sign, text))


def _sign(char: str) -> str:
    sign = SIGNS.get(char) or next((sign for first, end, sign in BLOCKS if first <= ord(char) < end), "")
    return sign.ljust(cell_len(char)) if sign else char
