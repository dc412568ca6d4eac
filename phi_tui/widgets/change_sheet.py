"""ChangeSheet: an answer token by token, coloured by how far the adapter moved each from the base, with a cursor.

Told the changes; keeps the cursor and the measure. Draws only the lines that are seen.
"""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from phi_core.chat.engine import TokenChange
from phi_tui.change_text import MEASURES, Line, Measure, drawn, lines_of, next_strong

ROWS = 2
"""A line of the answer, and its signs."""
NAMES = (
    *("shift-less2", "shift-less1", "shift0", "shift1", "shift2"),
    *("kl0", "kl1", "kl2", "kl3", "kl4", "sign", "cursor"),
)


class ChangeSheet(ScrollView, can_focus=False):
    DEFAULT_CSS = """
    ChangeSheet {
        height: 1fr;
        scrollbar-size-vertical: 1;
        & > .change--shift2 { color: $text; background: $success 60%; text-style: bold; }
        & > .change--shift1 { color: $text-success; }
        & > .change--shift-less1 { color: $text-error; }
        & > .change--shift-less2 { color: $text; background: $error 60%; text-style: bold; }
        & > .change--kl1 { color: $text-primary; }
        & > .change--kl2 { color: $text-accent; }
        & > .change--kl3 { color: $text-warning; text-style: bold; }
        & > .change--kl4 { color: $text; background: $error 60%; text-style: bold; }
        & > .change--sign { text-style: dim; }
        & > .change--cursor { text-style: reverse underline; }
    }
    ChangeSheet:ansi > .change--shift2 { color: ansi_black; background: ansi_green; }
    ChangeSheet:ansi > .change--shift1 { color: ansi_green; }
    ChangeSheet:ansi > .change--shift-less1 { color: ansi_red; }
    ChangeSheet:ansi > .change--shift-less2 { color: ansi_black; background: ansi_red; }
    ChangeSheet:ansi > .change--kl1 { color: ansi_blue; }
    ChangeSheet:ansi > .change--kl2 { color: ansi_cyan; }
    ChangeSheet:ansi > .change--kl3 { color: ansi_yellow; }
    ChangeSheet:ansi > .change--kl4 { color: ansi_black; background: ansi_red; }
    ChangeSheet:nocolor > .change--shift2, ChangeSheet:nocolor > .change--kl4 { text-style: bold; }
    ChangeSheet:nocolor > .change--shift-less2 { text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"change--{name}" for name in NAMES}

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._changes: tuple[TokenChange, ...] = ()
        self._lines: tuple[Line, ...] = ()
        self.cursor = 0
        self.measure: Measure = "shift"

    def show(self, changes: Sequence[TokenChange]) -> None:
        """Other changes begin at their first token."""
        if tuple(changes) != self._changes:
            self._changes = tuple(changes)
            self.cursor = 0
            self._lay_out()
            self.scroll_home(animate=False)

    def move(self, by: int) -> None:
        self._go_to(self.cursor + by)

    def go_to_next_strong(self) -> None:
        """To the next token that has changed much."""
        self._go_to(next_strong(self._changes, self.cursor, self.measure))

    def turn_measure(self) -> None:
        self.measure = MEASURES[(MEASURES.index(self.measure) + 1) % len(MEASURES)]
        self.refresh()

    @property
    def text(self) -> str:
        """All lines, seen or not."""
        rows = (self._row(place).plain for place in range(len(self._lines) * ROWS))
        return "\n".join(rows)

    def style_of(self, name: str) -> Style:
        return self.get_component_rich_style(f"change--{name}", partial=True)

    def on_resize(self) -> None:
        self._lay_out()

    def _go_to(self, place: int) -> None:
        self.cursor = max(0, min(place, len(self._changes) - 1))
        line = next(
            (
                number
                for number, line in enumerate(self._lines)
                if any(part.place == self.cursor for part in line)
            ),
            0,
        )
        self.scroll_to_region(Region(0, line * ROWS, 1, ROWS), animate=False)
        self.refresh()

    def _lay_out(self) -> None:
        width = max(1, self.size.width - 1)
        self._lines = lines_of(self._changes, width)
        self.virtual_size = Size(width, len(self._lines) * ROWS)
        self.refresh()

    def _row(self, place: int) -> Text:
        line = self._lines[place // ROWS]
        return drawn(line, self._changes, self.measure, cursor=self.cursor, style_of=self.style_of)[
            place % ROWS
        ]

    def render_line(self, y: int) -> Strip:
        place = y + self.scroll_offset.y
        if place >= len(self._lines) * ROWS:
            return Strip.blank(self.size.width, self.rich_style)
        strip = Strip(self._row(place).render(self.app.console))
        return strip.adjust_cell_length(self.size.width, self.rich_style).apply_style(self.rich_style)
