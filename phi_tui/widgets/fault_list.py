"""FaultList: what a check has found, one line each, faults first. The highlighted one is what keys act on."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList

from phi_core.plain_text import one_line
from phi_tui.data_check import Entry, Kind
from phi_tui.widgets.plain import content

MARKS: dict[Kind, tuple[str, str]] = {
    "fault": ("fault ", "bold $text-error"),
    "warning": ("note  ", "$text-warning"),
    "shared": ("shared", "$text-warning"),
    "near": ("near  ", "$text-muted"),
}
LINE_WIDTH = 300


class FaultList(OptionList, inherit_bindings=False):
    """Keeps its place when the same data is checked again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "cursor_down", show=False),
        Binding("up,k", "cursor_up", show=False),
        Binding("home", "first", show=False),
        Binding("end", "last", show=False),
        Binding("pagedown", "page_down", show=False),
        Binding("pageup", "page_up", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._entries: tuple[Entry, ...] = ()

    @property
    def current(self) -> Entry | None:
        return self._entries[self.highlighted] if self.highlighted is not None else None

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self._entries

    def show(self, entries: Sequence[Entry]) -> None:
        place = self.highlighted or 0
        self._entries = tuple(entries)
        self.set_options(_line(entry) for entry in entries)
        self.highlighted = min(place, len(entries) - 1) if entries else None


def _line(entry: Entry) -> Content:
    mark, style = MARKS[entry.kind]
    return Content.assemble((mark, style), " ", content(one_line(entry.text, LINE_WIDTH)))
