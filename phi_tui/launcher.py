"""Launching: plan once more, make the run's directory, start its worker; and what to do if the launch gate refuses.

Works for one view, which gets the messages and hands those of the tasks "create", "queue" and "start" on. Knows no field.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from textual.widget import Widget

from phi_core.config.training import TrainingConfig
from phi_core.jobs.training_job import start_run
from phi_tui.config_files import GateClosed, NewRun, new_run, queue_run
from phi_tui.messages import OpenData, OpenRun
from phi_tui.screens.confirm import Confirm
from phi_tui.services import progress_teller, start
from phi_tui.widgets.plain import tell


class Launcher:
    """One launch at a time. `accept` puts names into the option `accept`; then the launch is asked for again."""

    def __init__(self, view: Widget, accept: Callable[[Sequence[str]], None]) -> None:
        self._view, self._accept = view, accept
        self.is_at_work = False
        self.is_for_queue = False

    def launch(
        self, config: TrainingConfig, runs_root: Path, command: Sequence[str], *, for_queue: bool
    ) -> None:
        if not self.is_at_work:
            self.is_at_work, self.is_for_queue = True, for_queue
            told = progress_teller(self._view, "create")
            start(
                self._view,
                "create",
                lambda: new_run(config, runs_root, command, for_queue=for_queue, on_progress=told),
            )

    def created(self, run: NewRun) -> None:
        """The directory is there: show the run and start its worker, or queue it and stay."""
        self.is_at_work = False
        if self.is_for_queue:
            start(self._view, "queue", lambda: queue_run(run))
            return
        self._view.post_message(OpenRun(run.path))
        start(self._view, "start", lambda: start_run(run.path))

    def queued(self, place: int) -> None:
        """Say where the run stands."""
        waits = "it is the next to start" if not place else f"{place} before it"
        tell(self._view, f"Queued; {waits}. F3 shows it.")

    def failed(self, error: Exception) -> bool:
        """The launch has failed; whether a dialog says so."""
        self.is_at_work = False
        if not isinstance(error, GateClosed):
            return False
        if error.may_be_accepted:
            verb = "queue" if self.is_for_queue else "launch"
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
