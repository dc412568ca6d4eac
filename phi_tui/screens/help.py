"""Help: the keys of a tab and of the app, read from the keys table, and the tab's own words."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Markdown, Static

from phi_tui.keys import APP, Key, shown_keys


class Help(ModalScreen[None]):
    """Closed by esc, F1, ? or q."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,question_mark,q", "close", "Close", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    DEFAULT_CSS = "Help .help-keys { height: auto; margin-bottom: 1; }"

    def __init__(self, title: str, keys: tuple[Key, ...], words: str) -> None:
        super().__init__()
        self._title, self._keys, self._words = title, keys, words

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog help"):
            for title, keys in ((f"Keys of {self._title}", self._keys), ("Keys everywhere", APP)):
                yield Static(Content.styled(title, "bold underline"))
                yield Static(key_table(keys), classes="help-keys")
            yield Markdown(self._words, open_links=False)
            yield Static("[b]esc[/b] Close", classes="dialog-keys")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_close(self) -> None:
        self.dismiss()

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def key_table(keys: tuple[Key, ...]) -> Table:
    """What is pressed, and beside it what it does, in as many lines as that takes."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    for key in keys:
        table.add_row(Text(shown_keys(key), style="bold"), Text(key.explanation))
    return table
