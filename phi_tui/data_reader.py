"""DataReader: what the Data tab has asked to be read, how far it is, and what has come of it.

Asks services and keeps results; the view shows them. Newer requests replace older ones. Touches no widget.
"""

import time

from textual.message_pump import MessagePump

from phi_core.config.training import TrainingConfig
from phi_core.samples.gate import ACCEPTABLE
from phi_tui.data_check import CheckReport, read_check
from phi_tui.data_text import gate_headline
from phi_tui.data_tokens import (
    Example,
    NotPrepared,
    TokenReport,
    prepare_data,
    progress_words,
    read_example,
    read_tokens,
)
from phi_tui.messages import Done, Failed, Progressed
from phi_tui.services import Latest

VERBS = {"check": "checking", "tokens": "tokenising", "prepare": "preparing", "view": "reading the record"}
CLEAN_UP_SECONDS = 1.0


class DataReader:
    """`target` gets Done, Failed and Progressed of the tasks check, tokens, view and prepare."""

    def __init__(self, target: MessagePump) -> None:
        self.check: CheckReport | None = None
        self.tokens: TokenReport | NotPrepared | None = None
        self.example: Example | None = None
        self.place = 0
        """Of the examples, the one that is shown."""
        self._config: TrainingConfig | None = None
        self._busy: dict[str, str] = {}
        self._tasks = {task: Latest(target, task) for task in VERBS}

    def read(self, config: TrainingConfig) -> None:
        """Check and tokenise; what has not changed is not checked again."""
        self._config = config
        self._read_check(config)
        self._read_tokens(config)

    def look_again(self, config: TrainingConfig) -> None:
        """What is being read goes on; what was read is read anew only if the files have changed since."""
        is_reading = self.is_busy("check") or self.is_busy("tokens")
        if config != self._config or not (is_reading or (self.check and self.tokens)):
            self.read(config)
        elif not is_reading:
            self._read_check(config)

    def found(self, report: CheckReport) -> bool:
        """Take a report; whether it is another. Then the tokens are others too."""
        is_new, was_read = report is not self.check, self.check is not None
        self.check = report
        if is_new and was_read and self._config and not self.is_busy("tokens"):
            self._read_tokens(self._config)
        return is_new

    def _read_check(self, config: TrainingConfig) -> None:
        before, checker = self.check, self._begun("check")
        checker.submit(lambda: read_check(config, before, checker.told))

    def _read_tokens(self, config: TrainingConfig) -> None:
        planner = self._begun("tokens")
        planner.submit(lambda: read_tokens(config, planner.told))

    def give_up(self) -> None:
        """There is nothing to read any more; only what is being prepared goes on."""
        for task in ("check", "tokens", "view"):
            self._tasks[task].cancel()
            self._busy.pop(task, None)
        self.check = self.tokens = self.example = self._config = None

    def prepare(self, config: TrainingConfig) -> None:
        preparer = self._begun("prepare")
        preparer.submit(lambda: prepare_data(config, preparer.told))

    def stop_preparing(self) -> None:
        self._tasks["prepare"].cancel()
        self._busy.pop("prepare", None)

    def turn(self, by: int) -> None:
        """Read the example so many further on."""
        tokens = self.tokens
        if isinstance(tokens, TokenReport) and tokens.examples and not tokens.without_tokens:
            self.place = (self.place + by) % len(tokens.examples)
            self.view(*tokens.examples[self.place], f" ({self.place + 1} of {len(tokens.examples)})")

    def view(self, name: str, record: int, rank: str = "") -> None:
        tokens = self.tokens
        if isinstance(tokens, TokenReport):
            self._begun("view").submit(lambda: read_example(tokens, name, record, rank))

    def took(self, event: Done | Failed) -> bool:
        """A request has ended; whether anybody still waits for it."""
        return self._tasks[event.task].awaits(event) and self._busy.pop(event.task, None) is not None

    def close(self) -> None:
        """Nobody waits any more; what is at work gets a moment to clean up."""
        for task in self._tasks.values():
            task.cancel()
        end = time.monotonic() + CLEAN_UP_SECONDS
        for task in self._tasks.values():
            task.wait(max(0.0, end - time.monotonic()))

    def told(self, event: Progressed) -> None:
        if event.task in self._busy and self._tasks[event.task].awaits(event):
            self._busy[event.task] = f"{VERBS[event.task]} {progress_words(event.progress)}"

    def is_busy(self, task: str) -> bool:
        return task in self._busy

    def acceptable(self) -> tuple[str, ...] | None:
        """What `accept` should hold: all that is refused and may be accepted, () if all is accepted; None for no such finding."""
        gate = self.tokens.plan.gate if isinstance(self.tokens, TokenReport) else ()
        found = [finding for finding in gate if finding.name in ACCEPTABLE]
        if not found:
            return None
        return tuple(finding.name for finding in found) if any(finding.stops for finding in found) else ()

    @property
    def is_refused(self) -> bool:
        """Whether a run would be refused for what was found."""
        gate = self.tokens.plan.gate if isinstance(self.tokens, TokenReport) else ()
        return bool(self.check and self.check.num_faults) or any(finding.stops for finding in gate)

    @property
    def status(self) -> str:
        """What is being read, and what was found, in one line."""
        found = [self.check.headline] if self.check else []
        gate = [gate_headline(self.tokens.plan.gate)] if isinstance(self.tokens, TokenReport) else []
        return " · ".join([*gate, *self._busy.values(), *found])

    def _begun(self, task: str) -> Latest:
        self._busy[task] = VERBS[task]
        return self._tasks[task]
