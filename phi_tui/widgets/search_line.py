"""SearchLine: a line of text that is there only while something is searched."""

from textual.widgets import Input


class SearchLine(Input):
    """`open` shows and focuses it, `close` empties and hides it."""

    DEFAULT_CSS = "SearchLine { display: none; } SearchLine.-open { display: block; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(placeholder="Find an option: words of its name or help", id=id, compact=True)
        self.cursor_blink = False

    def open(self) -> None:
        self.add_class("-open")
        self.focus()

    def close(self) -> bool:
        """Whether it was open."""
        was_open = self.has_class("-open")
        self.remove_class("-open")
        self.value = ""
        return was_open
