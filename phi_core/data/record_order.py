"""The order of samples within an epoch, and how often each comes. Indices in, indices out; knows no steps or batches.

    weights  equal      every sample once
             fibonacci  as many draws as there are samples, with replacement, sample i (from 1, as in the data) with
                        probability F_i / ΣF
    order    shuffled, as_given (as in the data), or shortest_first (by tokens, ties shuffled: a curriculum)

All seeded: the same arguments give the same order.
"""

import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from phi_core.config.words import RecordOrder, RecordWeights
from phi_core.data.fibonacci import fibonacci_weights
from phi_core.data.mixture import Indices


@dataclass(frozen=True)
class Ordering:
    order: RecordOrder = "shuffled"
    weights: RecordWeights = "equal"


SHUFFLED = Ordering()


def epoch_order(
    lengths: Sequence[int],
    sources: Sequence[int],
    *,
    one_by_one: bool,
    seed: int,
    epoch: int,
    ordering: Ordering,
) -> Indices:
    """The samples of an epoch, as many as there are. `one_by_one` takes the sources one after the other."""
    drawn = _drawn(len(lengths), ordering.weights, f"{seed}/{epoch}")
    if ordering.order == "as_given":
        drawn = array("I", sorted(drawn))
    elif ordering.order == "shortest_first":
        drawn = array("I", sorted(drawn, key=lengths.__getitem__))
    return array("I", sorted(drawn, key=sources.__getitem__)) if one_by_one else drawn


def num_distinct(order: Sequence[int], num_samples: int) -> int:
    """How many different samples an order holds."""
    seen = bytearray(num_samples)
    for sample in order:
        seen[sample] = 1
    return sum(seen)


def _drawn(count: int, weights: RecordWeights, seed: str) -> Indices:
    draw = random.Random(seed)
    if weights == "fibonacci":
        return array("I", draw.choices(range(count), cum_weights=_cumulative(count), k=count))
    order = array("I", range(count))
    draw.shuffle(order)
    return order


@lru_cache(maxsize=1)
def _cumulative(count: int) -> tuple[float, ...]:
    return tuple(accumulate(fibonacci_weights(count)))
