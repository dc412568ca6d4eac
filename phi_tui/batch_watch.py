"""What is new in a batch folder, as facts for a widget. Files that have not changed are not read again.

What a comparison adds up to, which takes longer, is told when the batch does not run. Knows nothing about threads.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from phi_core.errors import PhiError
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.batch_folder import BatchFolder, BatchReader, BatchSnapshot
from phi_core.evaluation.batch_report import comparison_of
from phi_core.evaluation.comparison import Comparison


@dataclass
class BatchRead(Message):
    """What a batch folder says now."""

    folder: Path
    snapshot: BatchSnapshot


@dataclass
class BatchCompared(Message):
    """What the answers of a batch that has ended add up to."""

    folder: Path
    comparison: Comparison


@dataclass
class BatchUnreadable(Message):
    """There is a batch, and why it cannot be shown."""

    folder: Path
    what: str


class BatchFollower:
    """One folder: what of it has been told."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._reader: BatchReader | None = None
        self._told: BatchSnapshot | None = None
        self._compared: tuple[Answer, ...] = ()
        self._complaint = ""

    @property
    def is_live(self) -> bool:
        return self._told is not None and self._told.status.is_live

    def look(self) -> Iterator[Message]:
        """What is new, the answers first."""
        if self.folder is None or not BatchFolder(self.folder).batch.exists():
            return
        try:
            self._reader = self._reader or BatchReader(self.folder)
            yield from self._news(self.folder, self._reader.read())
        except Exception as error:  # what others have written may be anything: said, and looked at again
            what = str(error) if isinstance(error, PhiError) else f"{type(error).__name__}: {error}"
            if what != self._complaint:
                self._complaint = what
                yield BatchUnreadable(self.folder, what)

    def _news(self, folder: Path, snapshot: BatchSnapshot) -> Iterator[Message]:
        if snapshot == self._told:
            return
        self._told = snapshot
        yield BatchRead(folder, snapshot)
        if snapshot.status.is_live or snapshot.info is None or snapshot.answers is self._compared:
            return
        self._compared = snapshot.answers
        yield BatchCompared(folder, comparison_of(snapshot))
