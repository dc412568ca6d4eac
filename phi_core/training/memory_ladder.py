"""The ladder that a step goes down when memory runs out: halve the micro-batch down to one record, then recompute
activations (gradient checkpointing), then fail with a diagnosis.

On every rung the whole step is done again from its beginning: its records, their order and the tokens that divide its
loss stay as planned. What was given up stays so for the rest of the run. All processes take the same rung.
"""

import math
from collections.abc import Sequence
from typing import Any, get_args

from phi_core.config.words import OnOutOfMemory
from phi_core.errors import ConfigError
from phi_core.training import ranks
from phi_core.training.attempt import Attempt, Failure, Work, attempt
from phi_core.training.out_of_memory import (
    Diagnosis,
    OutOfMemory,
    OutOfMemoryEvent,
    free_caches,
    random_state,
    restore,
)
from phi_core.training.step_data import StepRecord


class MemoryLadder:
    """`accumulation`: micro-batches of the largest step, for the diagnosis. `is_sharded`: processes compute together,
    and one that fails alone cannot tell the others; the step then fails at once."""

    def __init__(
        self, model: Any, *, mode: OnOutOfMemory, micro_batch: int, accumulation: int, is_sharded: bool
    ) -> None:
        if mode not in get_args(OnOutOfMemory):
            raise ConfigError(f"on_out_of_memory is {mode!r}", remedy="Give adapt or fail")
        self.micro_batch, self._started_with = micro_batch, micro_batch
        self._model, self._mode = model, mode
        self._accumulation, self._is_sharded = accumulation, is_sharded
        self._recomputes_by_us = False
        self._fitted_tokens = 0

    @property
    def checkpointing(self) -> bool:
        """Whether activations are recomputed in backward, asked of the model."""
        return bool(getattr(self._model, "is_activation_checkpointing", False))

    def state(self) -> dict[str, Any]:
        """What a resumed run must begin with; empty if nothing was given up."""
        given_up = self._recomputes_by_us or self.micro_batch < self._started_with
        return {"micro_batch": self.micro_batch, "checkpointing": self._recomputes_by_us} if given_up else {}

    def go_on_from(self, state: dict[str, Any]) -> None:
        """Of an earlier part of the run."""
        self.micro_batch = min(self.micro_batch, int(state.get("micro_batch", self.micro_batch)))
        if state.get("checkpointing") and not self.checkpointing:
            self._recompute_activations()
        self._recomputes_by_us |= bool(
            state.get("checkpointing")
        )  # also where an earlier trainer switched it on

    def until_it_fits(
        self,
        work: Work,
        records: Sequence[StepRecord],
        *,
        num_records: int,
        step: int,
        events: list[OutOfMemoryEvent],
    ) -> Attempt:
        """The work on this process's `records` on the first rung where no process runs out of memory. `num_records`: those
        of all processes. What is given up is added to `events`. OutOfMemory if nothing is left."""
        share = math.ceil(num_records / ranks.num_processes())  # of the process with most of them
        activity, before = "training" if work.trains else "validation", random_state(work.device)
        while True:
            restore(before, work.device)
            done = attempt(work, records, micro_batch=self.micro_batch, largest_share=share)
            if self._is_sharded and done.failure is None:
                return done
            if not ranks.any_rank(done.failure is not None):
                self._fitted_tokens = max(self._fitted_tokens, done.largest_tokens)
                return done
            self._model.zero_grad(set_to_none=True)
            failure, message = self._agreed(done.failure)
            free_caches()
            del done
            events.append(self._given_up(failure, message, share=share, step=step, activity=activity))

    def _agreed(self, failure: Failure | None) -> tuple[Failure, str]:
        """The largest failure of all processes."""
        own = failure.__dict__ if failure else None
        each = [own] if self._is_sharded else ranks.from_each(own)
        found = max((Failure(**told) for told in each if told), key=lambda told: told.tokens)
        return found, found.message

    def _given_up(
        self, failure: Failure, message: str, *, share: int, step: int, activity: str
    ) -> OutOfMemoryEvent:
        before, filled = self.micro_batch, min(self.micro_batch, share)
        can_recompute = activity == "training" and not self.checkpointing
        if self._mode == "fail" or self._is_sharded or (filled == 1 and not can_recompute):
            raise OutOfMemory(self._diagnosis(failure, step, activity))
        if filled > 1:
            self.micro_batch = filled // 2
        else:
            self._recompute_activations()
        return OutOfMemoryEvent(step, before, self.micro_batch, filled == 1, message)

    def _diagnosis(self, failure: Failure, step: int, activity: str) -> Diagnosis:
        return Diagnosis(
            activity=activity,
            step=step,
            micro_batch=failure.records,
            tokens=failure.tokens,
            longest=failure.longest,
            fitted_tokens=self._fitted_tokens,
            checkpointing=self.checkpointing,
            accumulation=self._accumulation,
            message=failure.message,
        )

    def _recompute_activations(self) -> None:
        self._model.activation_checkpointing_enable({"use_reentrant": False})
        self._model.enable_input_require_grads()
        self._recomputes_by_us = True
