"""Launching: plan once more, make the run's directory, start its worker; or queue one or several; and what to do if the
launch gate refuses.

Works for one view, which gets the messages and hands those of the tasks "create", "queue" and "start" on. Knows no field.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from textual.widget import Widget

from phi_core.config.training import TrainingConfig
from phi_core.jobs.training_job import start_run
from phi_core.planning.several import Variant
from phi_core.samples.progress import OnProgress
from phi_tui.config_files import GateClosed, NewRun, new_run
from phi_tui.messages import OpenData, OpenRun
from phi_tui.queue_runs import Queued, new_runs, queue_runs
from phi_tui.screens.confirm import Confirm
from phi_tui.services import progress_teller, start
from phi_tui.widgets.plain import tell

Create = Callable[[OnProgress], NewRun | tuple[NewRun, ...]]


class Launcher:
    """One launch at a time. `accept` puts names into the option `accept`; then the launch is asked for again."""

    def __init__(self, view: Widget, accept: Callable[[Sequence[str]], None]) -> None:
        self._view, self._accept = view, accept
        self.is_at_work = False
        self._is_for_queue = False

    def launch(self, config: TrainingConfig, runs_root: Path, command: Sequence[str]) -> None:
        self._create(lambda told: new_run(config, runs_root, command, on_progress=told), for_queue=False)

    def queue(self, asked: Sequence[tuple[Variant, Sequence[str]]], runs_root: Path) -> None:
        """`asked` are runs with the commands that ask for them."""
        self._create(lambda told: new_runs(asked, runs_root, on_progress=told), for_queue=True)

    def _create(self, work: Create, *, for_queue: bool) -> None:
        if not self.is_at_work:
            self.is_at_work, self._is_for_queue = True, for_queue
            told = progress_teller(self._view, "create")
            start(self._view, "create", lambda: work(told))

    def created(self, made: NewRun | tuple[NewRun, ...]) -> None:
        """The directory is there: show the run and start its worker; or queue what was made, and stay."""
        self.is_at_work = False
        if isinstance(made, tuple):
            start(self._view, "queue", lambda: queue_runs(made))
            return
        path = made.path
        self._view.post_message(OpenRun(path))
        start(self._view, "start", lambda: start_run(path))

    def queued(self, queued: Queued) -> None:
        """Say where the runs stand."""
        what = "Queued" if queued.count == 1 else f"Queued {queued.count} runs"
        first = "it is the next to start" if queued.count == 1 else "the first is the next to start"
        them = "it" if queued.count == 1 else "them"
        waits = f"{queued.before} before {them}" if queued.before else first
        tell(self._view, f"{what}; {waits}. F3 shows {them}.")

    def failed(self, error: Exception) -> bool:
        """The launch has failed; whether a dialog says so."""
        self.is_at_work = False
        if not isinstance(error, GateClosed):
            return False
        if error.may_be_accepted:
            verb = "queue" if self._is_for_queue else "launch"
            words = f"{error}\n\n{verb.capitalize()} all the same? The run records what you accept."
            question = Confirm(words, f"Accept and {verb}")
            self._view.app.push_screen(
                question, lambda is_sure: self._accept(error.names) if is_sure else None
            )
        else:
            question = Confirm(str(error), "Look at the data")
            self._view.app.push_screen(question, lambda is_sure: self._look() if is_sure else None)
        return True

    def _look(self) -> None:
        self._view.post_message(OpenData("lengths"))
