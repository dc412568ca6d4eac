"""The effective batch over a run, in records, and the phases of the epochs. Whole numbers in and out; never raises
for at least one epoch and one phase.

    golden         ⌊base · φ^(q/2)⌋, q = min(p·P, P − 1): the rule of the PHI training guide
    golden_phases  ⌊base · φ^k⌋, k the phase of the epoch: the rule of the PHI library

P is the number of phases, p the progress. Both stop at `largest`.
"""

from dataclasses import dataclass

from phi_core.schedules.curves import clamped
from phi_core.schedules.golden_ratio import GOLDEN_RATIO

LARGEST_EXPONENT = 100.0
"""φ^100 is beyond any number of records, and no overflow."""


@dataclass(frozen=True)
class Growth:
    """How the effective batch grows from `base` records on. `largest` None: without limit."""

    base: int
    rule: str = "none"
    phases: int = 1
    largest: int | None = None

    def size(self, done: int, planned: int, *, epoch_records: int) -> int:
        """Records of the step that follows `done` of `planned` records, where an epoch has `epoch_records`."""
        if self.rule == "golden":
            return golden_batch(self.base, done / planned, phases=self.phases, largest=self.largest)
        if self.rule == "golden_phases":
            epochs = -(-planned // epoch_records)
            phase = phase_of_epoch(done // epoch_records, epochs=epochs, phases=self.phases)
            return golden_phase_batch(self.base, phase, largest=self.largest)
        return self.base

    @property
    def largest_size(self) -> int:
        """What no step of any run exceeds."""
        if self.rule == "golden":
            return golden_batch(self.base, 1.0, phases=self.phases, largest=self.largest)
        if self.rule == "golden_phases":
            return golden_phase_batch(self.base, self.phases - 1, largest=self.largest)
        return self.base


def golden_batch(base: int, progress: float, *, phases: int, largest: int | None = None) -> int:
    """Base 16, P 3, at most 32: 16 to 25, reached at p = 2/3."""
    place = min(clamped(progress) * phases, phases - 1)
    return _bounded(base, place / 2, largest)


def golden_phase_batch(base: int, phase: int, *, largest: int | None = None) -> int:
    """Base 16: 16, 25, 41 in phases 0, 1, 2."""
    return _bounded(base, phase, largest)


def training_phases(epochs: int) -> tuple[int, int]:
    """Epochs of the first and the second training phase: ⌊E/φ²⌋, at least 1, and the rest. 10 epochs: 3 and 7.

    ValueError for less than one epoch.
    """
    if epochs < 1:
        raise ValueError(f"a run has at least 1 epoch, got {epochs}")
    first = max(1, int(epochs / GOLDEN_RATIO**2))
    return first, epochs - first


def phase_of_epoch(epoch: int, *, epochs: int, phases: int) -> int:
    """The batch phase, 0 to P − 1, of an epoch counted from 0: 0 in the first training phase, the others share the
    second. Where it has fewer epochs than they are, each has one, and the last are not reached.
    """
    first, second = training_phases(epochs)
    if epoch < first:
        return 0
    length = max(1, second // max(1, phases - 1))
    return min(phases - 1, 1 + (epoch - first) // length)


def _bounded(base: int, exponent: float, largest: int | None) -> int:
    size = max(1, int(base * GOLDEN_RATIO ** min(exponent, LARGEST_EXPONENT)))
    return size if largest is None else min(size, largest)
