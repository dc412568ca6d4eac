"""TextPane: plain text that scrolls, or why there is none."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from phi_tui.widgets.plain import PlainStatic, hanging


class TextPane(VerticalScroll):
    """What does not fit is reached by scrolling."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._hung = ""

    def compose(self) -> ComposeResult:
        yield PlainStatic(classes="pane-text")

    def show(self, text: str) -> None:
        """Lines of a name and what is said of it."""
        self._hung = text
        self._lay_out()

    def say(self, text: str, style: str = "") -> None:
        """A sentence instead."""
        self._hung = ""
        self.query_one(PlainStatic).show(text, style)

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        if self._hung:
            bar = max(1, self.styles.scrollbar_size_vertical)
            self.query_one(PlainStatic).show(hanging(self._hung, self.content_size.width - bar))
