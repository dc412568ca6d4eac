"""A token-difference view as lines: each token in the colour of its level, and under it a sign where it has changed.

Two measures: `shift`, by how much likelier the adapter finds the token than the base does, and `kl`, how far apart the
two distributions were that it was drawn from. Signs stand where there are no colours. Pure; text passes the plain gate.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, chop_cells
from rich.style import Style
from rich.text import Text

from phi_core.chat.engine import TokenChange
from phi_core.evaluation.token_colours import KL_STEPS, kl_level, shift, shift_level
from phi_core.plain_text import one_line, plain

Measure = Literal["shift", "kl"]
MEASURES: tuple[Measure, ...] = ("shift", "kl")
SIGNS: dict[Measure, dict[int, str]] = {
    "shift": {-2: "▼", -1: "-", 0: " ", 1: "+", 2: "▲"},
    "kl": {0: " ", 1: "1", 2: "2", 3: "3", 4: "4"},
}
NAMES: dict[Measure, str] = {"shift": "adapter finds it", "kl": "KL in nats"}
LEGENDS: dict[Measure, dict[int, str]] = {
    "shift": {2: "much likelier", 1: "likelier", -1: "less likely", -2: "much less"},
    "kl": {place: f"from {step:g}" for place, step in enumerate(KL_STEPS, 1)},
}
NOTHING = "∎"
"""Stands for a token without text: the one that ends the answer."""
LEAST_WIDTH, NAMED_WIDTH = 10, 75
SHORTEST = 20

StyleOf = Callable[[str], Style]
"""The style of `shift-2` … `kl4`, and of `sign` and `cursor`."""


@dataclass(frozen=True)
class Part:
    """What of a token stands on one line."""

    place: int
    text: str


Line = tuple[Part, ...]


def level(change: TokenChange, measure: Measure) -> int:
    return shift_level(change) if measure == "shift" else kl_level(change)


def style_name(measure: Measure, found: int) -> str:
    """The name of a level's style: a sign is no part of a class name."""
    return f"{measure}{'-less' if found < 0 else ''}{abs(found)}"


def lines_of(changes: Sequence[TokenChange], width: int) -> tuple[Line, ...]:
    """The answer wrapped to `width` columns, tokens kept whole where they fit into a line."""
    return tuple(tuple(line) for line in _wrapped(changes, max(LEAST_WIDTH, width)))


def drawn(
    line: Line, changes: Sequence[TokenChange], measure: Measure, *, cursor: int, style_of: StyleOf
) -> tuple[Text, Text]:
    """The line, and the signs under it."""
    text, signs = Text(no_wrap=True, end=""), Text(no_wrap=True, end="")
    for part in line:
        change = changes[part.place]
        style = style_of(style_name(measure, level(change, measure)))
        at_cursor = part.place == cursor
        text.append(part.text, style + style_of("cursor") if at_cursor else style)
        indent = " " * (len(part.text) - len(part.text.lstrip()) if part.text.strip() else 0)
        sign = f"{indent}{SIGNS[measure][level(change, measure)]}" if part.text else ""
        signs.append(sign.ljust(cell_len(part.text)), style_of("sign"))
    return text, signs


def legend(measure: Measure, style_of: StyleOf, width: int) -> Text:
    """What colours and signs mean, in one line; its name is left out where there is no room."""
    name = f"{NAMES[measure]}: " if width >= NAMED_WIDTH else ""
    text = Text(name, no_wrap=True, overflow="ellipsis", end="")
    for found, meaning in LEGENDS[measure].items():
        text.append(f"{SIGNS[measure][found]} {meaning}", style_of(style_name(measure, found)))
        text.append("  ")
    return text


def figures(changes: Sequence[TokenChange], place: int) -> str:
    """All numbers of the token under the cursor."""
    change = changes[place]
    return (
        f"{place + 1}/{len(changes)} {one_line(repr(change.text), SHORTEST)} · base {chance(change.base)} · "
        f"adapter {chance(change.adapter)} · log prob. {shift(change):+.2f} · KL {change.kl:.2f}"
    )


def totals(changes: Sequence[TokenChange]) -> str:
    """The answer as a whole."""
    moved = sum(map(shift, changes))
    mean = sum(change.kl for change in changes) / len(changes)
    return f"{len(changes)} tokens · log probability {moved:+.1f} · mean KL {mean:.2f} nats"


def next_strong(changes: Sequence[TokenChange], place: int, measure: Measure) -> int:
    """The next token of the strongest levels, around the end; the same place if there is none."""
    strong = [
        number for number, change in enumerate(changes) if abs(level(change, measure)) >= _strong(measure)
    ]
    return next((number for number in strong if number > place), strong[0] if strong else place)


def chance(log_probability: float) -> str:
    """A log probability as a share people read."""
    share = math.exp(min(log_probability, 0.0))
    return f"{share:.0%}" if share >= 0.1 else f"{share:.2%}" if share >= 0.001 else f"{share:.0e}"


def _strong(measure: Measure) -> int:
    return 2 if measure == "shift" else 3


def _wrapped(changes: Sequence[TokenChange], width: int) -> Iterator[list[Part]]:
    line: list[Part] = []
    used = 0
    for place, change in enumerate(changes):
        for number, piece in enumerate(_visible(change.text).split("\n")):
            if number:
                yield line
                line, used = [], 0
            for chunk in _chunks(piece, used, width):
                if used and used + cell_len(chunk) > width:
                    yield line
                    line, used = [], 0
                line.append(Part(place, chunk))
                used += cell_len(chunk)
    if line:
        yield line


def _chunks(piece: str, used: int, width: int) -> list[str]:
    """The piece whole if a line can hold it, else cut."""
    return [piece] if cell_len(piece) <= width else chop_cells(piece, width)


def _visible(text: str) -> str:
    """Line ends are shown as ↵ and end the line too, tabs as →."""
    return plain(text).replace("\n", "↵\n").replace("\t", "→   ") or NOTHING
