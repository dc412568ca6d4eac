"""Trials: one setting tried with one seed by one run; and trials.jsonl, where they are recorded.

The file is append-only, one JSON object a line; of a trial that is told twice the last line holds. A trial is written
down before its run begins, so that a search that was killed knows what it had begun. A torn last line is ended and
passed over.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from phi_core.json_lines import append_record, read_records

State = Literal["begun", "unfinished", "finished", "failed"]
UNCHANGED = 0
"""The number of the trial of the configuration as it is."""


@dataclass(frozen=True)
class Trial:
    """`values` are the searched options alone; `run` is the id of the run. `validation_loss` in nats a token.

    begun       written down; its run may live, or may have ended unseen
    unfinished  interrupted, with a checkpoint: the same search goes on with it
    failed      there is no loss; `cause` says why
    """

    number: int
    values: Mapping[str, Any]
    seed: int
    run: str
    state: State = "begun"
    validation_loss: float | None = None
    seconds: float = 0.0
    cause: str = ""

    @property
    def key(self) -> tuple[int, int]:
        return self.number, self.seed

    @property
    def is_open(self) -> bool:
        return self.state in ("begun", "unfinished")

    @property
    def loss(self) -> float:
        """The validation loss, infinite where there is none."""
        return math.inf if self.validation_loss is None else self.validation_loss


@dataclass(frozen=True)
class Outcome:
    """What became of a trial's run."""

    state: State
    validation_loss: float | None = None
    cause: str = ""


@dataclass
class TrialLog:
    """trials.jsonl, read once and then appended to. One process at a time may hold one."""

    path: Path
    _trials: dict[tuple[int, int], Trial] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._trials = {trial.key: trial for trial in _read(self.path)}

    @property
    def trials(self) -> tuple[Trial, ...]:
        """In the order in which they began."""
        return tuple(self._trials.values())

    def find(self, number: int, seed: int) -> Trial | None:
        return self._trials.get((number, seed))

    def append(self, trial: Trial) -> None:
        """It is in the file when this returns."""
        append_record(self.path, asdict(trial))
        self._trials[trial.key] = trial


def _read(path: Path) -> Iterator[Trial]:
    """What is no trial is passed over: its run is found again by its name."""
    for record in read_records(path):
        try:
            values = {name: tuple(v) if isinstance(v, list) else v for name, v in record["values"].items()}
            yield Trial(**{**record, "values": values})
        except (TypeError, KeyError, AttributeError):
            continue
