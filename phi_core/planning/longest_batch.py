"""The largest micro-batch of a run: what its peak of memory hangs on, and what the probe computes.

A step's samples are dealt to the processes in turn and cut into micro-batches; the largest has most tokens, pad
tokens counted where batches are padded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from phi_core.planning.step_plan import StepPlan


@dataclass(frozen=True)
class LongestBatch:
    """`step` (from 1) is the first with such a micro-batch. `trained_tokens` is the most that any micro-batch of the run
    trains: perhaps another one's."""

    step: int
    tokens: int
    records: int
    trained_tokens: int


def longest_batch(
    steps: StepPlan,
    *,
    batch_size: int,
    padding_free: bool,
    num_processes: int = 1,
    trained: Sequence[int] | None = None,
) -> LongestBatch:
    """`trained` holds the trained tokens of each sample; None: all of them."""
    counts = steps.lengths if trained is None else trained
    found, most_trained = LongestBatch(0, -1, 0, 0), 0
    for step, micro in _micro_batches(steps, batch_size, num_processes):
        lengths = [steps.lengths[sample] for sample in micro]
        tokens = sum(lengths) if padding_free else max(lengths) * len(lengths)
        most_trained = max(most_trained, sum(counts[sample] for sample in micro))
        if tokens > found.tokens:
            found = LongestBatch(step, tokens, len(lengths), 0)
    return replace(found, trained_tokens=most_trained)


def bounded_batch(lengths: Sequence[int], *, batch_size: int, padding_free: bool) -> LongestBatch:
    """The largest micro-batch of any plan over these samples, all of it trained: the longest ones together."""
    longest = sorted(lengths, reverse=True)[:batch_size]
    tokens = sum(longest) if padding_free else longest[0] * len(longest)
    return LongestBatch(1, tokens, len(longest), sum(longest))


def _micro_batches(
    steps: StepPlan, batch_size: int, num_processes: int
) -> Iterator[tuple[int, Sequence[int]]]:
    for number in range(1, steps.num_steps + 1):
        step = steps.step(number)
        for process in range(min(num_processes, len(step))):
            own = step[process::num_processes]
            for start in range(0, len(own), batch_size):
                yield number, own[start : start + batch_size]
