"""RunActions: what keys do with the selected run: steer it, queue it, go on with it, name it, delete it.

The work is done beside the screen (`run_requests`), and what came of it is told. Knows no table and no plot.
"""

from collections.abc import Callable, Sequence

from textual.containers import Container

from phi_core.plain_text import one_line
from phi_core.runs.control import RequestKind
from phi_core.runs.reader import Run
from phi_tui import run_requests, run_text
from phi_tui.messages import OpenChat, OpenCompare, OpenTrain
from phi_tui.run_labels import Written, written
from phi_tui.run_outcomes import Request, Requests
from phi_tui.screens.ask import Ask
from phi_tui.screens.confirm import Confirm
from phi_tui.screens.run_notes import RunNotes
from phi_tui.services import start
from phi_tui.widgets.plain import tell

STOP = "Stop {}?\nIt ends after the current step with a checkpoint, and can be resumed."
KILL = "End {} at once?\nEverything after its last checkpoint is lost."
DELETE = "Delete {} with its checkpoints and its adapter?\nThis cannot be undone."
CHANGED_LIVE = frozenset({"pause", "stop", "kill", "checkpoint", "evaluate", "ask_rate"})
CAN_RESUME = ("stopped", "failed", "lost")
Work = Callable[[Run], str | Request]


class RunActions(Container):
    """Of a view that knows which run is selected."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.requests = Requests()

    @property
    def selected(self) -> Run | None:
        raise NotImplementedError

    def is_offered(self, action: str) -> bool:
        """Whether a key makes sense for the selected run: the key bar leaves the others out."""
        run = self.selected
        if run is None:
            return False
        if action in CHANGED_LIVE:
            return run.is_live
        if action.startswith(("move_in_queue", "toggle_queue")):
            return run.state == "queued"
        if action in ("chat", "compare"):
            return run.adapter is not None
        if action == "ask_steps":
            return run.is_live or bool(run.events)
        states = {"continue": ("paused",), "resume": CAN_RESUME}.get(action)
        return states is None or run.state in states

    def do(self, work: Work, run: Run | None = None) -> None:
        """Work on a run, else on the selected one, beside the screen; what `work` returns is told."""
        chosen = run or self.selected
        if chosen is None:
            tell(self, "There is no run yet")
        else:
            start(self, "run", lambda: work(chosen))

    def ask_worker(self, kind: RequestKind, told: str) -> None:
        self.do(lambda run: run_requests.asked(run, kind, told))

    def take_outcome(self, result: str | Request) -> None:
        """What came of the work: told, and of a request to a worker the answer is waited for."""
        if isinstance(result, Request):
            self.requests.add(result)
        tell(self, result.text if isinstance(result, Request) else result)

    def tell_answers(self, runs: Sequence[Run]) -> None:
        """What became of requests, as these snapshots say."""
        for outcome in self.requests.settled(runs):
            tell(self, outcome.text, "information" if outcome.is_done else "warning")

    def action_pause(self) -> None:
        self.ask_worker("pause", "pauses after this step")

    def action_stop(self) -> None:
        self._confirm(STOP, "Stop", lambda run: run_requests.asked(run, "stop", "stops after this step"))

    def action_kill(self) -> None:
        self._confirm(KILL, "Kill", run_requests.killed)

    def action_checkpoint(self) -> None:
        self.ask_worker("checkpoint", "asked for a checkpoint after this step")

    def action_evaluate(self) -> None:
        self.ask_worker("evaluate", "asked to evaluate after this step")

    def action_ask_rate(self) -> None:
        run = self.selected
        if run is None or not run.is_live:
            self.ask_worker("set_learning_rate", "")  # refused, with the reason
            return
        peak, now = run_requests.peak_rate(run), run_text.figure(run, "step", "learning_rate", ".3g")
        question = (
            f"Peak learning rate of {run_text.title(run)} from the next step on (at step {run.step}: {now})"
        )
        self._line(question, "" if peak is None else f"{peak:g}", run_requests.rate_asked)

    def action_ask_steps(self) -> None:
        run = self.selected
        if run is not None:
            done = f"{run.step} of {run.total_steps or '?'} steps are done"
            ended = "" if run.is_live else "; a worker is started"
            question = f"Extend {run_text.title(run)} by how many steps? ({done}{ended})"
            self._line(question, "", run_requests.extended)

    def _line(self, question: str, text: str, work: Callable[[Run, str], Request]) -> None:
        """Ask for a value, then send it to the run that was selected when the question came up."""
        run = self.selected
        assert run is not None, "a question is about a run"

        def answered(answer: str | None) -> None:
            if answer is not None:
                self.do(lambda run: work(run, answer), run)

        self.app.push_screen(Ask(question, text, is_selected=True), answered)

    def action_continue(self) -> None:
        self.do(run_requests.resumed)

    def action_resume(self) -> None:
        self.do(run_requests.resumed)

    def action_move_in_queue(self, places: int) -> None:
        self.do(lambda run: run_requests.moved(run, places))

    def action_toggle_queue(self) -> None:
        self.do(run_requests.queued_or_not)

    def action_delete(self) -> None:
        self._confirm(DELETE, "Delete", run_requests.deleted)

    def action_name(self) -> None:
        run = self.selected
        if run is not None:
            old = one_line(str(run.labels.get("name") or ""))
            ask = Ask(f"Name of run {run.id} (empty: its id)", old, may_be_empty=True)
            self.app.push_screen(
                ask,
                lambda name: (
                    self.do(lambda run: run_requests.named(run, name), run) if name is not None else None
                ),
            )

    def action_notes(self) -> None:
        run = self.selected
        if run is not None:

            def answered(told: Written | None) -> None:
                if told is not None:
                    self.do(lambda run: run_requests.noted(run, told), run)

            self.app.push_screen(RunNotes(run_text.title(run), written(run)), answered)

    def _confirm(self, question: str, verb: str, work: Work) -> None:
        run = self.selected
        if run is not None:
            text = question.format(run_text.title(run))
            self.app.push_screen(Confirm(text, verb), lambda is_sure: self.do(work, run) if is_sure else None)

    def action_chat(self) -> None:
        self._open_with_adapter(OpenChat)

    def action_compare(self) -> None:
        self._open_with_adapter(OpenCompare)

    def _open_with_adapter(self, message: type[OpenChat] | type[OpenCompare]) -> None:
        run = self.selected
        if run is not None and run.adapter is not None:
            self.post_message(message(run.path))
        elif run is not None:
            tell(self, f"Run {run_text.title(run)} has no checkpoint yet; w asks for one", "warning")

    def action_edit_copy(self) -> None:
        if self.selected:
            self.post_message(OpenTrain(self.selected.layout.config))
