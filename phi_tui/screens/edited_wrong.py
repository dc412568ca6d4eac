"""EditedWrong: what is wrong with the text that came back from the editor, and three ways on. Shows; changes nothing.

Dismisses with "edit", "take", or None: the form stays as it was.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from phi_core.errors import Problem
from phi_tui.widgets.plain import PlainStatic, content, key_line

Answer = Literal["edit", "take"]


class EditedWrong(ModalScreen[Answer | None]):
    """`can_be_taken`: the text is YAML of options, so that the fields can say what is wrong with it."""

    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e,enter", "edit", "Edit again", show=False),
        Binding("t", "take", "Take it", show=False),
        Binding("escape", "leave", "Keep the form", show=False),
    ]

    def __init__(self, problems: Sequence[Problem], path: Path, *, can_be_taken: bool) -> None:
        super().__init__()
        self._problems, self._path, self._can_be_taken = tuple(problems), path, can_be_taken

    def compose(self) -> ComposeResult:
        count = len(self._problems)
        take = (("t", "Take it: the fields say what is wrong"),) if self._can_be_taken else ()
        with Vertical(classes="dialog wide") as box:
            box.border_title = content(f"The edited text has {count} problem{'s' if count != 1 else ''}")
            with VerticalScroll(id="edited-problems"):
                yield PlainStatic("\n".join(map(str, self._problems)), classes="edited-problem")
            yield PlainStatic(
                f"The form is as it was. The text is kept in {self._path}", classes="edited-kept"
            )
            keys = (("e", "Edit again"), *take, ("esc", "Keep the form"))
            yield Static(key_line(*keys), classes="dialog-keys")

    def action_edit(self) -> None:
        self.dismiss("edit")

    def action_take(self) -> None:
        if self._can_be_taken:
            self.dismiss("take")

    def action_leave(self) -> None:
        self.dismiss(None)
