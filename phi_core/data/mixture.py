"""The mixture of several sources: which sample comes next, so that tokens keep their declared shares at every moment.

Indices in, indices out: knows nothing about text, steps or batches.
"""

import math
import random
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TypeAlias, get_args

from phi_core.config.words import Mixture
from phi_core.errors import DataError
from phi_core.schedules.golden_ratio import GOLDEN_RATIO

MIXTURES: tuple[str, ...] = get_args(Mixture)

Indices: TypeAlias = "array[int]"
"""Of type "I", from 0."""


def golden_weights(count: int) -> tuple[float, ...]:
    """Each source has φ times the share of the next: 0.618, 0.382 for two."""
    return normalised([GOLDEN_RATIO ** -(place + 1) for place in range(count)])


def weights_for(
    mixture: str, token_counts: Sequence[int], given: Sequence[float] = ()
) -> tuple[float, ...] | None:
    """The declared share of each source; None for mixtures that take every sample once an epoch."""
    if mixture in ("concatenated", "sequential"):
        return None
    if mixture == "proportional":
        return normalised(token_counts)
    if mixture == "golden":
        return golden_weights(len(token_counts))
    if mixture != "weighted":
        raise DataError(f"mixture {mixture} is not known", remedy=f"Known are {', '.join(MIXTURES)}")
    return normalised(_matching(given, len(token_counts)))


def normalised(weights: Sequence[float]) -> tuple[float, ...]:
    """Weights as shares of their sum. DataError if they are none."""
    listed = ", ".join(f"{weight:g}" for weight in weights)
    if not all(0 <= weight < math.inf for weight in weights):
        raise DataError(f"mixture weights {listed}: each must be a number from 0")
    if not any(weights):
        raise DataError(f"mixture weights {listed or 'none'}: at least one must be above 0")
    largest = max(weights)
    total = math.fsum(weight / largest for weight in weights)
    return tuple(weight / largest / total for weight in weights)


def blended(
    lengths: Sequence[int], sources: Sequence[int], *, weights: Sequence[float], seed: int, num_tokens: int
) -> Iterator[int]:
    """Samples until at least `num_tokens` tokens are drawn; the last may go beyond.

    Each source gives its samples in a seeded order, in a new one each time it is used up. Of the sources that have at
    most their share of the tokens so far, the one is drawn whose next sample would bring it to its share soonest.

    Then after any number of draws, with T tokens drawn, L those of the longest sample, and for a source its weight w,
    its tokens t and its longest sample l:  wT - L  <=  t  <=  wT + (1 - w)l.  A realised share is thus never further
    than L / T from its weight: within 2 % from T = 50 L on. Why:

    * A source with t <= wT draws at most l: t + l - w(T + l) <= (1 - w)l, which others' draws only make smaller.
    * Let each sample have a release t / w and a deadline (t + length) / w in tokens of the whole. A fluid that gives
      every source its share w at all times meets every deadline. We work by earliest deadline among the released, and
      what is begun is finished: so each sample is done L after its deadline at the latest. (If one is late, look at the
      last sample begun before it with a later deadline, begun at B. Nothing urgent was released at B, and what came
      later with this deadline D or an earlier one is at most D - B in all, as the fluid can do it.) A source whose next
      sample is c tokens long, begun at T, thus has T + c <= (t + c) / w + L, and so t >= wT - L.

    This is worst-case-fair weighted fair queueing. Drawing by the largest deficit alone keeps the bound for two sources
    but not for more: with five, deficits of 1.6 L come up.
    """
    shares = normalised(_matching(weights, max(sources, default=-1) + 1, at_least=True))
    own = _by_source(sources, len(shares))
    drawers = [
        _Drawer(lengths, own[source], source, share, seed) for source, share in enumerate(shares) if share
    ]
    waiting = [(0.0, place) for place in range(len(drawers))]
    released: list[tuple[float, int]] = []
    heapify(waiting)
    total = 0
    while total < num_tokens:
        while waiting and (waiting[0][0] <= total or not released):
            place = heappop(waiting)[1]
            heappush(released, (drawers[place].deadline, place))
        place = heappop(released)[1]
        drawer = drawers[place]
        yield drawer.sample
        total += drawer.length
        heappush(waiting, (drawer.deadline, place))
        drawer.advance()


@dataclass(frozen=True)
class Drawn:
    """What an order takes from one source. `repetitions` is its tokens drawn over its tokens; 0 for an empty source."""

    samples: int
    tokens: int
    share: float
    repetitions: float


def drawn(
    order: Iterable[int], lengths: Sequence[int], sources: Sequence[int], *, num_sources: int
) -> tuple[Drawn, ...]:
    """What an order takes from each source."""
    own = tokens_by_source(range(len(lengths)), lengths, sources, num_sources=num_sources)
    samples, tokens = [0] * num_sources, [0] * num_sources
    for sample in order:
        samples[sources[sample]] += 1
        tokens[sources[sample]] += lengths[sample]
    total = max(1, sum(tokens))
    return tuple(
        Drawn(samples[place], tokens[place], tokens[place] / total, tokens[place] / max(1, own[place]))
        for place in range(num_sources)
    )


def tokens_by_source(
    order: Iterable[int], lengths: Sequence[int], sources: Sequence[int], *, num_sources: int
) -> tuple[int, ...]:
    tokens = [0] * num_sources
    for sample in order:
        tokens[sources[sample]] += lengths[sample]
    return tuple(tokens)


def largest_deviation(
    order: Iterable[int],
    lengths: Sequence[int],
    sources: Sequence[int],
    *,
    weights: Sequence[float],
    after_tokens: int,
) -> float:
    """How far a realised share is from its weight at most, at any sample from so many tokens on."""
    shares = normalised(weights)
    tokens, total, largest = [0] * len(shares), 0, 0.0
    for sample in order:
        tokens[sources[sample]] += lengths[sample]
        total += lengths[sample]
        if total >= max(1, after_tokens):
            apart = (abs(done - share * total) for done, share in zip(tokens, shares, strict=True))
            largest = max(largest, max(apart) / total)
    return largest


class _Drawer:
    """One source: its next sample, and when that must be done for the source to keep its share."""

    def __init__(self, lengths: Sequence[int], own: Indices, source: int, share: float, seed: int) -> None:
        if not any(lengths[sample] for sample in own):
            raise DataError(
                f"source {source + 1} has weight {share:.3g} and nothing to draw", remedy="Take it out"
            )
        self._lengths = lengths
        self._samples = _passes(own, f"{seed}/{source}")
        self._share = share
        self._tokens = 0
        self.length = 0
        self.advance()

    def advance(self) -> None:
        """Count the sample as drawn and go to the next."""
        self._tokens += self.length
        self.sample = next(self._samples)
        self.length = self._lengths[self.sample]
        self.deadline = (self._tokens + self.length) / self._share


def _by_source(sources: Sequence[int], num_sources: int) -> list[Indices]:
    own = [array("I") for _ in range(num_sources)]
    for sample, source in enumerate(sources):
        own[source].append(sample)
    return own


def _passes(samples: Indices, seed: str) -> Iterator[int]:
    """All samples, shuffled anew each time, for ever."""
    draw = random.Random(seed)
    while True:
        order = samples[:]
        draw.shuffle(order)
        yield from order


def _matching(weights: Sequence[float], num_sources: int, *, at_least: bool = False) -> Sequence[float]:
    if len(weights) < num_sources or (len(weights) > num_sources and not at_least):
        what = f"{len(weights)} mixture weights for {num_sources} sources"
        raise DataError(what, remedy="Give one weight a source, in the order of dataset_path")
    return weights
