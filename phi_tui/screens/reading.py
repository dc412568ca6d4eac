"""Reading: a text to be read, with its title. Closed by esc."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from phi_tui.widgets.plain import content, key_line
from phi_tui.widgets.text_pane import TextPane


class Reading(ModalScreen[None]):
    """Lines of a name and what is said of it go on under themselves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "close", "Close", show=False)]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall") as box:
            box.border_title = content(self._title)
            yield TextPane(id="reading-text")
            yield Static(key_line(("↑ ↓", "Scroll"), ("esc", "Back")), classes="dialog-keys")

    def on_mount(self) -> None:
        pane = self.query_one(TextPane)
        pane.show(self._text)
        pane.focus()

    def action_close(self) -> None:
        self.dismiss()
