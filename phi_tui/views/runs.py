"""RunsView: the list of runs, the curves, figures and log of the selected one, and the keys that steer it.

Shows snapshots that the app hands on; asks workers through services. Reads and writes nothing itself.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widgets import DataTable, Static

from phi_core.runs.control import RequestKind
from phi_core.runs.reader import Run
from phi_tui import run_text
from phi_tui.keys import RUNS, bindings
from phi_tui.messages import Done, Failed, LogChanged, OpenChat, OpenCompare, OpenTrain, Remember
from phi_tui.metrics import METRICS, curves
from phi_tui.run_requests import asked, deleted, killed, named, resumed
from phi_tui.screens.ask import Ask
from phi_tui.screens.confirm import Confirm
from phi_tui.services import RunWatcher, start
from phi_tui.widgets.log_tail import LogTail
from phi_tui.widgets.plain import PlainStatic, tell
from phi_tui.widgets.plot import Plot
from phi_tui.widgets.run_table import RunTable

if TYPE_CHECKING:
    from phi_tui.app import PhiApp

LIVE_ONLY = frozenset({"pause", "stop", "kill", "checkpoint"})
NO_RUNS = (
    "No runs here yet.\n\n[b]F2[/b] sets one up and starts it; `phi demo` writes an example to start with."
)
AGE_SECONDS = 20.0


class RunsView(Container, can_focus=True):
    """Table above; figures, a notice with the next step, and curves or log below."""

    HELP: ClassVar[str] = """\
The list is read from the runs folder every second; closing the app ends no run. `●` runs, `‖` is paused, `✓` finished,
`■` stopped, `✗` failed, `?` lost: its process is gone without a word. Every figure comes from the run's own events.
Steps whose value is not a finite number are left out of the curve and named above it.
"""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(RUNS, "runs")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._runs: tuple[Run, ...] = ()
        self._wanted: Path | None = None
        self._metric = 0
        self._is_logarithmic = False
        self._log_told: LogChanged | None = None

    def compose(self) -> ComposeResult:
        yield Static(NO_RUNS, id="no-runs")
        with Container(id="runs-body"):
            yield RunTable(id="run-table")
            yield Static(id="run-strip", markup=False)
            yield PlainStatic(id="run-notice")
            with Horizontal(id="run-detail"):
                yield Plot(id="run-plot")
                yield LogTail(id="run-log")

    def on_mount(self) -> None:
        self.set_interval(AGE_SECONDS, self._show_again)
        self._show()

    def _show_again(self) -> None:
        """Ages grow although no run changes."""
        if self.display:
            self._show()

    def enter(self) -> None:
        self._show()
        (self._table if self._runs and not self.has_class("-zoomed") else self).focus()

    def leave(self) -> None:
        return

    def open_run(self, path: Path) -> None:
        """Select a run, as soon as it is listed."""
        self._wanted = path.resolve()
        self._watcher.include(path)
        self._show()

    def show_runs(self, runs: tuple[Run, ...]) -> None:
        """Take new snapshots, newest first; draw them if they are seen."""
        was_empty, self._runs = not self._runs, runs
        if self.display:
            self._show()
            if was_empty and runs and self.app.focused in (None, self):
                self._table.focus()

    def show_log(self, event: LogChanged) -> None:
        self._log_told = event
        self._show_log()

    def _show_log(self) -> None:
        """The worker's log; while that is empty, what the run's own events tell."""
        run, told = self.selected, self._log_told
        if run and told and told.run_path == run.path:
            self._log.show(told.lines or ("nothing in worker.log yet", *run_text.milestones(run)))

    @property
    def selected(self) -> Run | None:
        return next((run for run in self._runs if run.path == self._table.current), None)

    def is_offered(self, action: str) -> bool:
        """Whether a key makes sense for the selected run: the key bar leaves the others out."""
        run = self.selected
        if run is None:
            return False
        offered = {"continue": run.state == "paused", "resume": run.state in ("stopped", "failed", "lost")}
        has_adapter = run.layout.final_adapter.is_dir()
        return offered.get(
            action, run.is_live if action in LIVE_ONLY else has_adapter or action not in ("chat", "compare")
        )

    def _show(self) -> None:
        self.set_class(not self._runs, "-empty")
        self._table.show(self._runs)
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
        self.query_one("#run-notice", PlainStatic).show(*run_text.notice(run))
        self._plot.show(curves(run, METRICS[self._metric], is_logarithmic=self._is_logarithmic))
        self._watcher.watch_log(run.path)
        self._show_log()
        self.refresh_bindings()

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
        tell(self, str(event.result))
        self._watcher.look_now()

    def on_failed(self, event: Failed) -> None:
        event.stop()
        tell(self, event.text, "error")

    def _do(self, work: Callable[[Run], str], run: Run | None = None) -> None:
        """Work on a run, else on the selected one, beside the screen; what `work` returns is told."""
        chosen = run or self.selected
        if chosen is None:
            tell(self, "There is no run yet")
        else:
            start(self, "run", lambda: work(chosen))

    def _ask(self, kind: RequestKind, told: str) -> None:
        self._do(lambda run: asked(run, kind, told))

    def _confirm(self, question: str, verb: str, work: Callable[[Run], str]) -> None:
        run = self.selected
        if run is not None:
            text = question.format(run_text.title(run))
            self.app.push_screen(
                Confirm(text, verb), lambda is_sure: self._do(work, run) if is_sure else None
            )

    def action_pause(self) -> None:
        self._ask("pause", "Pauses after this step")

    def action_stop(self) -> None:
        question = "Stop {}?\nIt ends after the current step with a checkpoint, and can be resumed."
        self._confirm(question, "Stop", lambda run: asked(run, "stop", "Stops after this step"))

    def action_kill(self) -> None:
        question = "End {} at once?\nEverything after its last checkpoint is lost."
        self._confirm(question, "Kill", killed)

    def action_checkpoint(self) -> None:
        self._ask("checkpoint", "Writes a checkpoint after this step")

    def action_continue(self) -> None:
        self._do(resumed)

    def action_resume(self) -> None:
        self._do(resumed)

    def action_delete(self) -> None:
        question = "Delete {} with its checkpoints and its adapter?\nThis cannot be undone."
        self._confirm(question, "Delete", deleted)

    def action_name(self) -> None:
        run = self.selected
        if run is not None:
            old = str(run.labels.get("name") or "")
            ask = Ask(f"Name of run {run.id} (empty: its id)", old, may_be_empty=True)
            self.app.push_screen(
                ask, lambda name: self._do(lambda run: named(run, name), run) if name is not None else None
            )

    def action_chat(self) -> None:
        self._open_with_adapter(OpenChat)

    def action_compare(self) -> None:
        self._open_with_adapter(OpenCompare)

    def _open_with_adapter(self, message: type[OpenChat] | type[OpenCompare]) -> None:
        run = self.selected
        if run is not None and run.layout.final_adapter.is_dir():
            self.post_message(message(run.path))
        elif run is not None:
            tell(self, f"Run {run_text.title(run)} has no adapter yet; it is written at the end", "warning")

    def action_edit_copy(self) -> None:
        if self.selected:
            self.post_message(OpenTrain(self.selected.layout.config))

    @property
    def _table(self) -> RunTable:
        return self.query_one(RunTable)

    @property
    def _plot(self) -> Plot:
        return self.query_one(Plot)

    @property
    def _log(self) -> LogTail:
        return self.query_one(LogTail)

    @property
    def _watcher(self) -> RunWatcher:
        return cast("PhiApp", self.app).watcher

    def action_zoom(self) -> None:
        self.toggle_class("-zoomed")
        self.enter()

    def action_toggle_log(self) -> None:
        self.toggle_class("-log")

    def action_back(self) -> None:
        self.remove_class("-zoomed", "-log")
        self.enter()

    def action_turn_metric(self, by: int) -> None:
        self._metric = (self._metric + by) % len(METRICS)
        self._show_selected()

    def action_toggle_log_axis(self) -> None:
        self._is_logarithmic = not self._is_logarithmic
        self._show_selected()

    def action_down(self) -> None:
        self._table.action_cursor_down()

    def action_up(self) -> None:
        self._table.action_cursor_up()

    def action_first(self) -> None:
        self._table.move_cursor(row=0, animate=False)

    def action_last(self) -> None:
        self._table.move_cursor(row=self._table.row_count - 1, animate=False)
