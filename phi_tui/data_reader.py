"""DataReader: what the Data tab has asked to be read, how far it is, and what has come of it.

Asks services and keeps results; the view shows them. Newer requests replace older ones. Touches no widget.
"""

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
from phi_tui.messages import Progressed
from phi_tui.services import Latest

VERBS = {"check": "checking", "tokens": "tokenising", "prepare": "preparing", "view": "reading the record"}


class DataReader:
    """`target` gets Done, Failed and Progressed of the tasks check, tokens, view and prepare."""

    def __init__(self, target: MessagePump) -> None:
        self.check: CheckReport | None = None
        self.tokens: TokenReport | NotPrepared | None = None
        self.example: Example | None = None
        self.place = 0
        """Of the examples, the one that is shown."""
        self._busy: dict[str, str] = {}
        self._tasks = {task: Latest(target, task) for task in VERBS}

    def read(self, config: TrainingConfig) -> None:
        """Check and tokenise; what has not changed is not checked again."""
        before, checker, planner = self.check, self._begun("check"), self._begun("tokens")
        checker.submit(lambda: read_check(config, before, checker.told))
        planner.submit(lambda: read_tokens(config, planner.told))

    def give_up(self) -> None:
        """There is nothing to read any more; only what is being prepared goes on."""
        for task in ("check", "tokens", "view"):
            self._tasks[task].cancel()
            self._busy.pop(task, None)
        self.check = self.tokens = self.example = None

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
            self.view(*tokens.examples[self.place])

    def view(self, name: str, record: int) -> None:
        tokens = self.tokens
        if isinstance(tokens, TokenReport):
            self._begun("view").submit(lambda: read_example(tokens, name, record))

    def took(self, task: str) -> bool:
        """A task has ended; whether anybody still waits for it."""
        return self._busy.pop(task, None) is not None

    def told(self, event: Progressed) -> None:
        if event.task in self._busy:
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
        return " · ".join([*self._busy.values(), *found, *gate])

    @property
    def example_place(self) -> str:
        """Which of the examples is shown: " (2 of 5)", "" for a record that was asked for."""
        examples = self.tokens.examples if isinstance(self.tokens, TokenReport) else ()
        shown = self.example and (self.example.name, self.example.record)
        return f" ({self.place + 1} of {len(examples)})" if shown in examples else ""

    def _begun(self, task: str) -> Latest:
        self._busy[task] = VERBS[task]
        return self._tasks[task]
