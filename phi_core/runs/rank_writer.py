"""RankWriter: the run directory as the processes besides the main one have it: they read it and write nothing."""

from pathlib import Path
from typing import Any

from phi_core.runs.layout import RunLayout


class RankWriter:
    """Keeps in memory what a RunWriter would put into status.json; events go nowhere. One file has one writer."""

    def __init__(self, root: Path) -> None:
        self.layout = RunLayout(root)
        self._status: dict[str, Any] = {"state": "created", "activity": "", "step": 0, "total_steps": None}

    def event(self, kind: str, step: int, **data: Any) -> None:
        """The main process writes it."""

    def status(self, **changes: Any) -> None:
        self._status.update(changes)

    def beat(self, **changes: Any) -> None:
        self._status.update(changes)

    def current(self, name: str) -> Any:
        return self._status[name]
