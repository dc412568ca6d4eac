"""RunsView: the list of runs with the queue, and the selected one in figures, a sentence and its detail.

Shows snapshots that the app hands on. What keys ask of a run is in `run_actions`. Reads and writes nothing itself.
"""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import DataTable, Static

from phi_core.runs.reader import Run
from phi_tui import run_requests, run_text
from phi_tui.keys import RUNS, bindings
from phi_tui.messages import Done, Failed, LogChanged, Remember
from phi_tui.run_notice import notice
from phi_tui.services import RunWatcher, start
from phi_tui.views.run_actions import RunActions
from phi_tui.widgets.plain import PlainStatic, tell
from phi_tui.widgets.run_detail import RunDetail
from phi_tui.widgets.run_table import RunTable

if TYPE_CHECKING:
    from phi_tui.app import PhiApp

NO_RUNS = (
    "No runs here yet.\n\n[b]F2[/b] sets one up and starts it; `phi demo` writes an example to start with."
)
AGE_SECONDS = 20.0


class RunsView(RunActions, can_focus=True):
    """Table above; figures, a notice with the next step, and the detail below."""

    HELP: ClassVar[str] = """\
The list is read from the runs folder every second; closing the app ends no run. `●` runs, `‖` is paused, `✓` finished,
`■` stopped, `✗` failed, `?` lost: its process is gone without a word. Every figure comes from the run's own events.
Steps whose value is not a finite number are left out of the curve and named above it.

`…` waits in the queue. Queued runs stand first, in the order in which they start; `left` says who is next.

What is asked of a live run holds from its next step on; the log says what was done, a warning what was refused and why.

`◆` is marked: its curves (A) are drawn with those of the selected run (B).

An open pane has the focus: the arrows scroll it, `j` and `k` go on to other runs, `tab` goes back to the list.
"""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(RUNS, "runs")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._runs: tuple[Run, ...] = ()
        self._queue: tuple[Path, ...] = ()
        self._marked: Path | None = None
        self._wanted: Path | None = None

    def compose(self) -> ComposeResult:
        yield Static(NO_RUNS, id="no-runs")
        with Container(id="runs-body"):
            yield RunTable(id="run-table")
            yield Static(id="run-strip", markup=False)
            yield PlainStatic(id="run-notice")
            yield RunDetail(id="run-detail")

    def on_mount(self) -> None:
        self._look_after_queue()
        self.set_interval(AGE_SECONDS, self._once_in_a_while)
        self._show()

    def _once_in_a_while(self) -> None:
        """Ages grow although no run changes, and a queue runner may have been killed."""
        if self._queue:
            self._look_after_queue()
        if self.display:
            self._show()

    def _look_after_queue(self) -> None:
        root = cast("PhiApp", self.app).runs_root
        start(self, "queue runner", lambda: run_requests.runner_ensured(root))

    def enter(self) -> None:
        self._show()
        if not self._detail.focus_pane():
            (self._table if self._runs and not self.has_class("-zoomed") else self).focus()

    def leave(self) -> None:
        return

    def open_run(self, path: Path) -> None:
        """Select a run, as soon as it is listed."""
        self._wanted = path.resolve()
        self._watcher.include(path)
        self._show()

    def show_runs(self, runs: tuple[Run, ...], queue: tuple[Path, ...] = ()) -> None:
        """Take new snapshots, newest first, and the order of the queue; draw them if they are seen."""
        self._tell_news(runs)
        was_empty, self._queue = not self._runs, queue
        waiting = [run for path in queue for run in runs if run.path == path]
        self._runs = (*waiting, *(run for run in runs if run.path not in queue))
        if self.display:
            self._show()
            if was_empty and runs and self.app.focused in (None, self):
                self._table.focus()

    def _tell_news(self, runs: tuple[Run, ...]) -> None:
        """Runs that have ended since the last snapshots, with a bell; and what became of requests."""
        self.tell_answers(runs)
        live = {run.path for run in self._runs if run.is_live}
        ended = [run for run in runs if run.path in live and not run.is_live and run.state != "queued"]
        if ended:
            tell(self, "\n".join(f"{run_text.title(run)}: {run.state}" for run in ended))
            self.app.bell()

    def show_log(self, event: LogChanged) -> None:
        self._detail.show_log(event)

    @property
    def selected(self) -> Run | None:
        return next((run for run in self._runs if run.path == self._table.current), None)

    def is_offered(self, action: str) -> bool:
        if self.selected is not None and "pane('difference')" in action:
            return self._beside is not None
        return super().is_offered(action)

    def _show(self) -> None:
        self.set_class(not self._runs, "-empty")
        self._table.show(self._runs, self._queue, self._marked)
        self._select_wanted()
        self._show_selected()

    def _select_wanted(self) -> None:
        wanted = next((run.path for run in self._runs if run.path.resolve() == self._wanted), None)
        if wanted and self._table.select(wanted):
            self._wanted = None

    def _show_selected(self) -> None:
        run = self.selected
        if run is None:
            return
        words = (
            Content.assemble((f"{name} ", "$text-muted"), (value, "bold"))
            for name, value in run_text.strip(run)
        )
        self.query_one("#run-strip", Static).update(Content("  ").join(words), layout=False)
        place = self._queue.index(run.path) if run.path in self._queue else None
        self.query_one("#run-notice", PlainStatic).show(*notice(run, place=place))
        self._detail.show(run, self._beside)
        self._watcher.watch_log(run.path)
        self.refresh_bindings()

    @property
    def _beside(self) -> Run | None:
        """The marked run, if it is another than the selected one."""
        marked = next((run for run in self._runs if run.path == self._marked), None)
        return marked if marked and marked.path != self._table.current else None

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        if self._wanted is None and self.selected:
            self.post_message(Remember({"run": str(self.selected.path)}))
        self._show_selected()

    @on(DataTable.RowSelected)
    def _entered(self) -> None:
        self.action_zoom()

    def on_done(self, event: Done) -> None:
        event.stop()
        if event.task == "run":
            self.take_outcome(event.result)
            self.tell_answers(self._runs)
            self._watcher.look_now()

    def on_failed(self, event: Failed) -> None:
        event.stop()
        tell(self, event.text, "error")

    @property
    def _table(self) -> RunTable:
        return self.query_one(RunTable)

    @property
    def _detail(self) -> RunDetail:
        return self.query_one(RunDetail)

    @property
    def _watcher(self) -> RunWatcher:
        return cast("PhiApp", self.app).watcher

    def action_zoom(self) -> None:
        self.toggle_class("-zoomed")
        self.enter()

    def action_pane(self, pane: str) -> None:
        """Open a pane or close it; what is open is scrolled by the arrows."""
        self._detail.toggle(pane)
        self.enter()

    def action_back(self) -> None:
        self.remove_class("-zoomed")
        self._detail.toggle(self._detail.pane)
        self.enter()

    def action_mark(self) -> None:
        """Mark the selected run, or take the mark from it."""
        current = self._table.current
        self._marked = None if self._marked == current else current
        self._show()

    def action_turn_metric(self, by: int) -> None:
        self._detail.turn_metric(by)

    def action_turn_prompt(self, by: int) -> None:
        self._detail.turn_prompt(by)

    def action_toggle_log_axis(self) -> None:
        self._detail.toggle_log_axis()

    def action_down(self) -> None:
        self._table.action_cursor_down()

    def action_up(self) -> None:
        self._table.action_cursor_up()

    def action_first(self) -> None:
        self._table.move_cursor(row=0, animate=False)

    def action_last(self) -> None:
        self._table.move_cursor(row=self._table.row_count - 1, animate=False)
