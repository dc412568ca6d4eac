"""Validation figures: the mean loss per trained token, of all records and by source, and the perplexity."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, overload

from phi_core.training import ranks
from phi_core.training.step_data import Records, StepRecord


def places_of(data: Records, source: int) -> list[int]:
    """The records of one source."""
    return [place for place, own in enumerate(data.sources) if own == source]


class OwnShare(Sequence[StepRecord]):
    """This process's part of some records, each read when it is asked for."""

    def __init__(self, data: Records, places: Sequence[int]) -> None:
        self._data, self._places = data, places[ranks.rank() :: ranks.num_processes()]

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> StepRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[StepRecord]: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._record(place) for place in self._places[index]]
        return self._record(self._places[index])

    def _record(self, place: int) -> StepRecord:
        return StepRecord(self._data[place], "", place)


def figures(
    totals: Mapping[int, float], data: Records, labels: Sequence[str], *, prefix: str
) -> dict[str, float]:
    """From the summed loss of each source. Perplexity e^loss; with several sources also `PREFIX_loss/LABEL`."""
    loss = sum(totals.values()) / sum(data.trained)
    found = {f"{prefix}_loss": loss, f"{prefix}_perplexity": math.exp(loss) if loss < 700 else math.inf}
    if len(totals) > 1:
        found |= {
            f"{prefix}_loss/{labels[source]}": total / sum(data.trained[p] for p in places_of(data, source))
            for source, total in totals.items()
        }
    return found
