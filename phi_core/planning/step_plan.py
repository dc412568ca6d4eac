"""The flat step plan: the whole run as a list of optimizer steps, each a list of sample indices.

Drives the preview, the data order, the schedules (progress = place in the plan), resuming (its hash is in every
checkpoint) and several processes (each takes `step[rank::world]`). A pure function of its arguments.
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class StepPlan:
    """`steps[k]` holds the indices of optimizer step k + 1; `epoch_ends` the number of steps done at each epoch's end."""

    steps: tuple[tuple[int, ...], ...]
    epoch_ends: tuple[int, ...]
    lengths: tuple[int, ...]

    @property
    def num_steps(self) -> int:
        return len(self.steps)

    @cached_property
    def hash(self) -> str:
        """SHA-256 over order and lengths: equal plans mean equal steps."""
        return hashlib.sha256(repr((self.steps, self.lengths)).encode()).hexdigest()

    def epoch_at(self, step: int) -> float:
        """Epochs done after `step` steps, as samples seen over samples."""
        return self._samples_seen[step] / len(self.lengths)

    @cached_property
    def _samples_seen(self) -> tuple[int, ...]:
        """After each number of steps, from none: asked for at every step of a run."""
        return tuple(accumulate((len(indices) for indices in self.steps), initial=0))

    def milestones(self, every: int | None) -> tuple[int, ...]:
        """Steps at which something periodic happens: every so many steps, or at each epoch's end; always the last."""
        regular = self.epoch_ends if every is None else range(every, self.num_steps + 1, every)
        return tuple(sorted({*regular, self.num_steps}))

    def largest_micro_batch(self, batch_size: int, counts: Sequence[int] | None = None) -> int:
        """Tokens of the largest micro-batch of the run, without padding; or of what `counts` holds a sample."""
        counts = self.lengths if counts is None else counts
        batches = (micro for step in self.steps for micro in micro_batches(step, batch_size))
        return max(sum(counts[index] for index in micro) for micro in batches)


def make_step_plan(
    lengths: Sequence[int],
    *,
    epochs: float,
    effective_batch_size: int,
    seed: int,
    max_steps: int | None = None,
) -> StepPlan:
    """Each epoch is a new seeded order, cut into steps; an epoch's last step may be smaller. Never empty.

    A fractional last epoch takes that share of its order, rounded, at least one sample.
    """
    steps: list[tuple[int, ...]] = []
    ends = []
    for epoch, share in enumerate(_shares(epochs)):
        order = _order(len(lengths), seed, epoch)[: max(1, round(share * len(lengths)))]
        steps += [
            tuple(order[start : start + effective_batch_size])
            for start in range(0, len(order), effective_batch_size)
        ]
        ends.append(len(steps))
        if max_steps is not None and len(steps) >= max_steps:
            break
    kept = steps[:max_steps]
    return StepPlan(tuple(kept), tuple(end for end in ends if end <= len(kept)), tuple(lengths))


def micro_batches(step: Sequence[T], batch_size: int) -> list[tuple[T, ...]]:
    """A step cut into micro-batches of at most `batch_size` samples."""
    return [tuple(step[start : start + batch_size]) for start in range(0, len(step), batch_size)]


def _shares(epochs: float) -> list[float]:
    whole = int(epochs)
    rest = epochs - whole
    return [1.0] * whole + ([rest] if rest > 1e-9 else [])


def _order(num_samples: int, seed: int, epoch: int) -> list[int]:
    order = list(range(num_samples))
    random.Random(f"{seed}/{epoch}").shuffle(order)
    return order
