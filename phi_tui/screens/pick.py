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
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from phi_core.plain_text import one_line
from phi_tui.widgets.plain import PlainStatic, content


class Pick(ModalScreen[int | None]):
    """`title` says of what; `note` is more about it, under the list."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    DEFAULT_CSS = """
    Pick {
        align: center middle;
        & #pick-box {
            width: 90%; max-width: 110; height: auto; max-height: 100%;
            border: round $primary; padding: 0 1; background: $surface;
        }
        & #pick-list { height: auto; max-height: 50vh; border: none; padding: 0; text-wrap: nowrap; }
        & .pick-note { color: $text-muted; height: auto; }
    }
    """

    def __init__(self, title: str, lines: Sequence[str], *, note: str = "") -> None:
        super().__init__()
        self._title, self._lines, self._note = title, tuple(lines), note

    def compose(self) -> ComposeResult:
        with Vertical(id="pick-box"):
            yield PlainStatic(self._title, classes="pick-note")
            options = (Option(content(one_line(line))) for line in self._lines)
            yield OptionList(*options, id="pick-list", markup=False)
            if self._note:
                yield PlainStatic(self._note, classes="pick-note")
            yield PlainStatic("enter takes it · esc back", classes="pick-note")

    def on_mount(self) -> None:
        lines = self.query_one(OptionList)
        lines.action_first()
        lines.focus()

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)

    def action_leave(self) -> None:
        self.dismiss(None)
