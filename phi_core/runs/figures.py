"""The figures of a run: what was measured, each with its step. One place for comparisons, model cards and analyses.

Knows nothing about how they are shown.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

from phi_core.runs.reader import Run


@dataclass(frozen=True)
class Figures:
    """None: not measured. Losses are means per trained token.

    `seconds` is the time of all steps together, without validation, checkpoints and pauses; `trained_tokens` counts
    those that the loss counts. Not finite losses stand as they are, but none is the best.
    """

    state: str
    steps: int
    total_steps: int | None
    first_loss: float | None
    last_loss: float | None
    last_validation_loss: float | None
    last_validation_step: int | None
    best_validation_loss: float | None
    best_validation_step: int | None
    adapter_step: int | None
    trained_tokens: int | None
    seconds: float | None
    peak_memory_gib: float | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def figures(run: Run) -> Figures:
    """What the events of a run say."""
    losses = run.series("step", "loss")
    validation = run.series("evaluation", "validation_loss")
    sound = [point for point in validation if math.isfinite(point[1])]
    best = min(sound, key=lambda point: point[1], default=None)
    tokens, seconds = _sum(run, "trained_tokens"), _sum(run, "step_seconds")
    return Figures(
        state=run.state,
        steps=len(run.of_kind("step")),
        total_steps=run.total_steps,
        first_loss=losses[0][1] if losses else None,
        last_loss=losses[-1][1] if losses else None,
        last_validation_loss=validation[-1][1] if validation else None,
        last_validation_step=validation[-1][0] if validation else None,
        best_validation_loss=best[1] if best else None,
        best_validation_step=best[0] if best else None,
        adapter_step=_adapter_step(run),
        trained_tokens=round(tokens) if tokens is not None else None,
        seconds=seconds,
        peak_memory_gib=max((value for _, value in run.series("step", "peak_memory_gib")), default=None),
    )


def _adapter_step(run: Run) -> int | None:
    """The step of the adapter that `run.adapter` is: the finished event tells it of a final one."""
    if run.adapter != run.layout.final_adapter:
        return max(run.layout.checkpoint_steps(), default=None)
    finished = run.last("finished")
    step = finished.number("adapter_step") if finished else None
    return round(step) if step is not None and math.isfinite(step) else None


def _sum(run: Run, name: str) -> float | None:
    values = [value for _, value in run.series("step", name) if math.isfinite(value)]
    return sum(values) if values else None
