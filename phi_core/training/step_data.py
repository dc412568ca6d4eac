"""What the trainer trains on: records by number with their counts, and a loader of one optimizer step a batch.

`Samples` of prepared data as they are; or, in a person's own script, a list of `Tokenised`, a `datasets.Dataset` or a list
of dicts with `input_ids` and, where not every token is trained, `labels` that hold −100 elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from torch.utils.data import DataLoader

from phi_core.chat.prompt_format import Tokenised
from phi_core.errors import DataError
from phi_core.plain_text import one_line
from phi_core.planning.step_plan import StepPlan
from phi_core.samples.samples import Samples

IGNORED = -100
"""The label of a token that is not trained, as in torch's cross-entropy."""


class Records(Protocol):
    """`lengths`, `trained` and `sources` hold a number a record: tokens, trained tokens, index of the source."""

    @property
    def lengths(self) -> Sequence[int]: ...
    @property
    def trained(self) -> Sequence[int]: ...
    @property
    def sources(self) -> Sequence[int]: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any: ...


@dataclass(frozen=True)
class OwnRecords:
    """Rows of a person's own script; each becomes a `Tokenised` when it is asked for."""

    rows: Any
    lengths: Sequence[int]
    trained: Sequence[int]
    sources: Sequence[int]

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> Tokenised:
        return as_tokenised(self.rows[index], index)


@dataclass(frozen=True)
class StepRecord:
    """A record of a step: `index` is its number in the data, `label` that of its source."""

    sample: Tokenised
    label: str
    index: int


Steps: TypeAlias = "DataLoader[list[StepRecord]]"


def records_of(dataset: Any) -> Records:
    """DataError that names the row if one has nothing to train on, or labels that are not its own tokens."""
    if isinstance(dataset, Samples | OwnRecords):
        return dataset
    if isinstance(dataset, str | Mapping) or not hasattr(dataset, "__getitem__"):
        raise DataError(
            f"records cannot be taken from a {type(dataset).__name__} by their number",
            remedy="Give a list of rows or a datasets.Dataset; a stream is to be collected first",
        )
    found = [as_tokenised(row, index) for index, row in enumerate(dataset)]
    trained = [sample.num_trained for sample in found]
    if 0 in trained:
        raise DataError(f"row {trained.index(0)} has no trained token", remedy="Leave such rows out")
    return OwnRecords(dataset, [len(sample.ids) for sample in found], trained, [0] * len(found))


def require_known_ids(data: Records, vocabulary: int) -> None:
    """DataError that names the first row of a script with an id that the model has no embedding for."""
    for index in range(len(data)) if isinstance(data, OwnRecords) else ():
        strange = [token for token in data[index].ids if not 0 <= token < vocabulary]
        if strange:
            raise DataError(
                f"row {index} has token id {strange[0]}; the model's go from 0 to {vocabulary - 1}",
                remedy="Tokenise with the model's own tokenizer",
            )


def as_tokenised(row: Any, index: int) -> Tokenised:
    """A row of input_ids with labels and attention_mask, both optional; padding is left out."""
    if isinstance(row, Tokenised):
        return row
    if not isinstance(row, Mapping) or "input_ids" not in row:
        raise DataError(f"row {index} has no input_ids", remedy="Tokenise the data first")
    ids = [int(token) for token in row["input_ids"]]
    labels, mask = row.get("labels"), row.get("attention_mask")
    labels = ids if labels is None else [int(label) for label in labels]
    mask = [1] * len(ids) if mask is None else mask
    if not len(ids) == len(labels) == len(mask):
        raise DataError(f"row {index} has {len(ids)} input_ids, {len(labels)} labels, {len(mask)} of mask")
    kept = [pair for pair, seen in zip(zip(ids, labels, strict=True), mask, strict=True) if seen]
    if any(label not in (IGNORED, token) for token, label in kept):
        raise DataError(
            f"row {index} has labels that are neither its input_ids nor {IGNORED}",
            remedy="Labels are not shifted: each is its own token, which the one before predicts",
        )
    return Tokenised(tuple(token for token, _ in kept), tuple(_spans([label for _, label in kept])))


def step_loader(data: Records, labels: Sequence[str], steps: StepPlan, *, rank: int, processes: int) -> Steps:
    """One batch an optimizer step: this process's share of its records, untouched, in order; it may be empty."""
    records: Any = _Labelled(data, labels)
    order: Any = _Shares(steps, rank, processes)
    return DataLoader(records, batch_sampler=order, collate_fn=list)


def origin(data: Any, index: int) -> str:
    """Where a record was read from: its file and row, or its number in a script's own data."""
    if isinstance(data, Samples):
        path, row = data.data.place(data.records[index])
        return f"{one_line(Path(path).name)} row {row}"
    return f"row {index}"


def _spans(labels: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(start, end) of each run of labels that are trained."""
    place = 0
    for is_trained, run in groupby(labels, key=lambda label: label != IGNORED):
        length = len(list(run))
        if is_trained:
            yield place, place + length
        place += length


class _Shares:
    """The steps of a plan as a batch sampler, each process with every n-th record of them."""

    def __init__(self, plan: StepPlan, rank: int, processes: int) -> None:
        self._plan, self._rank, self._processes = plan, rank, processes

    def __len__(self) -> int:
        return self._plan.num_steps

    def __iter__(self) -> Iterator[list[int]]:
        return (step[self._rank :: self._processes] for step in self._plan.steps())


class _Labelled:
    """Records with their number and the label of their source, as a dataset."""

    def __init__(self, data: Records, labels: Sequence[str]) -> None:
        self._data, self._labels = data, labels

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: int) -> StepRecord:
        return StepRecord(self._data[index], self._labels[self._data.sources[index]], index)
