"""Watch: judges the losses of a run: spikes, and validations without improvement. Pure; events in, judgements out.

A spike is a training loss above

    median + max(SPREADS · 1.4826 · MAD, median · MARGIN)

of the WINDOW finite losses before it, once AT_LEAST of them have been seen. MAD is the median absolute deviation;
1.4826 · MAD estimates the standard deviation of normal values, and a few outliers do not move it (Hampel 1974).
The second term keeps losses that hardly vary from counting every ripple. Of spikes in a row only the first is news.

A validation improves if its loss is below the best one by more than `min_delta`. A watch is rebuilt from the run's own
events, so that a resumed run judges as one that was never stopped.
"""

import math
from collections import deque
from collections.abc import Sequence
from statistics import median

from phi_core.runs.events import Event

WINDOW, AT_LEAST = 32, 8
SPREADS, MARGIN = 6.0, 0.5
NORMAL = 1.4826


class Watch:
    """One per worker. `patience` is counted in validations; None: never stop early.

    `verdict` is the sentence of the last validation, "" as long as the run may go on.
    """

    def __init__(self, *, patience: int | None, min_delta: float) -> None:
        self._patience, self._min_delta = patience, min_delta
        self._losses: deque[float] = deque(maxlen=WINDOW)
        self._in_spike = False
        self._best: tuple[int, float] | None = None
        self._without = 0
        self.verdict = ""

    def replay(self, events: Sequence[Event]) -> None:
        """Take in what a run has told, superseded steps left out. Validations up to its last extension use up no patience."""
        extended = [event.step for event in events if event.data.get("request") == "extend"]
        fresh = max(extended, default=0)
        for event in events:
            if event.kind == "step" and (loss := event.number("loss")) is not None:
                self.spike(loss)
            elif event.kind == "evaluation" and (loss := event.number("validation_loss")) is not None:
                self.early_stop(event.step, loss)
                if event.step <= fresh:
                    self._without, self.verdict = 0, ""

    def spike(self, loss: float) -> str:
        """Take in a step's loss; a sentence if a spike begins with it, else ""."""
        limit, before = self._limit(), tuple(self._losses)
        was, self._in_spike = self._in_spike, limit is not None and loss > limit
        if math.isfinite(loss):
            self._losses.append(loss)
        if not self._in_spike or was:
            return ""
        return f"loss spike: {loss:.4g}, where the {len(before)} steps before have a median of {median(before):.4g}"

    def early_stop(self, step: int, validation_loss: float) -> str:
        """Take in a validation; the verdict on it."""
        if self._improves(validation_loss):
            self._best, self._without = (step, validation_loss), 0
        else:
            self._without += 1
        self.verdict = self._sentence(step)
        return self.verdict

    def _sentence(self, step: int) -> str:
        if self._patience is None or self._without < self._patience:
            return ""
        validations = f"{self._without} validation{'s' if self._without > 1 else ''}"
        best = f", the best was {self._best[1]:.4g} at step {self._best[0]}" if self._best else ""
        return f"early stopping at step {step}: no improvement in {validations}{best}"

    def _improves(self, validation_loss: float) -> bool:
        best = self._best[1] - self._min_delta if self._best else math.inf
        return validation_loss < best  # never true of a loss that is not a number

    def _limit(self) -> float | None:
        """The loss above which a step is a spike; None while too few have been seen."""
        if len(self._losses) < AT_LEAST:
            return None
        middle = median(self._losses)
        spread = NORMAL * median(abs(loss - middle) for loss in self._losses)
        return middle + max(SPREADS * spread, MARGIN * abs(middle))
