"""ChapterText: a chapter of the guide in rows of the width there is, with the words that are searched marked in it."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from phi_tui.guide_text import found_rows, guide_lines, marked

ABOVE = 2
"""Rows that stay in sight above a row that was found."""


class ChapterText(VerticalScroll):
    """Laid out anew when its width changes, also when it becomes visible."""

    DEFAULT_CSS = """
    ChapterText { height: 1fr; scrollbar-gutter: stable; }
    ChapterText Static { height: auto; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = self._words = ""
        self._rows: tuple[Content, ...] = ()
        self.found: tuple[int, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def show(self, text: str) -> None:
        """A chapter from its beginning, nothing marked."""
        self._text, self._words = text, ""
        self._lay_out()
        self.scroll_home(animate=False)

    def mark(self, words: str) -> None:
        """Mark the words; `found` are then the rows that hold them."""
        self._words = words
        self._lay_out()

    def go_to(self, place: int) -> None:
        """To the row found at this place."""
        self.scroll_to(y=max(0, self.found[place] - ABOVE), animate=False)

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if width > 0:
            self._rows = guide_lines(self._text, width)
            self.found = found_rows(self._rows, self._words)
            self.query_one(Static).update(marked(self._rows, self._words))
