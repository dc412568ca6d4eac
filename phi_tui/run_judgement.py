"""What the curves of a run say, and where two runs differ, in lines of a name and a sentence. Pure text.

Text from runs is returned on one line; widgets pass it through the plain-text gate. Knows no widget.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from phi_core.plain_text import one_line
from phi_core.runs.analysis import Analysis, Slope
from phi_core.runs.difference import Change, Difference
from phi_core.runs.figures import Figures
from phi_core.runs.forecast import Forecast
from phi_tui.run_text import duration, number

NAME = 12
LONGEST = 300
HASH = re.compile(r"[0-9a-f]{40,}")
SAME_DATA = {True: "the same data", False: "other data", None: "data of which one does not tell"}
SAME_ORDER = {True: "the same order", False: "another order", None: "an order that one does not tell"}


def analysis_text(analysis: Analysis, memory: str) -> str:
    """`memory` is what was given up because memory ran out, "" for nothing."""
    rows = [
        ("smoothed", _smoothed(analysis)),
        ("slope", _slope(analysis.slope)),
        *((name, words) for name, _, words in (flag.partition(": ") for flag in analysis.flags)),
        ("forecast", _forecast(analysis.forecast)),
        ("memory", memory),
    ]
    if not analysis.flags and analysis.slope is not None:
        rows.append(("flags", "none: no over-fitting, divergence or plateau seen"))
    return _text((name, words) for name, words in rows if words)


def flag_line(analysis: Analysis) -> str:
    """All flags on one line, "" if none is raised."""
    return one_line(" · ".join(analysis.flags), LONGEST)


def difference_text(found: Difference, letters: tuple[str, str] = ("A", "B")) -> str:
    """What differs of the marked run and the selected one, whose letters are given."""
    first, second = letters
    sides = [f"{first}: {one_line(found.first)}", f"{second}: {one_line(found.second)}"]
    same = f"trained on {SAME_DATA[found.same_data]}, in {SAME_ORDER[found.same_plan]}"
    return "\n".join(
        [
            *(*sides, same, ""),
            *(f"options, {first} → {second}", _changes(found.options), ""),
            *(f"figures, {first} → {second}", _text(_figures(*found.figures)), ""),
            *(f"data, base and versions, {first} → {second}", _changes(found.facts)),
        ]
    )


def _text(rows: Iterator[tuple[str, str]]) -> str:
    return "\n".join(f"{name:<{NAME}} {words}" for name, words in rows)


def _changes(changes: Sequence[Change]) -> str:
    lines = (
        f"{one_line(change.name)}  {_value(change.first)} → {_value(change.second)}" for change in changes
    )
    return "\n".join(lines) or "no difference"


def _value(value: Any) -> str:
    if value is None:
        return "–"
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    line = one_line(text, LONGEST) or "none"
    return f"{line[:12]}…" if HASH.fullmatch(line) else line


def _figures(first: Figures, second: Figures) -> Iterator[tuple[str, str]]:
    for name, one, other in (
        ("steps", str(first.steps), str(second.steps)),
        ("loss", number(first.last_loss), number(second.last_loss)),
        ("best val", _best(first), _best(second)),
        ("tokens", number(first.trained_tokens, ",.0f"), number(second.trained_tokens, ",.0f")),
        ("time", duration(first.seconds), duration(second.seconds)),
        ("peak GiB", number(first.peak_memory_gib, ".2f"), number(second.peak_memory_gib, ".2f")),
    ):
        yield name, f"{one} → {other}"


def _best(figures: Figures) -> str:
    step = figures.best_validation_step
    return number(figures.best_validation_loss) + ("" if step is None else f" at step {step}")


def _smoothed(analysis: Analysis) -> str:
    if analysis.smoothed_loss is None:
        return "no finite loss yet"
    return f"loss {number(analysis.smoothed_loss)} after {analysis.steps} steps (half-life {analysis.half_life:.3g} steps)"


def _slope(slope: Slope | None) -> str:
    if slope is None:
        return "too few steps to tell"
    clear = "" if slope.is_clear else ", not told from none"
    error = 2 * slope.standard_error
    return (
        f"{slope.per_100_steps:+.3g} ± {error:.2g} per 100 steps over steps {slope.start}–{slope.end}{clear}"
    )


def _forecast(found: Forecast | None) -> str:
    if found is None:
        return ""
    reach = f"between {number(found.low)} and {number(found.high)}"
    return (
        f"loss {number(found.loss)} at step {found.step}, {reach} ({found.backtests} backtests on this run)"
    )
