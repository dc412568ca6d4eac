"""What a plot shows: named lines of (step, value) pairs. Data only; knows neither plots nor runs."""

from dataclasses import dataclass

from phi_core.runs.series import Point


@dataclass(frozen=True)
class Line:
    """One curve. `colour` is the terminal's own name for it; `is_beside`: of what is compared with, drawn otherwise."""

    name: str
    points: tuple[Point, ...]
    colour: str = "cyan"
    dotted: bool = False
    is_beside: bool = False


@dataclass(frozen=True)
class Curves:
    """What a plot shows. `note` tells what the curves cannot."""

    title: str
    lines: tuple[Line, ...] = ()
    is_logarithmic: bool = False
    note: str = ""
    when_empty: str = "nothing to plot yet"

    @property
    def has_points(self) -> bool:
        return any(line.points for line in self.lines)
