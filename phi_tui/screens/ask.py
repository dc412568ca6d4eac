"""Ask: one line of text, entered or left by esc. Returns the text, None if it was left."""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from phi_tui.widgets.field import PathSuggester
from phi_tui.widgets.plain import PlainStatic, key_line


class Ask(ModalScreen[str | None]):
    """`is_path` completes paths, `is_list` the last of several; an empty line is an answer only if `may_be_empty`.

    `is_selected`: what is typed first replaces the text.
    """

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        Binding("tab", "complete", "Complete", show=False),
    ]

    def __init__(
        self,
        question: str,
        text: str = "",
        *,
        is_path: bool = False,
        is_list: bool = False,
        may_be_empty: bool = False,
        is_selected: bool = False,
    ) -> None:
        super().__init__()
        self._question, self._text = question, text
        self._is_path, self._is_list, self._may_be_empty = is_path, is_list, may_be_empty
        self._is_selected = is_selected

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide" if self._is_path else "dialog"):
            yield PlainStatic(self._question)
            yield self._line()
            complete = (("tab", "Complete"),) if self._is_path else ()
            yield Static(key_line(("enter", "OK"), *complete, ("esc", "Back")), classes="dialog-keys")

    def _line(self) -> Input:
        suggester = PathSuggester(in_list=self._is_list) if self._is_path else None
        line = Input(self._text, suggester=suggester, select_on_focus=self._is_selected, compact=True)
        line.cursor_blink = False
        return line

    def on_mount(self) -> None:
        line = self.query_one(Input)
        self.set_focus(line)
        if not self._is_selected:
            self.call_after_refresh(self._show_end)

    def _show_end(self) -> None:
        """Of a long path its end is what is edited."""
        line = self.query_one(Input)
        line.scroll_to(x=line.max_scroll_x, animate=False)

    def on_key(self, event: events.Key) -> None:
        """The line stops what it takes itself: this was typed before it had the focus."""
        if event.is_printable and event.character:
            event.stop()
            self.query_one(Input).insert_text_at_cursor(event.character)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        if event.value.strip() or self._may_be_empty:
            self.dismiss(event.value.strip())

    def action_complete(self) -> None:
        self.query_one(Input).action_cursor_right()

    def action_leave(self) -> None:
        self.dismiss(None)
