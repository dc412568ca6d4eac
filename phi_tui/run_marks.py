"""What happened in a run, as marks on the axis of its curves: validations, checkpoints, what was asked, and what there is
to look at: spikes, notes, memory that ran out, values that are not finite. Pure."""

from collections.abc import Sequence

from phi_core.runs.reader import Run
from phi_tui.run_tracks import Clock
from phi_tui.series import Mark

KINDS = {
    "checkpoint": "checkpoint",
    "control": "asked",
    "warning": "note",
    "out_of_memory": "note",
    "failed": "note",
}
"""Marks by the kinds of their events."""


def marks(run: Run, clock: Clock, odd_steps: Sequence[int] = ()) -> tuple[Mark, ...]:
    """`odd_steps`: those of what is drawn whose value is not finite."""
    told = [(step, "validation") for step in run.series("evaluation", "validation_loss").steps]
    told += [(event.step, kind) for name, kind in KINDS.items() for event in run.of_kind(name)]
    told += [(step, "note") for step in odd_steps]
    return tuple(Mark(clock.place(step), kind) for step, kind in dict.fromkeys(told))
