"""Samples: some records of prepared data as the trainer takes them, cut to length, each read when it is asked for.

Only counts are held in memory. Records without a trained token are left out, and counted.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

from phi_core.chat.prompt_format import Tokenised
from phi_core.samples.cut import CutRecords, CutRule, cut_all, cut_one
from phi_core.samples.prepared import Numbers, Prepared


@dataclass(frozen=True)
class Samples(Sequence[Tokenised]):
    """`records` are positions in `data`, those with something to train on; of `num_given` that were asked for.

    `lengths`, `trained` and `sources` hold a number a sample: tokens, trained tokens, index of the source.
    Of the given records `num_too_long` are beyond max_length and `num_answers_cut` lose a part of an answer; `num_cut`
    samples lost tokens. `num_stops` is the number of answers that are trained with their stop token.
    """

    data: Prepared
    rule: CutRule
    records: "array[int]"
    lengths: "array[int]"
    trained: "array[int]"
    sources: "array[int]"
    num_given: int
    num_too_long: int
    num_cut: int
    num_answers_cut: int
    num_stops: int

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, index: int) -> Tokenised: ...
    @overload
    def __getitem__(self, index: slice) -> list[Tokenised]: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return self._sample(self.records[index])

    def __iter__(self) -> Iterator[Tokenised]:
        return (self._sample(record) for record in self.records)

    @property
    def num_left_out(self) -> int:
        """Records without a trained token: dropped, or cut until none was left."""
        return self.num_given - len(self)

    @cached_property
    def num_tokens(self) -> int:
        return sum(self.lengths)

    @cached_property
    def num_trained_tokens(self) -> int:
        return sum(self.trained)

    def _sample(self, record: int) -> Tokenised:
        data = self.data
        ids = data.ids(record)
        cut = cut_one(len(ids), data.answers(record), int(data.opening[record]), self.rule)
        gap = cut.start - cut.opening
        answers = tuple(
            (
                start - gap if start >= cut.start else start,
                end - gap if end > cut.start else min(end, cut.opening),
            )
            for start, end in cut.trained
        )
        return Tokenised((*ids[: cut.opening], *ids[cut.start : cut.end]), answers)


def samples_of(
    data: Prepared, records: Sequence[int] | Numbers, rule: CutRule, cuts: CutRecords | None = None
) -> Samples:
    """The samples of some records. `cuts` spares counting anew what was counted for the same rule."""
    import numpy as np

    cuts = cuts or cut_all(data, rule)
    given = np.asarray(records, dtype=np.int64)
    kept = given[cuts.num_trained[given] > 0]
    return Samples(
        data=data,
        rule=rule,
        records=_array(kept),
        lengths=_array(cuts.num_tokens[kept]),
        trained=_array(cuts.num_trained[kept]),
        sources=_array(data.source[kept]),
        num_given=len(given),
        num_too_long=int(cuts.is_cut[given].sum()),
        num_cut=int(cuts.is_cut[kept].sum()),
        num_answers_cut=int(cuts.is_answer_cut[given].sum()),
        num_stops=int(cuts.num_stops[kept].sum()),
    )


def _array(numbers: Any) -> Any:
    return array("I", numbers.astype("uint32").tobytes())
