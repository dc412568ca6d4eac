"""`phi runs diff`: two runs beside each other: what was configured otherwise, their curves, what came of it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from textwrap import fill
from typing import Any

from phi_core.cli.flags import Json, RunsDir
from phi_core.cli.output import COLUMNS, duration, number, print_json, say, table
from phi_core.plain_text import one_line, plain
from phi_core.runs.difference import Change, Difference, difference
from phi_core.runs.figures import Figures
from phi_core.runs.reader import Run
from phi_core.runs.series import Point, not_finite_note, thinned
from phi_core.runs.store import RunStore, runs_root

WIDTH, HEIGHT = 76, 14
LONGEST_NAME, GAPS = 30, 4
CURVES = (("loss", "step", "loss"), ("validation loss", "evaluation", "validation_loss"))
MARKERS = ("braille", "x")
"""The first run's curve and the second's, told apart without colour."""


def diff(first: str, second: str, /, *, json: Json = False, runs_dir: RunsDir = None) -> int:
    """Two runs: options, data and versions that differ, their curves in one plot, and their figures.

    Parameters
    ----------
    first
        A run: id, unique prefix, path or latest.
    second
        The other one.
    """
    store = RunStore(runs_root(runs_dir))
    runs = store.find(first), store.find(second)
    found = difference(*runs)
    if json:
        print_json(_record(found, runs))
    else:
        _print(found, runs)
    return 0


def _record(found: Difference, runs: tuple[Run, Run]) -> dict[str, Any]:
    curves = {
        name: {side: list(run.series(kind, key)) for side, run in zip(("first", "second"), runs, strict=True)}
        for name, kind, key in ((key, kind, key) for _, kind, key in CURVES)
    }
    return {**asdict(found), "curves": curves}


def _print(found: Difference, runs: tuple[Run, Run]) -> None:
    names = tuple(f"{letter}: {run.id}" for letter, run in zip("AB", runs, strict=True))
    say("\n".join(names))
    for title, changes in (("options", found.options), ("data, base and versions", found.facts)):
        say(f"\n{title} that differ: " + ("none" if not changes else ""))
        if changes:
            say(table(("", "A", "B"), _rows(changes)))
    say(f"\n{fill(_sameness(found), COLUMNS)}\n")
    say(table(("", "A", "B"), list(figure_rows(*found.figures))))
    for title, kind, key in CURVES:
        drawn = overlaid(title, [run.series(kind, key) for run in runs])
        if drawn:
            say(f"\n{drawn}")


def _rows(changes: Sequence[Change]) -> list[tuple[str, str, str]]:
    """Names, and of values as much as the line has room for; the JSON has all of it."""
    names = [one_line(change.name, LONGEST_NAME) for change in changes]
    room = (COLUMNS - GAPS - max(map(len, names))) // 2
    return [
        (name, _value(change.first, room), _value(change.second, room))
        for name, change in zip(names, changes, strict=True)
    ]


def _value(value: Any, room: int) -> str:
    """Ends of paths tell more than beginnings."""
    if value is None or value in ([], ()):
        return "–"
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    line = one_line(text, 10_000)
    return line if len(line) <= room else f"…{line[1 - room :]}"


def _sameness(found: Difference) -> str:
    data = {True: "the same data", False: "other data", None: "data of which one does not tell"}
    order = {True: "the same order of it", False: "another order", None: "an order that one does not tell"}
    return f"Both runs trained on {data[found.same_data]}, in {order[found.same_plan]}."


def figure_rows(*sides: Figures) -> Iterator[tuple[str, ...]]:
    """Figures of runs beside each other."""
    yield ("state", *(side.state for side in sides))
    yield ("steps", *(f"{side.steps}/{side.total_steps or '?'}" for side in sides))
    yield ("first loss", *(number(side.first_loss) for side in sides))
    yield ("last loss", *(number(side.last_loss) for side in sides))
    yield (
        "last validation loss",
        *(_at(side.last_validation_loss, side.last_validation_step) for side in sides),
    )
    yield (
        "best validation loss",
        *(_at(side.best_validation_loss, side.best_validation_step) for side in sides),
    )
    yield (
        "trained tokens",
        *("–" if side.trained_tokens is None else f"{side.trained_tokens:,}" for side in sides),
    )
    yield ("time of the steps", *("–" if side.seconds is None else duration(side.seconds) for side in sides))
    yield ("peak memory, GiB", *(number(side.peak_memory_gib) for side in sides))


def _at(loss: float | None, step: int | None) -> str:
    return number(loss) if step is None else f"{number(loss)} at step {step}"


def overlaid(title: str, curves: Sequence[Sequence[Point]]) -> str:
    """Curves of both runs in one plot as text, "" if one of them has fewer than two points. Without colour."""
    drawn: list[tuple[Point, ...]] = [thinned(curve, 200) for curve in curves]
    if any(len(points) < 2 for points in drawn):
        return ""
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(WIDTH, HEIGHT)
    for letter, points, marker in zip("AB", drawn, MARKERS, strict=True):
        plotext.plot(*zip(*points, strict=True), label=letter, marker=marker)
    plotext.title(title)
    plotext.xlabel("step")
    notes = [
        f"{letter}: {note}"
        for letter, curve in zip("AB", curves, strict=True)
        if (note := not_finite_note(curve))
    ]
    return plain("\n".join([str(plotext.uncolorize(plotext.build())), *notes]))
