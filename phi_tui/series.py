"""What a plot shows: named lines of (x, value) pairs, marks on its axis and a cursor. Data only; knows neither plots nor
runs."""

from dataclasses import dataclass

from phi_core.runs.series import Point


@dataclass(frozen=True)
class Line:
    """One curve. `colour` is the terminal's own name for it; `is_behind`: drawn dimly under the others; `letter` stands
    at its end, so that several can be told apart without colours."""

    name: str
    points: tuple[Point, ...]
    colour: str = "cyan"
    dotted: bool = False
    is_behind: bool = False
    letter: str = ""


@dataclass(frozen=True)
class Mark:
    """Something that happened at a place of the axis; `kind` names its sign."""

    x: float
    kind: str


@dataclass(frozen=True)
class Curves:
    """What a plot shows. `note` tells what the curves cannot, `warning` what is wrong with them, `told` what stands under
    the cursor. `limits`: the part of the axis that is shown, None for all. `x_axis`: step, tokens or time."""

    title: str
    lines: tuple[Line, ...] = ()
    is_logarithmic: bool = False
    note: str = ""
    when_empty: str = "nothing to plot yet"
    warning: str = ""
    x_axis: str = "step"
    limits: tuple[float, float] | None = None
    cursor: float | None = None
    told: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def has_points(self) -> bool:
        return any(line.points for line in self.lines)
