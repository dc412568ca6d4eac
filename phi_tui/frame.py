"""FrameApp: what the app is before it has tabs: its looks and keys, the palette, jumping, copying.

A person's keys and theme come from their files. Knows the open view only as a widget with keys.
"""

import inspect
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from textual import on
from textual.app import App
from textual.widget import Widget

from phi_core.errors import PhiError
from phi_core.runs.reader import Run
from phi_tui.ascii_screen import AsciiScreen
from phi_tui.clipboard import copy
from phi_tui.commands import Command
from phi_tui.display import Display
from phi_tui.keymap import Keymap, read_keymap
from phi_tui.messages import Done
from phi_tui.output_rate import OutputRate
from phi_tui.screens.jump import Jump, Target
from phi_tui.screens.palette import Palette
from phi_tui.services import start
from phi_tui.state import UiState
from phi_tui.themes import first_theme
from phi_tui.widgets.plain import tell
from phi_tui.widgets.tab_bar import TabBar
from phi_tui.widgets.too_small import COLUMNS, ROWS

if TYPE_CHECKING:
    from phi_tui.app import PhiApp

FEW_COLOURS = (None, "standard")


class FrameApp(App[None]):
    """`runs` are the newest snapshots. `state` remembers the theme."""

    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (COLUMNS, "-narrow"), (100, "-wide"), (150, "-very-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (ROWS, "-low"), (30, "-high"), (46, "-tall")]
    ENABLE_COMMAND_PALETTE = False  # ours stands in its place

    def __init__(self, display: Display, state: UiState) -> None:
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.animation_level = "none"
        self.low_bandwidth = display.is_slow
        self.keymap = Keymap()
        self.runs: tuple[Run, ...] = ()
        self._state = state
        self._palette: Palette | None = None
        self._rate = OutputRate(self, lambda words: self.query_one(TabBar).show_rate(words))
        self._ascii = AsciiScreen(enabled=display.is_ascii)
        self._filters.append(self._ascii)
        few = self.no_color or self.console.color_system in FEW_COLOURS
        self.theme = first_theme(display.theme, state.theme, has_few_colours=few)

    @property
    def open_tab(self) -> str:
        raise NotImplementedError

    def show_tab(self, tab: str) -> None:
        raise NotImplementedError

    def use_view(self, tab: str, do: Callable[[Any], object]) -> None:
        """Do something with the view of a tab, as soon as there is one."""
        raise NotImplementedError

    # Keys

    def on_mount(self) -> None:
        self.keymap = read_keymap()
        self.set_keymap(dict(self.keymap.texts))
        if self.keymap.problems:
            tell(self.screen, "\n".join(self.keymap.problems[:3]), "warning")

    def action_help_quit(self) -> None:
        """ctrl+c with nothing to copy: end what the model is doing, as esc does; it never quits."""
        from phi_tui.engine_services import engine_host  # late: of Chat only

        host = engine_host(self)
        if self.open_tab == "chat" and host.state.is_at_work and not self.screen.is_modal:
            return host.stop()
        tell(self.screen, "ctrl+q leaves phi; runs and comparisons keep running")

    def copy_to_clipboard(self, text: str) -> None:
        copy(self, text)

    # Looks

    @property
    def is_ascii(self) -> bool:
        return self._ascii.enabled

    def toggle_ascii(self) -> None:
        """Plain signs, and back, for as long as the app is open."""
        self._ascii.enabled = not self._ascii.enabled
        self.refresh_css(animate=False)

    def preview_theme(self, name: str) -> None:
        self.theme = name

    def choose_theme(self, name: str) -> None:
        """Use a theme, now and from the next start on."""
        self.theme = self._state.theme = name
        self._state.save()

    def toggle_rate(self) -> None:
        """How much is sent to the terminal, in the tab bar, and away again."""
        self._rate.toggle()

    # Going somewhere

    def action_palette(self) -> None:
        """What is known opens at once; what has to be read from the disk comes after."""
        self.use_view(self.open_tab, self._open_palette)

    def _open_palette(self, view: Widget) -> None:
        from phi_tui.palette_commands import commands_now  # here: what is opened seldom costs no start
        from phi_tui.palette_files import find_files

        commands = commands_now(cast("PhiApp", self), self.open_tab, view)
        self._palette = Palette(commands, take_back=partial(self.preview_theme, self.theme))
        self.push_screen(self._palette, self._run_command)
        start(self, "palette", lambda: find_files(Path.cwd()))

    @on(Done)
    def _add_found(self, event: Done) -> None:
        from phi_tui.palette_commands import commands_of

        if event.task == "palette" and self._palette is not None and self._palette.is_current:
            self._palette.add(commands_of(cast("PhiApp", self), event.result))

    async def _run_command(self, command: Command | None) -> None:
        self._palette = None
        try:
            result = command.run() if command is not None else None
            if inspect.iscoroutine(result):
                await result
        except PhiError as error:
            tell(self.screen, str(error), "error")

    def action_jump(self) -> None:
        self.push_screen(Jump(self.screen, self.query_one(TabBar).columns), self._jump_to)

    def _jump_to(self, target: Target | None) -> None:
        if target is not None and target.tab:
            self.show_tab(target.tab)
        elif target is not None and target.widget is not None:
            target.widget.focus()
