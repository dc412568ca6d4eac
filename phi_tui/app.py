"""PhiApp: the frame. Tab bar, five views, key bar; hands facts from services to the views and switches tabs.

Owns no logic of training, chat or comparing, and does no work on its own thread but laying out.
"""

import asyncio
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.timer import Timer
from textual.types import CSSPathType

from phi_core.guide.chapters import Chapter, find_chapter
from phi_tui import keys
from phi_tui.crash_report import crash_line, write_report
from phi_tui.display import Display
from phi_tui.frame import FrameApp
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
from phi_tui.services import MachinePoller, RunWatcher, look_after_queue
from phi_tui.state import UiState
from phi_tui.widgets.key_bar import KeyBar
from phi_tui.widgets.tab_bar import TABS, TabBar
from phi_tui.widgets.tab_views import TabViews
from phi_tui.widgets.too_small import TooSmall

STYLES = Path(__file__).parent / "styles"
SAVE_DELAY_SECONDS = 1.0
QUEUE_SECONDS = 1.0
"""After the start, when nobody waits for the screen any more."""
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


class PhiApp(FrameApp):
    """`tab` None: the tab that was open last."""

    CSS_PATH: ClassVar[CSSPathType | None] = [*sorted(STYLES.glob("*.tcss"))]
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings(keys.APP, "app")]
    TITLE = "phi"

    def __init__(
        self,
        runs_root: Path,
        tab: str | None = None,
        config_path: Path | None = None,
        *,
        display: Display | None = None,
    ) -> None:
        super().__init__(display or Display(), UiState(Path.cwd()))
        self.runs_root = runs_root
        self.farewell = ""
        self.watcher = RunWatcher(self, runs_root, is_slow=self.low_bandwidth)
        self._poller = MachinePoller(self, is_slow=self.low_bandwidth)
        self._tab = tab or self._remembered_tab()
        self._config_path = config_path
        self._save_timer: Timer | None = None
        self._num_running = 0
        self._runs: RunsChanged | None = None

    def get_default_screen(self) -> Screen[None]:
        return Frame()

    def compose(self) -> ComposeResult:
        yield TooSmall(id="too-small")
        with Vertical(id="frame"):
            yield TabBar(id="tab-bar")
            yield TabViews(self._prepare, id="views")
            yield KeyBar()

    def on_mount(self) -> None:
        self._listen_to_signals()
        self.watcher.start()
        self._poller.start()
        self.show_tab(self._tab)
        self.set_timer(QUEUE_SECONDS, partial(look_after_queue, self.runs_root))

    def _prepare(self, view: Any) -> None:
        """A new view gets what is remembered and what is known."""
        values = self._state.values
        match view.id:
            case "train" if self._config_path:
                view.open_config(self._config_path)
            case "train" | "compare":
                view.restore(values)
            case "data":
                view.restore(values)
                view.show_draft(self._views.there("train").draft)
            case "runs":
                view.restore(values)
                if self._runs:
                    view.show_runs(self._runs.runs, self._runs.queue)

    def _remembered_tab(self) -> str:
        remembered = str(self._state.values.get("tab", ""))
        return remembered if remembered in TABS else "train"

    @property
    def open_tab(self) -> str:
        return self._tab

    def show_tab(self, tab: str) -> None:
        """Open a tab and give it the focus; keys that are pressed meanwhile wait."""
        self.call_next(self._open, tab)

    def use_view(self, tab: str, use: Callable[[Any], object]) -> None:
        """Call `use` with the view of a tab, which need not be seen or have been needed before."""
        self.call_next(self._use, tab, use)

    async def _open(self, tab: str) -> None:
        is_first = not self._views.children
        view: View = await self._views.mounted(tab)
        if tab != self._tab and (before := self._views.there(self._tab)):
            before.leave()
        self._tab = tab
        self._views.show(tab)
        self.query_one(TabBar).show_tab(tab)
        self.remember({"tab": tab})
        (self.call_after_refresh if is_first else self.call_next)(view.enter)

    async def _use(self, tab: str, use: Callable[[Any], object]) -> None:
        use(await self._views.mounted(tab))

    @property
    def _views(self) -> TabViews:
        return self.query_one(TabViews)

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
        self.use_view("runs", lambda view: view.open_run(event.run_path))

    def on_open_chat(self, event: OpenChat) -> None:
        self.show_tab("chat")
        self.use_view("chat", lambda view: view.open_run(event.run_path))

    def on_open_compare(self, event: OpenCompare) -> None:
        self.show_tab("compare")
        self.use_view("compare", lambda view: view.open_run(event.run_path))

    def on_open_train(self, event: OpenTrain) -> None:
        self.show_tab("train")
        self.use_view("train", lambda view: view.offer_config(event.config_path))

    def on_use_data(self, event: UseData) -> None:
        self.show_tab("train")
        self.use_view("train", lambda view: view.use_texts(event.texts))

    def on_open_data(self, event: OpenData) -> None:
        self.show_tab("data")
        self.use_view("data", lambda view: view.action_pane(event.pane))

    @property
    def _is_leaving(self) -> bool:
        """Widgets are being taken down: facts that still arrive have no place."""
        return self._exit or not self.is_running

    def on_runs_changed(self, event: RunsChanged) -> None:
        if self._is_leaving:
            return
        self.runs = event.runs
        self._num_running = sum(run.is_live for run in event.runs)
        self.query_one(TabBar).show_running(self._num_running)
        self._runs = event
        if self._num_running or self._views.there("runs"):  # it also tells of what has ended
            self.use_view("runs", lambda view: view.show_runs(event.runs, event.queue))

    def on_log_changed(self, event: LogChanged) -> None:
        if not self._is_leaving:
            self.use_view("runs", lambda view: view.show_log(event))

    def on_machine_sampled(self, event: MachineSampled) -> None:
        if not self._is_leaving:
            self.query_one(TabBar).show_machine(event.machine)

    def on_remember(self, event: Remember) -> None:
        self.remember(event.values)
        if "draft" in event.values and not self._is_leaving and self._views.there("data"):
            draft = self._views.there("train").draft
            self.use_view("data", lambda view: view.show_draft(draft))

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
        """Of this tab, with what has the focus first."""
        from phi_tui.help_here import help_here  # here and below: what is seen seldom costs no start

        table = self.keymap.keys(self._tab, VIEW_KEYS[self._tab])
        everywhere = self.keymap.keys("app", keys.APP)
        view = self.query_one(f"#{self._tab}")
        title, read = TABS[self._tab], self._read
        self.push_screen(
            help_here(self._tab, view, title=title, keys=table, everywhere=everywhere, read=read)
        )

    def action_guide(self, chapter: str = "") -> None:
        """The guide at a chapter by its name; without one at the list of chapters."""
        self._read(find_chapter(chapter) if chapter else None)

    def _read(self, chapter: Chapter | None) -> None:
        from phi_tui.screens.guide import Guide

        self.push_screen(Guide(chapter))

    def action_redraw(self) -> None:
        self.refresh(layout=True)

    async def action_quit(self) -> None:
        self._leave()

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
