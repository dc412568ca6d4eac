"""RunNotes: the note and the tags of a run, each in a line. Returns what was written, None if it was left."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from phi_core.plain_text import one_line
from phi_tui.run_labels import Written, tags_from
from phi_tui.widgets.plain import PlainStatic, content, key_line


class RunNotes(ModalScreen[Written | None]):
    """Enter keeps both lines, wherever the cursor is."""

    AUTO_FOCUS = "#run-note"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back", show=False)]

    def __init__(self, name: str, written: Written) -> None:
        super().__init__()
        self._name, self._written = name, written

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = content(f"Notes of {self._name}")
            yield Static("Note", classes="dialog-label")
            yield _line(self._written.note, "run-note")
            yield Static("Tags, with spaces between them", classes="dialog-label")
            yield _line(" ".join(self._written.tags), "run-tags")
            yield PlainStatic("/ finds words of tags; tag:base finds one tag", classes="dialog-label")
            yield Static(
                key_line(("enter", "Keep"), ("tab", "Other line"), ("esc", "Back")), classes="dialog-keys"
            )

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        note, tags = (self.query_one(name, Input).value for name in ("#run-note", "#run-tags"))
        self.dismiss(Written(note.strip(), tags_from(tags)))

    def action_leave(self) -> None:
        self.dismiss(None)


def _line(text: str, id: str) -> Input:
    line = Input(one_line(text), compact=True, select_on_focus=False, id=id)
    line.cursor_blink = False
    return line
