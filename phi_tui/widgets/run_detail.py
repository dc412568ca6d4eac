"""RunDetail: one run, perhaps beside a marked one: its curves, and one of the panes log, answers, analysis, difference.

Shows the snapshots that it is told; reads nothing. Judging curves takes time, so that is done beside the screen.
"""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from phi_core.runs.analysis import Analysis, analyse
from phi_core.runs.difference import difference
from phi_core.runs.reader import Run
from phi_tui import run_text
from phi_tui.answer_timeline import timelines
from phi_tui.messages import Done, Failed, LogChanged
from phi_tui.metrics import METRICS, curves, turned
from phi_tui.run_history import milestones
from phi_tui.run_judgement import analysis_text, difference_text, flag_line
from phi_tui.run_notice import memory_words
from phi_tui.services import Latest
from phi_tui.widgets.answer_timeline import AnswerTimeline
from phi_tui.widgets.log_tail import LogTail
from phi_tui.widgets.plain import PlainStatic
from phi_tui.widgets.plot import Plot
from phi_tui.widgets.text_pane import TextPane

PANES = {"log": LogTail, "answers": AnswerTimeline, "analysis": TextPane, "difference": TextPane}
NO_LOG = "nothing in worker.log yet"
NOT_MARKED = "No other run is marked. space marks the run under the cursor; then select another."


class RunDetail(Vertical):
    """`pane` is the open one, "" for the curves alone. The curves stay in sight where the screen is wide."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.pane = ""
        self._run: Run | None = None
        self._marked: Run | None = None
        self._metric = METRICS[0]
        self._is_logarithmic = False
        self._log: LogChanged | None = None
        self._judge = Latest(self, "analysis")
        self._judging: object = None
        self._judged: tuple[object, Analysis] | None = None

    def compose(self) -> ComposeResult:
        yield PlainStatic(id="run-flags")
        with Horizontal(id="run-panes"):
            yield Plot(id="run-plot")
            yield LogTail(id="run-log")
            yield AnswerTimeline(id="run-answers")
            yield TextPane(id="run-analysis")
            yield TextPane(id="run-difference")

    def show(self, run: Run, marked: Run | None) -> None:
        """`marked` is another run that it is seen beside."""
        self._run, self._marked = run, marked
        self._judge_curves(run)
        self._show_curves()
        self._show_flags()
        self._show_pane()

    def show_log(self, event: LogChanged) -> None:
        self._log = event
        self._show_pane()

    def toggle(self, pane: str) -> None:
        """Open a pane, or close it if it is open."""
        self.pane = "" if self.pane == pane else pane
        for name in PANES:
            self.set_class(name == self.pane, f"-{name}")
        self._show_pane()

    def focus_pane(self) -> bool:
        """Give the open pane the focus, so that the arrows scroll it; whether one is open."""
        if self.pane:
            self.query_one(f"#run-{self.pane}").focus()
        return bool(self.pane)

    def turn_metric(self, by: int) -> None:
        if self._run:
            runs = (self._run, self._marked) if self._marked else (self._run,)
            self._metric = turned(self._metric, by, runs)
            self._show_curves()

    def turn_prompt(self, by: int) -> None:
        self.query_one(AnswerTimeline).turn(by)

    def toggle_log_axis(self) -> None:
        self._is_logarithmic = not self._is_logarithmic
        self._show_curves()

    def _show_curves(self) -> None:
        if self._run:
            shown = curves(self._run, self._metric, is_logarithmic=self._is_logarithmic, beside=self._marked)
            self.query_one(Plot).show(shown)

    def _show_pane(self) -> None:
        """Only what is seen is put into words."""
        run = self._run
        if run is None:
            return
        if self.query_one(LogTail).display:
            self._show_log(run)
        if self.pane == "answers":
            self.query_one(AnswerTimeline).show(timelines(run))
        elif self.pane == "analysis":
            analysis = self._analysis
            text = analysis_text(analysis, memory_words(run)) if analysis else "looking at the curves …"
            self.query_one("#run-analysis", TextPane).show(text)
        elif self.pane == "difference":
            text = difference_text(difference(self._marked, run)) if self._marked else NOT_MARKED
            self.query_one("#run-difference", TextPane).show(text)

    def _show_log(self, run: Run) -> None:
        """The worker's words, then what the run's own events tell: what happened last is seen without scrolling."""
        told = self._log
        if told and told.run_path == run.path:
            self.query_one(LogTail).show((*(told.lines or (NO_LOG,)), *milestones(run)))

    def _show_flags(self) -> None:
        analysis = self._analysis
        words = [flag_line(analysis)] if analysis else []
        if self._marked and self._run:
            words = [
                f"A {run_text.title(self._marked)} · B {run_text.title(self._run)} · f differences",
                *words,
            ]
        line = self.query_one("#run-flags", PlainStatic)
        line.show(" · ".join(filter(None, words)), "$text-warning" if analysis and analysis.flags else "")
        line.display = any(words)

    @property
    def _analysis(self) -> Analysis | None:
        """Of this run, perhaps of a moment ago."""
        judged = self._judged
        return judged[1] if judged and self._run and judged[0] == self._run.path else None

    def _judge_curves(self, run: Run) -> None:
        mark = (run.path, run.state, run.total_steps, len(run.events))
        if mark != self._judging:
            self._judging = mark
            self._judge.submit(lambda: (run.path, analyse(run)))

    def on_done(self, event: Done) -> None:
        event.stop()
        if self._judge.awaits(event):
            self._judged = event.result
            self._show_flags()
            self._show_pane()

    def on_failed(self, event: Failed) -> None:
        event.stop()
        self.query_one("#run-analysis", TextPane).say(event.text, "$text-error")
