"""Palette: everything that can be done now, found by its name. Dismisses with the chosen command, or None.

Commands that need the disk come later, by `add`. What a highlighted command previews is taken back when it is left.
"""

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from phi_core.plain_text import one_line
from phi_tui.commands import Command, found
from phi_tui.widgets.plain import PlainStatic, content, key_line

MOST_SHOWN = 200


class Palette(ModalScreen[Command | None]):
    """`take_back` undoes a preview."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        Binding("down", "move('cursor_down')", show=False),
        Binding("up", "move('cursor_up')", show=False),
        Binding("pagedown", "move('page_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
    ]
    DEFAULT_CSS = """
    Palette {
        & #palette-box { height: 90%; max-height: 32; }
        & #palette-list { height: 1fr; border: none; padding: 0; background: transparent; }
        & #palette-about { height: 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """

    def __init__(self, commands: Iterable[Command], *, take_back: Callable[[], None]) -> None:
        super().__init__()
        self._commands, self._take_back = list(commands), take_back
        self._shown: list[Command] = []
        self._is_previewing = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide", id="palette-box") as box:
            box.border_title = content("Palette")
            line = Input(placeholder="a word or two: stop, theme, open, paths", compact=True)
            line.cursor_blink = False
            yield line
            options = OptionList(id="palette-list", markup=False)
            options.can_focus = False
            yield options
            yield PlainStatic(id="palette-about")
            yield Static(
                key_line(("enter", "Do it"), ("↑ ↓", "Choose"), ("esc", "Back")), classes="dialog-keys"
            )

    def on_mount(self) -> None:
        self._show()

    def add(self, commands: Iterable[Command]) -> None:
        """More of them; what is highlighted stays."""
        current = self._current
        self._commands += commands
        self._show()
        if current in self._shown:
            self._list.highlighted = self._shown.index(current)

    @property
    def _list(self) -> OptionList:
        return self.query_one(OptionList)

    @property
    def _current(self) -> Command | None:
        place = self._list.highlighted
        return self._shown[place] if place is not None and place < len(self._shown) else None

    @on(Input.Changed)
    def _show(self) -> None:
        hits = found(self._commands, self.query_one(Input).value)
        self._shown = hits[:MOST_SHOWN]
        self._list.clear_options()
        self._list.add_options(Option(_line(command)) for command in self._shown)
        if self._shown:
            self._list.highlighted = 0
        else:
            self._explain("Nothing has these words. Fewer letters find more.")
        if len(hits) > MOST_SHOWN:
            self.query_one("#palette-box").border_subtitle = content(f"{len(hits)} found: type to see fewer")
        else:
            self.query_one("#palette-box").border_subtitle = content(f"{len(hits)} found")

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        command = self._current
        self._explain(command.about if command else "")
        if command is not None and command.preview is not None:
            self._is_previewing = True
            command.preview()
        else:
            self._end_preview()

    def _explain(self, text: str) -> None:
        self.query_one("#palette-about", PlainStatic).show(one_line(text))

    def _end_preview(self) -> None:
        if self._is_previewing:
            self._is_previewing = False
            self._take_back()

    def on_key(self, event: events.Key) -> None:
        """What was typed before the line had the focus."""
        if event.is_printable and event.character:
            event.stop()
            self.query_one(Input).insert_text_at_cursor(event.character)

    @on(Input.Submitted)
    def _entered(self) -> None:
        if self._current is not None:
            self._choose(self._current)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self._choose(self._shown[event.option_index])

    def _choose(self, command: Command) -> None:
        self._end_preview()
        self.dismiss(command)

    def action_move(self, how: str) -> None:
        getattr(self._list, f"action_{how}")()

    def action_leave(self) -> None:
        self._end_preview()
        self.dismiss(None)


def _line(command: Command) -> Content:
    """The area muted, the key at the end."""
    area, colon, rest = one_line(command.name).partition(": ")
    name = ((area + colon, "$text-muted"), (rest, "bold")) if colon else ((area, "bold"),)
    return Content.assemble(*name, (f"  {command.key}" if command.key else "", "$text-accent"))
