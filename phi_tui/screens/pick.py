"""A dialog with a list to pick one thing from. Dismisses with its place in the list, or None.

The words may come from anywhere: they are shown as they are, each on one line.
"""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from phi_core.plain_text import one_line
from phi_tui.widgets.plain import PlainStatic, content, key_line


class Pick(ModalScreen[int | None]):
    """`title` says of what; `note` is more about it, under the list."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    DEFAULT_CSS = """
    Pick #pick-list { height: auto; max-height: 40vh; }
    """

    def __init__(self, title: str, lines: Sequence[str], *, note: str = "") -> None:
        super().__init__()
        self._title, self._lines, self._note = title, tuple(lines), note

    def compose(self) -> ComposeResult:
        with Vertical(id="pick-box", classes="dialog wide") as box:
            box.border_title = content(one_line(self._title))
            options = (Option(content(one_line(line))) for line in self._lines)
            yield OptionList(*options, id="pick-list", markup=False)
            if self._note:
                yield PlainStatic(self._note, classes="dialog-label")
            yield Static(key_line(("enter", "Take"), ("esc", "Back")), classes="dialog-keys")

    def on_mount(self) -> None:
        lines = self.query_one(OptionList)
        lines.action_first()
        lines.focus()

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)

    def action_leave(self) -> None:
        self.dismiss(None)
