"""RunDetail: one run, perhaps beside marked ones: its curves, and one of the panes log, answers, events and judgements.

Shows the snapshots that it is told; reads nothing. Judging curves takes time, so that is done beside the screen.
"""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from phi_core.runs.analysis import Analysis, analyse
from phi_core.runs.difference import difference
from phi_core.runs.reader import Run
from phi_tui import run_text
from phi_tui.answer_timeline import timelines
from phi_tui.messages import Done, Failed, LogChanged
from phi_tui.run_history import newest_milestones
from phi_tui.run_judgement import analysis_text, difference_text, flag_line
from phi_tui.run_notice import memory_words
from phi_tui.run_overlay import COLOURS
from phi_tui.services import Latest
from phi_tui.widgets.answer_timeline import AnswerTimeline
from phi_tui.widgets.log_pane import LogPane
from phi_tui.widgets.plain import content
from phi_tui.widgets.run_chart import Charted, RunChart
from phi_tui.widgets.run_pane_text import RunText

PANES = ("log", "answers", "events", "analysis", "difference")
NO_LOG = "nothing in worker.log yet"
NO_EVENTS = "nothing has happened yet"
NOT_MARKED = "No other run is marked. space marks the run under the cursor; then select another."
REST_SECONDS = 0.3
"""A run that the cursor only passes by is not judged: that takes a core from the keys."""
DIFFERENCES = "f differences"
SHORTEST_NAME = 8
JUDGED_AGAIN = 1.01
"""Curves are judged anew when a run has so many times the steps: judging takes as long as the run."""


class RunDetail(Vertical):
    """`pane` is the open one, "" for the curves alone. The curves stay in sight where the screen is wide."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.pane = ""
        self._run: Run | None = None
        self._beside: tuple[Charted, ...] = ()
        self._log: LogChanged | None = None
        self._judge = Latest(self, "analysis")
        self._judging: tuple[object, int] = (None, 0)
        self._judge_timer: Timer | None = None
        self._judged: tuple[object, Analysis] | None = None
        self._events_of: object = None

    def compose(self) -> ComposeResult:
        yield Static(id="run-flags", markup=False)
        with Horizontal(id="run-panes"):
            yield RunChart(id="run-plot")
            yield LogPane(id="run-log")
            yield AnswerTimeline(id="run-answers")
            yield RunText(id="run-events")
            yield RunText(id="run-analysis")
            yield RunText(id="run-difference")

    @property
    def chart(self) -> RunChart:
        return self.query_one(RunChart)

    @property
    def log_pane(self) -> LogPane:
        return self.query_one(LogPane)

    def show(self, selected: Charted, beside: Sequence[Charted]) -> None:
        """`beside` are other runs that it is seen with."""
        self._run, self._beside = selected.run, tuple(beside)
        self._judge_curves(selected.run)
        self.chart.show_runs((*beside, selected))
        self._show_flags(selected)
        self._show_pane()

    def show_log(self, event: LogChanged) -> None:
        self._log = event
        self._show_pane()

    def toggle(self, pane: str) -> None:
        """Open a pane, or close it if it is open."""
        self.pane = "" if self.pane == pane else pane
        for name in PANES:
            self.set_class(name == self.pane, f"-{name}")
        self._events_of = None
        self._show_pane()

    def focus_pane(self) -> bool:
        """Give the open pane the focus, so that the arrows scroll it; whether one is open."""
        if self.pane:
            self.query_one(f"#run-{self.pane}").focus()
        return bool(self.pane)

    def turn_prompt(self, by: int) -> None:
        self.query_one(AnswerTimeline).turn(by)

    def _show_pane(self) -> None:
        """Only what is seen is put into words."""
        run = self._run
        if run is None:
            return
        if self.log_pane.display:
            self._show_log(run)
        match self.pane:
            case "answers":
                self.query_one(AnswerTimeline).show(timelines(run))
            case "events":
                self._show_events(run)
            case "analysis":
                analysis = self._analysis
                text = analysis_text(analysis, memory_words(run)) if analysis else "looking at the curves …"
                self._text("analysis").show(text)
            case "difference":
                self._text("difference").show(self._difference(run))

    def _text(self, pane: str) -> RunText:
        return self.query_one(f"#run-{pane}", RunText)

    def _difference(self, run: Run) -> str:
        if not self._beside:
            return NOT_MARKED
        other = self._beside[0]
        letters = (other.letter, self.chart.letter)
        return difference_text(difference(other.run, run), letters)

    def _show_log(self, run: Run) -> None:
        """The worker's words, then what the run's own events tell: what happened last is seen without scrolling."""
        told = self._log
        if told and told.run_path == run.path:
            self.log_pane.show((*(told.lines or (NO_LOG,)), *newest_milestones(run)))

    def _show_events(self, run: Run) -> None:
        text = "\n".join(newest_milestones(run)) or NO_EVENTS
        self._text("events").show_end(text, is_new=self._events_of != run.path)
        self._events_of = run.path

    def _show_flags(self, selected: Charted) -> None:
        """Which letter is whom, with the flags; nothing where there is nothing of either."""
        analysis = self._analysis
        parts = self._names(selected) if self._beside else []
        if analysis and analysis.flags:
            parts.append(content(flag_line(analysis), "$text-warning"))
        line = self.query_one("#run-flags", Static)
        line.update(Content(" · ").join(parts), layout=False)
        line.display = bool(parts)

    def _names(self, selected: Charted) -> list[Content]:
        """Every letter with its run, by letters, short enough that all of them fit."""
        every = sorted((*self._beside, selected), key=lambda charted: charted.letter)
        most = max(SHORTEST_NAME, (self.size.width - len(DIFFERENCES)) // len(every) - len(" · A "))
        names = [_named(charted, most, is_selected=charted is selected) for charted in every]
        return [*names, Content.styled(DIFFERENCES, "$text-muted")]

    @property
    def _analysis(self) -> Analysis | None:
        """Of this run, perhaps of a moment ago."""
        judged = self._judged
        return judged[1] if judged and self._run and judged[0] == self._run.path else None

    def _judge_curves(self, run: Run) -> None:
        """Anew when there is noticeably more to judge, or the run is in another state."""
        mark, size = (run.path, run.state, run.total_steps), len(run.events)
        judged, before = self._judging
        if mark != judged or size < before or size >= max(before + 1, before * JUDGED_AGAIN):
            self._judging = (mark, size)
            if self._judge_timer is not None:
                self._judge_timer.stop()
            self._judge_timer = self.set_timer(
                REST_SECONDS, lambda: self._judge.submit(lambda: (run.path, analyse(run)))
            )

    def on_done(self, event: Done) -> None:
        event.stop()
        if self._judge.awaits(event):
            self._judged = event.result
            if self.chart.selected:
                self._show_flags(self.chart.selected)
            self._show_pane()

    def on_failed(self, event: Failed) -> None:
        event.stop()
        self._text("analysis").say(event.text, "$text-error")


def _named(charted: Charted, most: int, *, is_selected: bool) -> Content:
    """The letter in its run's colour; the selected run's name is bold."""
    name = run_text.title(charted.run)
    shown = name if cell_len(name) <= most else f"{set_cell_size(name, most - 1).rstrip()}…"
    letter = Content.styled(charted.letter, f"bold ansi_{COLOURS[charted.colour]}")
    return letter.append(content(f" {shown}", "bold" if is_selected else ""))
