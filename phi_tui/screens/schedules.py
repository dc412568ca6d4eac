"""Schedules: the curves of several schedules beside each other over the run's own steps, and the other courses.

Dismisses with the schedule to choose and those to draw beside it, or None. Draws what the plan has; computes nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from phi_core.plain_text import plain
from phi_tui.plan_curves import PlanCurves, ScheduleCurve
from phi_tui.widgets.plain import PlainStatic, key_line
from phi_tui.widgets.plot import Plot

HEADER = f"  {'':3} {'schedule':<18} {'mean':>5} {'end':>5}"
LEGEND = {"orange": "ansi_yellow", "gray": "ansi_white"} | {
    name: f"ansi_{name}" for name in ("cyan", "magenta", "yellow", "green", "blue", "red")
}
"""Plotext's names of the terminal's own colours, as Textual calls them."""


@dataclass(frozen=True)
class ScheduleChoice:
    """`schedule` None: the form's stays."""

    schedule: str | None
    compared: frozenset[str]


class Schedules(ModalScreen[ScheduleChoice]):
    """▸ marks the form's schedule, [━] what is drawn."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False),
        Binding("space", "compare", "Draw", show=False),
        Binding("right,v", "turn(1)", "Next course", show=False),
        Binding("left", "turn(-1)", "Course before", show=False),
        Binding("a", "all", "All", show=False),
    ]
    AUTO_FOCUS = "OptionList"

    def __init__(self, curves: PlanCurves, compared: Collection[str]) -> None:
        super().__init__()
        self._curves = curves
        self._compared = frozenset(compared)
        self._course = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall") as box:
            box.border_title = "Curves"
            with Horizontal(id="schedule-body"):
                with Vertical(id="schedule-side"):
                    yield PlainStatic(HEADER, classes="list-header")
                    options = OptionList(*self._options(), id="schedule-list", markup=False)
                    yield options
                    yield PlainStatic("Mean and end: shares of the peak.", classes="dialog-keys")
                yield Plot(id="schedule-plot")
            keys = (("space", "Draw"), ("a", "All"), ("← →", "Batch, dropout, decay"), ("enter", "Choose"))
            yield Static(key_line(*keys, ("esc", "Back")), classes="dialog-keys")

    def on_mount(self) -> None:
        names = [curve.name for curve in self._curves.schedules]
        self.query_one(OptionList).highlighted = names.index(self._curves.chosen)
        self._draw()

    def _options(self) -> list[Option]:
        return [Option(self._row(curve)) for curve in self._curves.schedules]

    def _row(self, curve: ScheduleCurve) -> Content:
        """The mark has the colour of its line: the list is the legend."""
        is_chosen = curve.name == self._curves.chosen
        drawn = "━" if is_chosen or curve.name in self._compared else " "
        colour = self._curves.colours[curve.name]
        figures = f" {curve.name:<18} {curve.mean:>5.3f} {curve.final:>5.3f}"
        style = "bold" if is_chosen else ""
        mark = Content.styled(f"[{drawn}]", LEGEND.get(colour, colour))
        return Content.assemble(("▸ " if is_chosen else "  ", "bold"), mark, (plain(figures), style))

    def _draw(self) -> None:
        """Without names: they stand in the list."""
        curves = self._curves.beside(self._compared)
        unnamed = replace(curves, lines=tuple(replace(line, name="") for line in curves.lines))
        courses = (unnamed, *self._curves.courses)
        self.query_one(Plot).show(courses[self._course % len(courses)])

    def action_compare(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self._show_beside(self._compared ^ {self._curves.schedules[place].name})

    def action_all(self) -> None:
        names = frozenset(curve.name for curve in self._curves.schedules)
        self._show_beside(names if not names <= self._compared else frozenset())

    def _show_beside(self, compared: frozenset[str]) -> None:
        self._compared, self._course = compared, 0
        for place, curve in enumerate(self._curves.schedules):
            self.query_one(OptionList).replace_option_prompt_at_index(place, self._row(curve))
        self._draw()

    def action_turn(self, by: int) -> None:
        self._course += by
        self._draw()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(ScheduleChoice(self._curves.schedules[event.option_index].name, self._compared))

    def action_leave(self) -> None:
        self.dismiss(ScheduleChoice(None, self._compared))
