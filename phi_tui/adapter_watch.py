"""The adapters of the run that is talked to, as they come and go: what to offer, and in which words.

Fed with facts; knows nothing about widgets, and looks at no disk.
"""

from pathlib import Path

from phi_tui.engine_choice import ModelChoice, RunAdapter
from phi_tui.engine_messages import AdaptersFound


class AdapterWatch:
    """`adapters` are the newest known of one run, checkpoints first, the newest at the top."""

    def __init__(self) -> None:
        self.adapters: tuple[RunAdapter, ...] = ()
        self._run: Path | None = None
        self._is_live = False

    def take(self, fact: AdaptersFound) -> bool:
        """Whether anything is new."""
        news = (fact.run_path, fact.adapters, fact.is_live)
        is_new = news != (self._run, self.adapters, self._is_live)
        self._run, self.adapters, self._is_live = news
        return is_new

    def of(self, choice: ModelChoice | None) -> tuple[RunAdapter, ...]:
        """The adapters of the run that is chosen; () while they are not known."""
        return self.adapters if choice is not None and choice.run_path == self._run else ()

    def offer(self, choice: ModelChoice | None) -> str:
        """A newer adapter of a run than any that is loaded, in words; "" if there is none."""
        there = self.of(choice)
        if choice is None or not there or there[0].path in choice.adapters.values():
            return ""
        newest = there[0]
        if newest.step is None or (not self._is_live and choice.adapter == there[-1].path):
            return ""
        return f"newest checkpoint: step {newest.step} · f9 talks to it"

    def lines(self, choice: ModelChoice) -> list[str]:
        """The list of them to pick from."""
        there = self.of(choice)
        return [_line(each, choice, is_newest=each is there[0]) for each in there]

    def gone(self, label: str) -> str:
        """That a checkpoint has been removed, and what there is instead."""
        steps = [each.step for each in self.adapters if each.step is not None and each.label != label]
        newest = f"; the newest is that of step {steps[0]}" if steps else ""
        return f"{label} is gone: its run keeps only its newest checkpoints{newest}. f9 lists what is there."


def _line(adapter: RunAdapter, choice: ModelChoice, *, is_newest: bool) -> str:
    name = f"newest checkpoint: step {adapter.step}" if is_newest and adapter.step else adapter.words
    return f"{name} · loaded" if choice.adapters.get(adapter.label) == adapter.path else name
