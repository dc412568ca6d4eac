"""Confirm: one question, answered by enter or y, left by esc or n. Returns whether it was affirmed."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from phi_tui.widgets.plain import PlainStatic, key_line


class Confirm(ModalScreen[bool]):
    """`verb` is what enter does: Stop, Kill, Delete …"""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "answer(True)", "Yes", show=False),
        Binding("escape,n", "answer(False)", "No", show=False),
    ]

    def __init__(self, question: str, verb: str) -> None:
        super().__init__()
        self._question, self._verb = question, verb

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield PlainStatic(self._question)
            yield Static(key_line(("enter", self._verb), ("esc", "Back")), classes="dialog-keys")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)
