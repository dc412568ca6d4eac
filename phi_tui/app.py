"""PhiApp: the frame. Tab bar, five views, key bar; hands facts from services to the views and switches tabs.

Owns no logic of training, chat or comparing, and does no work on its own thread but laying out.
"""

import asyncio
import os
import signal
from pathlib import Path
from typing import ClassVar, Protocol, cast

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.timer import Timer
from textual.types import CSSPathType
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Static

from phi_tui import keys
from phi_tui.crash_report import crash_line, write_report
from phi_tui.engine_services import engine_host
from phi_tui.messages import (
    LogChanged,
    MachineSampled,
    OpenChat,
    OpenCompare,
    OpenData,
    OpenRun,
    OpenTrain,
    Remember,
    RunsChanged,
    UseData,
)
from phi_tui.screens.help import Help
from phi_tui.services import MachinePoller, RunWatcher, copy_to_tmux
from phi_tui.state import UiState
from phi_tui.views.chat import ChatView
from phi_tui.views.compare import CompareView
from phi_tui.views.data import DataView
from phi_tui.views.runs import RunsView
from phi_tui.views.train import TrainView
from phi_tui.widgets.key_bar import KeyBar
from phi_tui.widgets.plain import tell
from phi_tui.widgets.tab_bar import TABS, TabBar

STYLES = Path(__file__).parent / "styles"
SAVE_DELAY_SECONDS = 1.0
VIEW_KEYS = {
    "train": keys.TRAIN,
    "runs": keys.RUNS,
    "chat": keys.CHAT,
    "compare": keys.COMPARE,
    "data": keys.DATA,
}


class View(Protocol):
    """What the frame asks of a tab."""

    HELP: ClassVar[str]

    def enter(self) -> None: ...
    def leave(self) -> None: ...


class Frame(Screen[None]):
    """The one screen under all dialogs. The view that is entered takes the focus."""

    AUTO_FOCUS = ""


class PhiApp(App[None]):
    """`tab` None: the tab that was open last."""

    CSS_PATH: ClassVar[CSSPathType | None] = [*sorted(STYLES.glob("*.tcss"))]
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings(keys.APP, "app")]
    ENABLE_COMMAND_PALETTE = False
    TITLE = "phi"
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-wide"), (140, "-very-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-low"), (30, "-high")]

    def __init__(self, runs_root: Path, tab: str | None = None, config_path: Path | None = None) -> None:
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.animation_level = "none"
        if self.no_color or self.console.color_system in (None, "standard"):
            self.theme = "ansi-dark"  # the terminal's own colours: approximated ones can be unreadable
        self.runs_root = runs_root
        self.farewell = ""
        self.watcher = RunWatcher(self, runs_root)
        self._poller = MachinePoller(self)
        self._state = UiState(Path.cwd())
        self._tab = tab or self._remembered_tab()
        self._config_path = config_path
        self._save_timer: Timer | None = None
        self._num_running = 0

    def get_default_screen(self) -> Screen[None]:
        return Frame()

    def compose(self) -> ComposeResult:
        yield Static(
            "phi needs 60 columns and 16 rows; everything keeps running.", id="too-small", markup=False
        )
        with Vertical(id="frame"):
            yield TabBar(id="tab-bar")
            with ContentSwitcher(initial=self._tab, id="views"):
                yield TrainView(id="train")
                yield RunsView(id="runs")
                yield ChatView(id="chat")
                yield CompareView(id="compare")
                yield DataView(id="data")
            yield KeyBar()

    def on_mount(self) -> None:
        self._listen_to_signals()
        self.watcher.start()
        self._poller.start()
        self._restore()
        self.query_one(TabBar).show_tab(self._tab)
        self.call_after_refresh(self._enter)

    def _restore(self) -> None:
        train = self.query_one(TrainView)
        self.query_one(DataView).restore(self._state.values)
        self.query_one(CompareView).restore(self._state.values)
        if self._config_path:
            train.open_config(self._config_path)
        else:
            train.restore(self._state.values)
        if run := self._state.values.get("run"):
            self.query_one(RunsView).open_run(Path(run))

    def _remembered_tab(self) -> str:
        remembered = str(self._state.values.get("tab", ""))
        return remembered if remembered in TABS else "train"

    def _view(self, tab: str) -> View:
        return cast(View, self.query_one(f"#{tab}", Widget))

    def show_tab(self, tab: str) -> None:
        """Open a tab and give it the focus."""
        if tab != self._tab:
            self._view(self._tab).leave()
            self._tab = tab
            self.query_one("#views", ContentSwitcher).current = tab
            self.query_one(TabBar).show_tab(tab)
            self.remember({"tab": tab})
        self._enter()

    def _enter(self) -> None:
        self._view(self._tab).enter()

    def action_train_tab(self) -> None:
        self.show_tab("train")

    def action_runs_tab(self) -> None:
        self.show_tab("runs")

    def action_chat_tab(self) -> None:
        self.show_tab("chat")

    def action_compare_tab(self) -> None:
        self.show_tab("compare")

    def action_data_tab(self) -> None:
        self.show_tab("data")

    def on_open_run(self, event: OpenRun) -> None:
        self.show_tab("runs")
        self.query_one(RunsView).open_run(event.run_path)

    def on_open_chat(self, event: OpenChat) -> None:
        self.show_tab("chat")
        self.query_one(ChatView).open_run(event.run_path)

    def on_open_compare(self, event: OpenCompare) -> None:
        self.show_tab("compare")
        self.query_one(CompareView).open_run(event.run_path)

    def on_open_train(self, event: OpenTrain) -> None:
        self.show_tab("train")
        self.query_one(TrainView).offer_config(event.config_path)

    def on_use_data(self, event: UseData) -> None:
        self.show_tab("train")
        self.query_one(TrainView).use_texts(event.texts)

    def on_open_data(self, event: OpenData) -> None:
        self.show_tab("data")
        self.query_one(DataView).action_pane(event.pane)

    @property
    def _is_leaving(self) -> bool:
        """Widgets are being taken down: facts that still arrive have no place."""
        return self._exit or not self.is_running

    def on_runs_changed(self, event: RunsChanged) -> None:
        if self._is_leaving:
            return
        self._num_running = sum(run.is_live for run in event.runs)
        self.query_one(TabBar).show_running(self._num_running)
        self.query_one(RunsView).show_runs(event.runs, event.queue)

    def on_log_changed(self, event: LogChanged) -> None:
        if not self._is_leaving:
            self.query_one(RunsView).show_log(event)

    def on_machine_sampled(self, event: MachineSampled) -> None:
        if not self._is_leaving:
            self.query_one(TabBar).show_machine(event.machine)

    def on_remember(self, event: Remember) -> None:
        self.remember(event.values)
        if "draft" in event.values and not self._is_leaving:
            self.query_one(DataView).show_draft(self.query_one(TrainView).draft)

    def remember(self, values: dict[str, object]) -> None:
        """Keep values in the state file, at most a second later."""
        changed = {name: value for name, value in values.items() if self._state.values.get(name) != value}
        self._state.values.update(changed)
        if changed and self._save_timer is None:
            self._save_timer = self.set_timer(SAVE_DELAY_SECONDS, self._save)

    def _save(self) -> None:
        self._save_timer = None
        self._state.save()

    def action_help(self) -> None:
        self.push_screen(Help(TABS[self._tab], VIEW_KEYS[self._tab], self._view(self._tab).HELP))

    def action_redraw(self) -> None:
        self.refresh(layout=True)

    def action_help_quit(self) -> None:
        """ctrl+c with nothing to copy: end what the model is doing, as esc does."""
        host = engine_host(self)
        if self._tab == "chat" and host.state.is_at_work:
            return host.stop()
        tell(self.screen, "ctrl+q leaves phi; runs and comparisons keep running")

    async def action_quit(self) -> None:
        self._leave()

    def copy_to_clipboard(self, text: str) -> None:
        super().copy_to_clipboard(text)
        copy_to_tmux(text)

    def _leave(self) -> None:
        if self._num_running:
            plural = "s keep" if self._num_running > 1 else " keeps"
            self.farewell = f"{self._num_running} run{plural} running. phi runs list names them."
        self._save()
        self.exit()

    def on_unmount(self) -> None:
        self.watcher.stop()
        self._poller.stop()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._leave)

    def _handle_exception(self, error: Exception) -> None:
        """Textual's own report shows local variables, which may hold prompts: ours goes to a file."""
        if self._is_leaving and isinstance(error, NoMatches):
            return  # a widget asked for another that is gone already
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
            line = crash_line(error, write_report(error))
            self._exit_renderables.append(Text(line, no_wrap=True, overflow="ignore"))
        self._close_messages_no_wait()
