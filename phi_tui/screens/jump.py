"""Jump: a letter over each pane and tab; pressing it goes there. esc leaves everything as it was.

The labels lie on a screen through which the one beneath is seen, and are made anew when the terminal changes its size.
Knows no view: what can take the focus and is seen is a target.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.errors import NoWidget
from textual.geometry import Region
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

from phi_tui.widgets.plain import content

LETTERS = "asdfghjklqwertyuiopzxcvbnmASDFGHJKLQWERTYUIOPZXCVBNM"
"""The nearest first. Tabs have their numbers."""


@dataclass(frozen=True)
class Target:
    """`tab` is the tab's name; else the widget takes the focus."""

    label: str
    column: int
    row: int
    tab: str = ""
    widget: Widget | None = None


class Jump(ModalScreen[Target | None]):
    """`tabs`: the column at which each tab's title begins, in the first row."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,ctrl+o", "leave", "Leave", show=False)]
    DEFAULT_CSS = """
    Jump { background: $background 0%; align: left top; layers: labels; }
    Jump .jump-label { layer: labels; position: absolute; width: 3; height: 1; color: $background; background: $accent; text-style: bold; }
    Jump .jump-label:ansi, Jump .jump-label:nocolor { text-style: bold reverse; }
    """

    def __init__(self, under: Screen[object], tabs: Mapping[str, int]) -> None:
        super().__init__()
        self._under, self._tabs = under, tabs
        self._targets: tuple[Target, ...] = ()

    def on_mount(self) -> None:
        self._label()

    def on_resize(self) -> None:
        """The screen beneath is laid out anew first."""
        self._under.call_after_refresh(lambda: self.call_later(self._label))

    def _label(self) -> None:
        """Labels where the targets are now."""
        targets = tuple(targets_of(self._under, self._tabs))
        if targets == self._targets:
            return
        self._targets = targets
        self.query(".jump-label").remove()
        for target in targets:
            label = Static(content(f" {target.label} "), classes="jump-label", markup=False)
            label.styles.offset = (target.column, target.row)
            self.mount(label)

    def on_key(self, event: events.Key) -> None:
        chosen = next((target for target in self._targets if target.label == event.character), None)
        if chosen is not None:
            event.stop()
            self.dismiss(chosen)

    def action_leave(self) -> None:
        self.dismiss(None)


def targets_of(screen: Screen[object], tabs: Mapping[str, int]) -> Iterator[Target]:
    """Tabs by number, then what can take the focus and is seen, from the top left on."""
    for number, (tab, column) in enumerate(tabs.items(), start=1):
        yield Target(str(number), column, 0, tab=tab)
    seen = [(place, widget) for widget in screen.focus_chain if (place := _seen(widget, screen))]
    ordered = sorted(seen, key=lambda pair: (pair[0].y, pair[0].x))
    for label, (place, widget) in zip(LETTERS, ordered, strict=False):
        yield Target(label, place.x, place.y, widget=widget)


def _seen(widget: Widget, screen: Screen[object]) -> Region:
    """The part of a widget that is on the screen; empty, which is false, if there is none."""
    try:
        return screen.find_widget(widget).visible_region
    except NoWidget:
        return Region()
