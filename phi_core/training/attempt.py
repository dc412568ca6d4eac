"""One attempt at a process's share of a step: forward and backward in micro-batches, without waiting for anybody.

What goes wrong is told, not raised, so that all processes can agree on what follows: memory that ran out, and losses
that are not finite, with the records they were computed on.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from phi_core.chat.prompt_format import Tokenised
from phi_core.models.free_memory import is_out_of_memory
from phi_core.training import ranks
from phi_core.training.batches import Batch
from phi_core.training.out_of_memory import first_line
from phi_core.training.step_data import StepRecord

Collate = Callable[[Sequence[Tokenised], str], Batch]
Part = tuple[StepRecord, ...]


@dataclass(frozen=True)
class Work:
    """How a share is computed. `divisor` divides every loss: the trained tokens of the whole step, 1 for a sum.

    A model in shards is computed by all processes together: each then does as many micro-batches as the one with the
    largest share, on `filler` where it has no record left, whose loss counts nothing.
    """

    model: nn.Module
    accelerator: Any
    device: torch.device
    collate: Collate
    loss: Callable[[nn.Module, Batch], torch.Tensor]
    divisor: int
    trains: bool
    filler: Tokenised | None = None

    @property
    def is_sharded(self) -> bool:
        return self.filler is not None


@dataclass(frozen=True)
class Failure:
    """The micro-batch that did not fit, in tokens without padding, and what the allocator said."""

    records: int
    tokens: int
    longest: int
    message: str


@dataclass(frozen=True)
class Attempt:
    """What came of it. `not_finite` are the numbers of the records whose loss is no number."""

    loss: float
    num_records: int
    tokens: Counter[str]
    largest_tokens: int
    not_finite: tuple[int, ...]
    failure: Failure | None


def attempt(work: Work, share: Sequence[StepRecord], *, micro_batch: int, largest_share: int) -> Attempt:
    """Ends with the first micro-batch that does not fit. `largest_share`: records of the process with most of them."""
    count = math.ceil((largest_share if work.is_sharded else len(share)) / micro_batch)
    done: list[_Done] = []
    failure = None
    for number in range(count):
        part = tuple(share[number * micro_batch : (number + 1) * micro_batch])
        with _gathering(work, is_last=number == count - 1):
            outcome = _computed(work, part)
        if isinstance(outcome, str):
            failure = _failure(part, outcome)
            break
        done.append(_Done(outcome, tuple(record.index for record in part), _tokens(part)))
    return _told(done, failure)


def _computed(work: Work, part: Part) -> torch.Tensor | str:
    """The loss, or what the allocator said. (No exception outlives this: its frames would hold tensors.)"""
    try:
        samples = [record.sample for record in part] or [sample for sample in (work.filler,) if sample]
        loss = work.loss(work.model, work.collate(samples, work.device.type)) / work.divisor
        if not part:
            loss = loss * 0
        if work.trains:
            _backward(work, loss)
        return loss.detach()
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return first_line(error)


def _backward(work: Work, loss: torch.Tensor) -> None:
    """FSDP and DeepSpeed take the mean over processes; ours is the sum."""
    work.accelerator.backward(loss * ranks.num_processes() if work.is_sharded else loss)


@contextmanager
def _gathering(work: Work, *, is_last: bool) -> Iterator[None]:
    """A model in shards reduces gradients with the last micro-batch only."""
    if not (work.is_sharded and work.trains):
        yield
        return
    work.accelerator.sync_gradients = is_last  # DeepSpeed steps with the micro-batch that says so
    if is_last:
        yield
        return
    with work.accelerator.no_sync(work.model):
        yield


def _failure(part: Part, message: str) -> Failure:
    lengths = [len(record.sample.ids) for record in part] or [0]
    return Failure(len(part), sum(lengths), max(lengths), message)


@dataclass(frozen=True)
class _Done:
    """A micro-batch that went through: its loss, still on the device, its records and their tokens by source."""

    loss: torch.Tensor
    numbers: tuple[int, ...]
    tokens: Counter[str]


def _tokens(part: Part) -> Counter[str]:
    tokens: Counter[str] = Counter()
    for record in part:
        tokens[record.label] += len(record.sample.ids)
    return tokens


def _told(done: Sequence[_Done], failure: Failure | None) -> Attempt:
    """The device is waited for here, once."""
    losses = torch.stack([part.loss for part in done]).tolist() if done else []
    bad = [part for part, loss in zip(done, losses, strict=True) if not math.isfinite(loss)]
    return Attempt(
        loss=sum(losses),
        num_records=sum(len(part.numbers) for part in done),
        tokens=sum((part.tokens for part in done), Counter()),
        largest_tokens=max((part.tokens.total() for part in done), default=0),
        not_finite=tuple(number for part in bad for number in part.numbers),
        failure=failure,
    )
