"""Prober: one measurement of memory at a time, kept for as long as the options that matter stay as they are.

Works for one view, which gets the messages of the task "probe" and hands them on.
"""

import time
from collections.abc import Callable

from textual.timer import Timer
from textual.widget import Widget

from phi_core.config.training import TrainingConfig
from phi_core.runs.probe_result import ProbeResult
from phi_tui.memory_tasks import measured, what_matters
from phi_tui.memory_text import ProbeState
from phi_tui.services import Stoppable

TELL_SECONDS = 1.0
END_SECONDS = 2.0


class Prober:
    """`told` is called whenever there is something new to show."""

    def __init__(self, view: Widget, told: Callable[[], None]) -> None:
        self._view, self._told = view, told
        self._job: Stoppable | None = None
        self._timer: Timer | None = None
        self._began = 0.0
        self._of: dict[str, object] | None = None
        self._result: ProbeResult | None = None
        self._trouble = ""

    @property
    def is_at_work(self) -> bool:
        return self._job is not None

    def measure(self, config: TrainingConfig) -> None:
        if self._job is None:
            self._of, self._result, self._trouble = what_matters(config), None, ""
            self._began = time.monotonic()
            self._job = Stoppable(self._view, "probe", lambda stop: measured(config, stop))
            self._timer = self._view.set_interval(TELL_SECONDS, self._told)
            self._told()

    def stop(self) -> bool:
        """End the measurement; whether there was one."""
        if self._job is None:
            return False
        self._job.stop()
        return True

    def leave(self) -> None:
        """The app ends: so does the process that measures."""
        if self._job is not None:
            self._job.stop()
            self._job.wait(END_SECONDS)

    def state(self, config: TrainingConfig | None) -> ProbeState:
        """What is known of this configuration."""
        if self._job is not None:
            return ProbeState(seconds=time.monotonic() - self._began)
        if config is None or self._of != what_matters(config):
            return ProbeState()
        return ProbeState(self._result, trouble=self._trouble)

    def done(self, result: ProbeResult) -> None:
        self._ended(result, "")

    def failed(self, trouble: str) -> None:
        self._ended(None, trouble)

    def _ended(self, result: ProbeResult | None, trouble: str) -> None:
        self._result, self._trouble, self._job = result, trouble, None
        if self._timer:
            self._timer.stop()
        self._told()
