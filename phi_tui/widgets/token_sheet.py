"""TokenSheet: one record token by token, scrolled by lines. Draws only the lines that are seen."""

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from phi_core.samples.token_view import TokenView
from phi_tui.token_text import MARGIN, legend, running_text, token_rows


class TokenSheet(ScrollView, can_focus=True, inherit_bindings=False):
    """`show_rows` turns between running text and one token a row. The first line says what the colours mean."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", show=False),
        Binding("up,k", "scroll_up", show=False),
        Binding("home", "scroll_home", show=False),
        Binding("end", "scroll_end", show=False),
        Binding("pagedown,space", "page_down", show=False),
        Binding("pageup", "page_up", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"token--{name}" for name in ("masked", "trained", "stop", "cut", "other", "margin")
    }

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view: TokenView | None = None
        self._lines: list[Text] = []
        self._is_rows = False

    @property
    def text(self) -> str:
        """All lines, seen or not."""
        return "\n".join(line.plain for line in self._lines)

    def show(self, view: TokenView | None) -> None:
        if view == self._view:
            return  # read again and the same: the reader keeps the place
        self._view = view
        self.scroll_to(y=0, animate=False)
        self._lay_out()

    def turn_rows(self) -> None:
        self._is_rows = not self._is_rows
        self.scroll_to(y=0, animate=False)
        self._lay_out()

    def to_next_border(self) -> None:
        """Scroll to the next line where something else becomes of the tokens; after the last to the start."""
        names = [line.plain[:MARGIN].strip(" │") for line in self._lines]
        after = self.scroll_offset.y + 1
        borders = (
            [place for place, name in enumerate(names) if name and place > after] if not self._is_rows else []
        )
        self.scroll_to(y=borders[0] - 1 if borders else 0, animate=False)

    def on_resize(self) -> None:
        self._lay_out()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._lay_out()

    def _lay_out(self) -> None:
        width = max(1, self.size.width - 1)
        lay_out = token_rows if self._is_rows else running_text
        self._lines = (
            [legend(self._style_of), *lay_out(self._view, width, self._style_of)] if self._view else []
        )
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    def _style_of(self, name: str) -> Style:
        return self.get_component_rich_style(f"token--{name}", partial=True)

    def render_line(self, y: int) -> Strip:
        place = y + self.scroll_offset.y
        if place >= len(self._lines):
            return Strip.blank(self.size.width, self.rich_style)
        strip = Strip(self._lines[place].render(self.app.console))
        return strip.adjust_cell_length(self.size.width, self.rich_style).apply_style(self.rich_style)
