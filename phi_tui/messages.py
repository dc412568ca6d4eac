"""Messages between services, views and the app: facts and wishes, no behaviour.

Views post wishes (`OpenRun` …) and the app switches tabs; services post facts. Threads may post, never call widgets.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textual.message import Message

from phi_core.errors import PhiError
from phi_core.planning.machine import Machine
from phi_core.runs.reader import Run
from phi_core.samples.progress import Progress


@dataclass
class OpenRun(Message):
    """Show this run on the Runs tab."""

    run_path: Path


@dataclass
class OpenChat(Message):
    """Talk to the adapter of this run."""

    run_path: Path


@dataclass
class OpenCompare(Message):
    """Compare base and adapter of this run."""

    run_path: Path


@dataclass
class OpenTrain(Message):
    """Load this configuration into the form."""

    config_path: Path


@dataclass
class UseData(Message):
    """Put these texts of data options into the Train form, and show it."""

    texts: dict[str, str]


@dataclass
class OpenData(Message):
    """Show the data of the Train form, as a pane of the Data tab."""

    pane: str


@dataclass
class Remember(Message):
    """Values of the app's state file that changed: `run`, `draft`, `config` …"""

    values: dict[str, Any] = field(default_factory=dict)


@dataclass
class RunsChanged(Message):
    """All runs, newest first; and those that wait in the queue, the next one to start first."""

    runs: tuple[Run, ...]
    queue: tuple[Path, ...] = ()


@dataclass
class LogChanged(Message):
    """The newest lines of a run's worker.log."""

    run_path: Path
    lines: tuple[str, ...]


@dataclass
class MachineSampled(Message):
    machine: Machine


@dataclass
class Progressed(Message):
    """How far a task in the background has come with reading data."""

    task: str
    progress: Progress
    number: int = 0


@dataclass
class Done(Message):
    """A task in the background ended well."""

    task: str
    result: Any
    number: int = 0
    """Of the request, where a task is asked again and again."""


@dataclass
class Failed(Message):
    """A task in the background ended with an error."""

    task: str
    error: Exception
    number: int = 0

    @property
    def text(self) -> str:
        """What to tell: our own errors say what would be right, others say at least what they are."""
        return (
            str(self.error)
            if isinstance(self.error, PhiError)
            else f"{type(self.error).__name__}: {self.error}"
        )
