"""RunsView: the list of runs with the queue, and the selected one in figures, a sentence and its detail.

Shows snapshots that the app hands on. What keys ask of a run is in `run_actions`, how it is looked at in `run_looking`.
Reads and writes nothing itself.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import DataTable, Static

from phi_core.runs.reader import Run
from phi_tui import run_text
from phi_tui.keys import RUNS, bindings
from phi_tui.messages import Done, Failed, LogChanged, Remember
from phi_tui.run_filter import Filter, count_words, filter_from, options_of
from phi_tui.run_labels import label_line
from phi_tui.run_notice import notice
from phi_tui.run_order import ordered
from phi_tui.run_overlay import LETTERS, Overlay, overlay_from
from phi_tui.screens.clean_up import CleanUp
from phi_tui.services import RunWatcher, look_after_queue
from phi_tui.views.run_actions import RunActions
from phi_tui.views.run_looking import RunLooking
from phi_tui.widgets.asking_line import AskingLine
from phi_tui.widgets.plain import PlainStatic, tell
from phi_tui.widgets.run_chart import Charted
from phi_tui.widgets.run_detail import RunDetail
from phi_tui.widgets.run_table import RunTable

if TYPE_CHECKING:
    from phi_tui.app import PhiApp

NO_RUNS = (
    "No runs here yet.\n\n[b]F2[/b] sets one up and starts it; `phi demo` writes an example to start with."
)
LOOKING = "Looking at the runs …"
NONE_FITS = "No run fits the filter.\n\n[b]/[/b] changes it, [b]esc[/b] shows all runs."
AGE_SECONDS = 20.0
DRAW_SECONDS = 0.5
"""Snapshots that come faster than this are drawn together."""
ALWAYS_OFFERED = ("find", "turn_order", "storage")


class RunsView(RunActions, RunLooking, can_focus=True):
    """Table above; figures, a notice with the next step, and the detail below."""

    HELP: ClassVar[str] = """\
The list is read from the runs folder every second; closing the app ends no run. `●` runs, `‖` is paused, `✓` finished,
`■` stopped, `✗` failed, `?` lost: its process is gone without a word. Every figure comes from the run's own events.
Steps whose value is not a finite number are left out of the curve and named above it.

`…` waits in the queue. Queued runs stand first, in the order in which they start; `left` says who is next.

What is asked of a live run holds from its next step on; the log says what was done, a warning what was refused and why.

`◆A` is marked: its curves are drawn with those of the selected run, and keep their letter and colour.

The filter takes words of names, tags, models and states, and conditions such as `loss<2`, `learning_rate>=1e-4`,
`state:failed`, `tag:base`; all have to hold.

On the axis: `▴` validation, `■` checkpoint, `●` something asked, `!` a spike, a note, or a value that is not finite. The
cursor shows values as the file has them, digit for digit.

An open pane has the focus: the arrows scroll it, `j` and `k` go on to other runs, `tab` goes back to the list.
"""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(RUNS, "runs")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._all: tuple[Run, ...] = ()
        self._runs: tuple[Run, ...] = ()
        self._queue: tuple[Path, ...] = ()
        self._overlay = Overlay()
        self._filter = Filter()
        self._wanted: Path | None = None
        self._drawn_at = 0.0
        self._is_due = False

    def compose(self) -> ComposeResult:
        yield Static(LOOKING, id="no-runs")
        with Container(id="runs-body"):
            yield AskingLine("words, loss<2, state:failed, tag:base, learning_rate>=1e-4", id="run-filter")
            yield RunTable(id="run-table")
            yield Static(NONE_FITS, id="none-fits")
            yield Static(id="run-strip", markup=False)
            yield PlainStatic(id="run-notice")
            yield PlainStatic(id="run-labels")
            yield RunDetail(id="run-detail")

    def on_mount(self) -> None:
        self.set_interval(AGE_SECONDS, self._once_in_a_while)
        self._show()

    def restore(self, values: Mapping[str, Any]) -> None:
        """Take what was remembered: the selected run and the marked ones."""
        self._overlay = overlay_from(str(values.get("marked") or ""))
        if run := values.get("run"):
            self.open_run(Path(str(run)))

    def _once_in_a_while(self) -> None:
        """Ages grow although no run changes, and a queue runner may have been killed."""
        if self._queue:
            look_after_queue(self._root)
        if self.display:
            self._show()

    def enter(self) -> None:
        self._show()
        if not self.detail.focus_pane():
            (self.table if self._runs and not self.has_class("-zoomed") else self).focus()

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
        if not runs:
            self.query_one("#no-runs", Static).update(NO_RUNS)
        was_empty, self._queue, self._all = not self._all, queue, tuple(runs)
        if was_empty and runs and self.display:
            self._show()
            if self.app.focused in (None, self):
                self.table.focus()
        else:
            self._show_soon()

    def _show_soon(self) -> None:
        """Now, or a moment later together with what comes until then."""
        wait = self._drawn_at + DRAW_SECONDS - time.monotonic()
        if wait <= 0:
            self._show_if_seen()
        elif not self._is_due:
            self._is_due = True
            self.set_timer(wait, self._show_if_seen)

    def _show_if_seen(self) -> None:
        self._is_due = False
        if self.display:
            self._drawn_at = time.monotonic()
            self._show()

    def _tell_news(self, runs: tuple[Run, ...]) -> None:
        """Runs that have ended since the last snapshots, with a bell; and what became of requests."""
        self.tell_answers(runs)
        live = {run.path for run in self._all if run.is_live}
        ended = [run for run in runs if run.path in live and not run.is_live and run.state != "queued"]
        if ended:
            tell(self, "\n".join(f"{run_text.title(run)}: {run.state}" for run in ended))
            self.app.bell()

    def show_log(self, event: LogChanged) -> None:
        self.detail.show_log(event)

    @property
    def selected(self) -> Run | None:
        return next((run for run in self._runs if run.path == self.table.current), None)

    def is_offered(self, action: str) -> bool:
        if self._all and action in ALWAYS_OFFERED:
            return True
        if self.selected is not None and "pane('difference')" in action:
            return bool(self._overlay.beside(self.selected.path, self._runs))
        return super().is_offered(action)

    def _show(self) -> None:
        let_through = [run for run in self._all if self._filter.lets_through(run)]
        self._runs = ordered(let_through, self.order, self._queue)
        self.set_class(not self._all, "-empty")
        self.set_class(bool(self._all) and not self._runs, "-none")
        self.table.show(self._runs, self._queue, self._overlay, self.order)
        self._select_wanted()
        self._show_filter()
        self._show_selected()

    def _show_filter(self) -> None:
        if self.filter_line.is_open:
            count = count_words(len(self._runs), len(self._all))
            problem = self._filter.problem
            self.filter_line.say(
                f"{problem} · {count}" if problem else count, "$text-error" if problem else ""
            )

    def _select_wanted(self) -> None:
        wanted = next((run.path for run in self._runs if run.path.resolve() == self._wanted), None)
        if wanted and self.table.select(wanted):
            self._wanted = None

    def _show_selected(self) -> None:
        run = self.selected
        if run is None:
            return
        words = (
            Content.assemble((f"{name} ", "$text-muted"), (value, "bold"))
            for name, value in run_text.strip(run)
        )
        strip = self.query_one("#run-strip", Static)
        strip.update(Content("  ").join(words), layout=False)
        strip.display = run.last("step") is not None
        place = self._queue.index(run.path) if run.path in self._queue else None
        self.query_one("#run-notice", PlainStatic).show(*notice(run, place=place))
        labels = self.query_one("#run-labels", PlainStatic)
        labels.show(label_line(run), "$text-muted")
        labels.display = bool(label_line(run))
        self._show_detail(run)
        self._watcher.watch_log(run.path)
        self.refresh_bindings()

    def _show_detail(self, run: Run) -> None:
        """Alone a run has no letter; with others each has its own."""
        others = self._overlay.beside(run.path, self._all)
        charted = [self._charted(one) if others else Charted(one) for one in (*others, run)]
        self.detail.show(charted[-1], charted[:-1])

    def _charted(self, run: Run) -> Charted:
        place = self._overlay.place(run.path)
        return Charted(run, LETTERS[place], place)

    def list_changed(self) -> None:
        self._filter = filter_from(self.filter_line.text, options_of(self._all))
        self._show()

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
            self.tell_answers(self._all)
            self._watcher.look_now()

    def on_failed(self, event: Failed) -> None:
        event.stop()
        tell(self, event.text, "error")

    @property
    def _root(self) -> Path:
        return cast("PhiApp", self.app).runs_root

    @property
    def _watcher(self) -> RunWatcher:
        return cast("PhiApp", self.app).watcher

    def action_mark(self) -> None:
        """Mark the selected run, or take the mark from it."""
        current = self.table.current
        if current is None:
            return
        before, self._overlay = self._overlay, self._overlay.toggled(current)
        if self._overlay == before:
            tell(self, "Four runs are marked already; space on one of them takes its mark away", "warning")
        self.post_message(Remember({"marked": self._overlay.text}))
        self._show()

    def action_storage(self) -> None:
        self.app.push_screen(CleanUp(self._root, self._watcher.look_now))

    def action_name(self) -> None:
        """A name for the run; in a searched log the next place."""
        if self.is_log_searched:
            self.detail.log_pane.tail.turn_match(1)
        else:
            super().action_name()

    def action_notes(self) -> None:
        """Notes of the run; in a searched log the place before."""
        if self.is_log_searched:
            self.detail.log_pane.tail.turn_match(-1)
        else:
            super().action_notes()
