"""The multiplier of every step of a run: linear warm-up, then a curve.

With n steps and W = ⌊warmup_ratio · n⌋ warm-up steps, step k (from 0) has
    (k + 1) / (W + 1)          for k < W: the first update already moves, and the end meets the curve
    curve((k − W) / (n − W))   after it: the first step after warm-up has the peak value
"""

import math

from phi_core.schedules.curves import CURVES


def warmup_steps(num_steps: int, warmup_ratio: float) -> int:
    """⌊warmup_ratio · num_steps⌋, at most num_steps − 1 so that the peak is reached."""
    return min(math.floor(warmup_ratio * num_steps + 1e-9), max(num_steps - 1, 0))


def multipliers(schedule: str, *, num_steps: int, warmup_ratio: float) -> list[float]:
    """One multiplier a step, as long as the run."""
    curve, warm = CURVES[schedule], warmup_steps(num_steps, warmup_ratio)
    rising = [(k + 1) / (warm + 1) for k in range(warm)]
    return rising + [curve((k - warm) / (num_steps - warm)) for k in range(warm, num_steps)]
