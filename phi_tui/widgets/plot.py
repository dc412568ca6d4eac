"""Plot: curves in a terminal, by plotext, which only this file knows.

Draws when it is visible and its curves or its size changed. Values arrive finite or not; nothing here can fail on them.
"""

import math
from dataclasses import replace

import plotext
from rich.text import Text
from textual.widget import Widget

from phi_core.runs.series import finite, not_finite_note, thinned
from phi_tui.series import Curves, Line

LEAST_WIDTH, LEAST_HEIGHT = 20, 6


class Plot(Widget):
    """A header of one line with legend and notes, and the curves under it."""

    DEFAULT_CSS = "Plot { height: 1fr; min-height: 4; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._curves = Curves("")
        self._drawn: tuple[object, Text] | None = None

    def show(self, curves: Curves) -> None:
        if curves != self._curves:
            self._curves = curves
            self.refresh()

    def render(self) -> Text:
        key = (self._curves, self.size)
        if self._drawn is None or self._drawn[0] != key:
            self._drawn = (key, self._text(self._curves))
        return self._drawn[1]

    def _text(self, curves: Curves) -> Text:
        lines = [replace(line, points=finite(line.points)) for line in curves.lines]
        header = _header(curves, self.size.width)
        if (
            not any(line.points for line in lines)
            or self.size.height < LEAST_HEIGHT
            or self.size.width < LEAST_WIDTH
        ):
            return Text.assemble(
                header, "\n", Text(curves.when_empty if not curves.has_points else "", style="dim")
            )
        logarithmic = curves.is_logarithmic and all(value > 0 for line in lines for _, value in line.points)
        drawn = _draw(lines, self.size.width, self.size.height - 1, logarithmic=logarithmic)
        return Text.assemble(header, "\n", Text.from_ansi(drawn, no_wrap=True))


def log_axis_note(curves: Curves) -> str:
    """Why the axis stays linear although logarithmic was asked, "" if it does not."""
    lowest = min((value for line in curves.lines for _, value in finite(line.points)), default=1.0)
    return "linear axis: a logarithm needs values above 0" if curves.is_logarithmic and lowest <= 0 else ""


def _header(curves: Curves, width: int) -> Text:
    legend = Text("  ").join(
        Text.assemble((f"{_mark(line)[0]} ", _rich_colour(line.colour)), line.name)
        for line in curves.lines
        if line.name
    )
    notes = [*(not_finite_note(line.points) for line in curves.lines), log_axis_note(curves), curves.note]
    note = " · ".join(dict.fromkeys(filter(None, notes)))
    header = Text.assemble(
        (curves.title, "bold"), "  ", legend, "  ", (note, "bold red" if "not finite" in note else "dim")
    )
    header.truncate(max(width, 1), overflow="ellipsis")
    return header


def _rich_colour(colour: str) -> str:
    return "yellow" if colour == "orange" else colour


def _draw(lines: list[Line], width: int, height: int, *, logarithmic: bool) -> str:
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(width, height)
    for line in lines:
        _draw_line(line, logarithmic=logarithmic)
    _ticks(lines, width, height, logarithmic=logarithmic)
    return str(plotext.build()).rstrip("\n")


def _draw_line(line: Line, *, logarithmic: bool) -> None:
    if not line.points:
        return
    points = thinned(line.points)
    steps = [step for step, _ in points]
    values = [math.log10(value) if logarithmic else value for _, value in points]
    draw = plotext.scatter if line.dotted and len(points) < 40 else plotext.plot
    draw(steps, values, marker=_mark(line)[1], color=line.colour)


def _mark(line: Line) -> tuple[str, str]:
    """The sign in the legend and plotext's marker: told apart without colours too."""
    if line.is_beside:
        return ("×", "x") if line.dotted else ("▄", "hd")
    return ("∙", "dot") if line.dotted else ("─", "braille")


def _ticks(lines: list[Line], width: int, height: int, *, logarithmic: bool) -> None:
    """Our own labels: plotext's have two decimals, which hides a learning rate."""
    values = [math.log10(v) if logarithmic else v for line in lines for _, v in line.points]
    steps = [step for line in lines for step, _ in line.points]
    heights = _spread(min(values), max(values), max(2, min(6, (height - 3) // 3 + 1)))
    plotext.yticks(heights, _labels([10**h if logarithmic else h for h in heights]))
    places = sorted({round(place) for place in _spread(min(steps), max(steps), max(2, min(9, width // 14)))})
    plotext.xticks(places, [str(place) for place in places])


def _labels(values: list[float]) -> list[str]:
    """The values in as few digits as tell them apart."""
    for digits in range(3, 8):
        labels = [f"{value:.{digits}g}" for value in values]
        if len(set(labels)) == len(values):
            break
    return labels


def _spread(low: float, high: float, count: int) -> list[float]:
    if low == high:
        return [low]
    return [low + (high - low) * index / (count - 1) for index in range(count)]
