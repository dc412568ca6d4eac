"""`phi runs analyse`: what the curves of a run say; and the lines of it that `phi runs show` has."""

import math
from typing import Any

from phi_core.cli.flags import Json, RunsDir
from phi_core.cli.output import duration, number, print_json, say, say_row
from phi_core.errors import RequestError
from phi_core.runs.analysis import Analysis, Reached, Slope
from phi_core.runs.analysis import analyse as analysed
from phi_core.runs.forecast import Forecast
from phi_core.runs.store import LATEST, RunStore, runs_root


def analyse(
    run: str = LATEST, /, *, target: float | None = None, json: Json = False, runs_dir: RunsDir = None
) -> int:
    """Convergence of a run on its own curves: slope, over-fitting, divergence, plateau, steps to a target.

    Parameters
    ----------
    target
        A loss: at which step, after how many trained tokens and seconds was it reached?
    """
    if target is not None and not math.isfinite(target):
        raise RequestError(f"--target {target} is no loss", "Give a number such as 0.5")
    found = RunStore(runs_root(runs_dir)).find(run)
    analysis = analysed(found, target=target)
    if json:
        print_json({"id": found.id, "state": found.state, **_record(analysis)})
        return 0
    say(f"run {found.id} · {found.state} · {analysis.steps} steps")
    for name, text in lines(analysis):
        say_row(name, text)
    return 0


def _record(analysis: Analysis) -> dict[str, Any]:
    return {**analysis.as_json(), "flags": list(analysis.flags)}


def lines(analysis: Analysis) -> list[tuple[str, str]]:
    """Name and sentence of everything that can be said."""
    found = [
        ("smoothed", _smoothed(analysis)),
        ("slope", _slope(analysis.slope)),
        *(flag.split(": ", 1) for flag in analysis.flags),
        ("forecast", _forecast(analysis.forecast)),
    ]
    if analysis.target is not None:
        found += [
            ("target", f"{analysis.target:g}: training loss {_reached(analysis.target_by_training)}"),
            ("", f"validation loss {_reached(analysis.target_by_validation)}"),
        ]
    if not analysis.flags and analysis.slope is not None:
        found.append(("flags", "none: no over-fitting, divergence or plateau seen"))
    return [(name, text) for name, text in found if text]


def in_short(analysis: Analysis) -> str:
    """One line a flag, and the slope; "" with too few steps."""
    slope = _slope(analysis.slope)
    return "\n".join([*([f"slope {slope}"] if slope else []), *analysis.flags])


def _smoothed(analysis: Analysis) -> str:
    if analysis.smoothed_loss is None:
        return "no finite loss yet"
    how = f"exponential moving average, half-life {analysis.half_life:.3g} steps"
    return f"loss {number(analysis.smoothed_loss)} ({how})"


def _slope(slope: Slope | None) -> str:
    if slope is None:
        return ""
    clear = "" if slope.is_clear else ", not told from none"
    return (
        f"{slope.per_100_steps:+.3g} ± {2 * slope.standard_error:.2g} a 100 steps over steps "
        f"{slope.start}–{slope.end} (± two standard errors{clear})"
    )


def _reached(reached: Reached | None) -> str:
    if reached is None:
        return "has not reached it"
    tokens = "" if reached.trained_tokens is None else f", {reached.trained_tokens:,} trained tokens"
    seconds = "" if reached.seconds is None else f", {duration(reached.seconds)} of steps"
    return f"reached it at step {reached.step}{tokens}{seconds}"


def _forecast(found: Forecast | None) -> str:
    if found is None:
        return ""
    return (
        f"loss {number(found.loss)} at step {found.step}, between {number(found.low)} and {number(found.high)}: "
        f"± the largest error of {found.backtests} backtests on this run (median {number(found.median_error, 2)}; "
        f"“it stays as it is”: {number(found.median_error_unchanged, 2)})"
    )
