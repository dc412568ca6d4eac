"""Help: the keys of a tab and of the app, read from the keys table, and the tab's own words."""

from typing import ClassVar

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

    def __init__(self, title: str, keys: tuple[Key, ...], words: str) -> None:
        super().__init__()
        self._title, self._keys, self._words = title, keys, words

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog help"):
            yield Static(key_lines(f"Keys of {self._title}", self._keys), markup=False)
            yield Static(key_lines("Keys everywhere", APP), markup=False)
            yield Markdown(self._words, open_links=False)
            yield Static("[b]esc[/b] Close", classes="dialog-keys")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_close(self) -> None:
        self.dismiss()

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def key_lines(title: str, keys: tuple[Key, ...]) -> Content:
    """One line a key: what is pressed and what it does."""
    width = max(len(shown_keys(key)) for key in keys) + 2
    lines = (Content.assemble((f"{shown_keys(key):<{width}}", "bold"), key.explanation) for key in keys)
    return Content("\n").join([Content.styled(title, "bold underline"), *lines, Content("")])
