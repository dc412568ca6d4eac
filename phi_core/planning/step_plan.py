"""The flat step plan: the whole run as optimizer steps, each a few sample indices, in two flat arrays.

Drives the preview, the data order, the schedules (progress = place in the plan), resuming (its hash is in every
checkpoint) and several processes (each takes `step[rank::world]`). A pure function of its arguments; four bytes a
planned sample.
"""

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice
from typing import TypeVar

from phi_core.data.mixture import Indices, blended
from phi_core.data.record_order import SHUFFLED, Ordering, epoch_order
from phi_core.planning.batch_sizes import ends_of_epochs, grown_ends
from phi_core.schedules.batch_growth import Growth

T = TypeVar("T")
MOST_RECORDS = 2**32 - 1
"""Of one run: what the four bytes of an index can count."""


@dataclass(frozen=True)
class StepPlan:
    """Optimizer step k trains on `order[ends[k - 1]:ends[k]]`, where `ends` begins with 0.

    `epoch_ends` holds the number of steps done at each epoch's end, `lengths` the tokens of each sample.
    """

    order: Indices
    ends: Indices
    epoch_ends: tuple[int, ...]
    lengths: Indices

    @property
    def num_steps(self) -> int:
        return len(self.ends) - 1

    def step(self, number: int) -> Indices:
        """Sample indices of a step, counted from 1."""
        return self.order[self.ends[number - 1] : self.ends[number]]

    def steps(self) -> Iterator[list[int]]:
        """The sample indices of every step in turn."""
        return (list(self.step(number)) for number in range(1, self.num_steps + 1))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Records of each step: the effective batch over the run."""
        return tuple(end - begin for begin, end in zip(self.ends, self.ends[1:], strict=False))

    @property
    def hash(self) -> str:
        """SHA-256 over order and lengths: equal plans mean equal steps."""
        digest = hashlib.sha256()
        for numbers in (self.order, self.ends, self.lengths):
            digest.update(numbers.tobytes())
        return digest.hexdigest()

    def hash_until(self, step: int) -> str:
        """SHA-256 over the first `step` steps and the samples' lengths: what a resumed run must share."""
        digest = hashlib.sha256()
        for numbers in (self.order[: self.ends[step]], self.ends[: step + 1], self.lengths):
            digest.update(numbers.tobytes())
        return digest.hexdigest()

    def begins_like(self, other: "StepPlan", step: int) -> bool:
        """Whether the first `step` steps of both plans are the same, and over the same samples."""
        if step > min(self.num_steps, other.num_steps) or self.lengths != other.lengths:
            return False
        seen = self.ends[step]
        return self.ends[: step + 1] == other.ends[: step + 1] and self.order[:seen] == other.order[:seen]

    def epoch_at(self, step: int) -> float:
        """Epochs done after `step` steps, as samples seen over samples."""
        return self.ends[step] / len(self.lengths)

    def milestones(self, every: int | None) -> tuple[int, ...]:
        """Steps at which something periodic happens: every so many steps, or at each epoch's end; always the last."""
        regular = self.epoch_ends if every is None else range(every, self.num_steps + 1, every)
        return tuple(sorted({*regular, self.num_steps}))

    def total(self, counts: Sequence[int] | None = None) -> int:
        """Tokens over the whole run, or the sum of what `counts` holds for each sample."""
        counts = self.lengths if counts is None else counts
        return sum(map(counts.__getitem__, self.order))

    def largest_micro_batch(self, batch_size: int, counts: Sequence[int] | None = None) -> int:
        """Tokens of the largest micro-batch of the run, without padding; or of what `counts` holds a sample."""
        counts = self.lengths if counts is None else counts
        sums = array("Q", chain([0], accumulate(map(counts.__getitem__, self.order))))
        return max(
            sums[min(start + batch_size, end)] - sums[start]
            for begin, end in zip(self.ends, self.ends[1:], strict=False)
            for start in range(begin, end, batch_size)
        )


@dataclass(frozen=True)
class Mixing:
    """How several sources are mixed: `sources` has the source of each sample.

    With `weights` every moment of the run has these shares of the tokens; without, `one_by_one` tells whether each
    epoch takes the sources one after the other or shuffles them together.
    """

    sources: Sequence[int]
    weights: tuple[float, ...] | None = None
    one_by_one: bool = False


@dataclass(frozen=True)
class Budget:
    """A run ends with the first of them. An epoch is as many samples as there are."""

    epochs: float
    max_steps: int | None = None
    max_tokens: int | None = None


def make_step_plan(
    lengths: Sequence[int],
    *,
    budget: Budget,
    growth: Growth,
    seed: int,
    mixing: Mixing | None = None,
    ordering: Ordering = SHUFFLED,
) -> StepPlan:
    """Each epoch is a new seeded order, cut into steps; an epoch's last step may be smaller. Never empty.

    A fractional last epoch takes that share of its order, rounded, at least one sample. With weights there is one
    order for the whole run, as many tokens long as the epochs have.
    """
    weighted = bool(mixing and mixing.weights)
    epochs = (
        _weighted(lengths, budget, seed, mixing)
        if mixing and mixing.weights
        else _epochs(lengths, budget, seed, mixing, ordering)
    )
    if growth.rule != "none":
        room = _room(budget, growth, None if weighted else len(lengths))
        order, stops = _collected(epochs, room)
        epoch_ends = [] if weighted else stops
        ends = grown_ends(
            len(order),
            epoch_ends=epoch_ends,
            epoch_records=len(lengths),
            growth=growth,
            max_steps=budget.max_steps,
        )
        del order[ends[-1] :]
        reached = ends_of_epochs(ends, epoch_ends)
    else:
        order, ends, reached = _cut(epochs, budget.max_steps, growth.base)
    return StepPlan(order, ends, _passes(reached, ends, len(lengths), mixing), array("I", lengths))


def micro_batches(step: Sequence[T], batch_size: int) -> list[tuple[T, ...]]:
    """A step cut into micro-batches of at most `batch_size` samples."""
    return [tuple(step[start : start + batch_size]) for start in range(0, len(step), batch_size)]


def _cut(
    epochs: Iterator[Iterator[int]], max_steps: int | None, size: int
) -> tuple[Indices, Indices, list[int]]:
    """Order, ends and steps at the end of each epoch for steps of one size."""
    order, ends, epoch_ends = array("I"), array("I", [0]), list[int]()
    for epoch in epochs:
        room = None if max_steps is None else min(MOST_RECORDS, (max_steps - len(ends) + 1) * size)
        part = array("I", islice(epoch, room))
        ends.extend(_step_ends(len(order), len(part), size))
        order.extend(part)
        if room is not None and len(part) == room:
            break
        epoch_ends.append(len(ends) - 1)
    return order, ends, epoch_ends


def _collected(epochs: Iterator[Iterator[int]], room: int | None) -> tuple[Indices, list[int]]:
    """The order of at most so many records, and how many it has at the end of each epoch that is whole."""
    order, ends = array("I"), list[int]()
    for epoch in epochs:
        order.extend(islice(epoch, None if room is None else room - len(order)))
        if room is not None and len(order) == room:
            break
        ends.append(len(order))
    return order, ends


def _room(budget: Budget, growth: Growth, num_samples: int | None) -> int | None:
    """Records that so many steps can have at most; `num_samples` where no step is larger than an epoch."""
    if budget.max_steps is None:
        return None
    size = growth.largest_size
    return min(MOST_RECORDS, budget.max_steps * (size if num_samples is None else min(size, num_samples)))


def _step_ends(done: int, count: int, batch: int) -> Iterator[int]:
    return (done + min(start + batch, count) for start in range(0, count, batch))


def _passes(epoch_ends: list[int], ends: Indices, num_samples: int, mixing: Mixing | None) -> tuple[int, ...]:
    """Ends of epochs. In one long order an epoch ends with the step in which so many samples have gone by."""
    if not (mixing and mixing.weights):
        return tuple(epoch_ends)
    whole = range(num_samples, ends[-1] + 1, num_samples)
    return tuple(bisect_right(ends, seen - 1) for seen in whole)


def _weighted(lengths: Sequence[int], budget: Budget, seed: int, mixing: Mixing) -> Iterator[Iterator[int]]:
    assert mixing.weights is not None
    tokens = max(1, round(budget.epochs * sum(lengths)))
    tokens = tokens if budget.max_tokens is None else min(tokens, budget.max_tokens)
    yield blended(lengths, mixing.sources, weights=mixing.weights, seed=seed, num_tokens=tokens)


def _epochs(
    lengths: Sequence[int], budget: Budget, seed: int, mixing: Mixing | None, ordering: Ordering
) -> Iterator[Iterator[int]]:
    """The orders of the epochs, until the tokens are used up."""
    left = budget.max_tokens
    for epoch, share in enumerate(_shares(budget.epochs)):
        sources = mixing.sources if mixing else range(len(lengths))
        one_by_one = bool(mixing and mixing.one_by_one)
        order = epoch_order(
            lengths, sources, one_by_one=one_by_one, seed=seed, epoch=epoch, ordering=ordering
        )
        del order[max(1, round(share * len(lengths))) :]
        if left is not None:
            del order[_fitting(order, lengths, left) :]
            left -= sum(map(lengths.__getitem__, order))
        if order:
            yield iter(order)
        if left is not None and left <= 0:
            return


def _fitting(order: Indices, lengths: Sequence[int], tokens: int) -> int:
    """How many samples it takes to reach so many tokens."""
    sums = list(accumulate(map(lengths.__getitem__, order)))
    return bisect_right(sums, tokens - 1) + 1


def _shares(epochs: float) -> Iterator[float]:
    whole = int(epochs)
    rest = epochs - whole
    yield from (1.0 for _ in range(whole))
    if rest > 1e-9:
        yield rest
