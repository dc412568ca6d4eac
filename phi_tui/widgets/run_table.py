"""RunTable: one row a run, in the order that it is told. Keeps the cursor on its run; draws only rows that changed."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from phi_core.runs.reader import Run
from phi_tui import run_text
from phi_tui.run_order import ORDERS, Order
from phi_tui.run_overlay import Overlay
from phi_tui.widgets.plain import cell

COLUMNS = {"state": 10, "run": 0, "step": 9, "loss": 7, "val": 7, "left": 5, "age": 5}
"""Widths; 0 takes what is left."""
PADDING = 1
SCROLLBAR = 1
LEAST_NAME = 12
MARK = "◆"
Row = list[Text]
Told = tuple[object, ...]


class RunTable(DataTable[Text], inherit_bindings=False):
    """Row keys are the paths of the runs. Left and right are left to the view, which moves the cursor on the curves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", show=False),
        Binding("up", "cursor_up", show=False),
        Binding("down", "cursor_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
        Binding("home,ctrl+home", "scroll_top", show=False),
        Binding("end,ctrl+end", "scroll_bottom", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", cell_padding=PADDING, zebra_stripes=False)
        self._shown: dict[str, Row] = {}
        self._told: dict[str, Told] = {}
        self._order = ORDERS[0]
        self._wanted: Path | None = None
        self._name_width = 0

    def on_resize(self, event: events.Resize) -> None:
        fixed = sum(COLUMNS.values()) + 2 * PADDING * len(COLUMNS) + SCROLLBAR
        width = max(LEAST_NAME, event.size.width - fixed)
        if width != self._name_width:
            self._name_width = width
            self._rebuild(self._shown)

    @property
    def current(self) -> Path | None:
        """The run under the cursor."""
        names = list(self._shown)
        return Path(names[self.cursor_row]) if 0 <= self.cursor_row < len(names) else None

    def show(
        self, runs: Sequence[Run], queue: Sequence[Path], overlay: Overlay, order: Order = ORDERS[0]
    ) -> None:
        """`queue`: the runs that wait, the next one to start first. A marked run has its letter before its name."""
        now, places = time.time(), {path: place for place, path in enumerate(queue)}
        told = {str(run.path): _told(run, now, places.get(run.path), overlay) for run in runs}
        rows = {
            str(run.path): self._shown[str(run.path)]
            if self._told.get(str(run.path)) == told[str(run.path)]
            else _row(run, now, places.get(run.path), overlay)
            for run in runs
        }
        is_other_order, self._order, self._told = order != self._order, order, told
        if is_other_order or list(rows) != list(self._shown) or not self._name_width:
            self._rebuild(rows)
            return
        for key, row in rows.items():
            if row is not self._shown[key]:
                self._update_row(key, row)
        self._shown = rows

    def _update_row(self, key: str, row: Row) -> None:
        for column, new, old in zip(COLUMNS, row, self._shown[key], strict=True):
            if new != old:
                self.update_cell(key, column, new)

    def select(self, path: Path) -> bool:
        """Move the cursor to a run, before the rows are laid out as soon as they are; whether it is listed."""
        names = list(self._shown)
        if str(path) not in names:
            return False
        if not self._name_width:
            self._wanted = path
            return True
        self.move_cursor(row=names.index(str(path)), animate=False)
        return True

    def _rebuild(self, rows: dict[str, Row]) -> None:
        current = self.current
        self._shown = rows
        if not self._name_width:
            return
        current, self._wanted = self._wanted or current, None
        with self.prevent(DataTable.RowHighlighted):
            self._fill(rows)
        if current:
            self.select(current)

    def _fill(self, rows: dict[str, Row]) -> None:
        self.clear(columns=True)
        for name, width in COLUMNS.items():
            title = f"{name} {self._order.sign}" if name == self._order.column else name
            self.add_column(
                cell(title, right=name not in ("state", "run")), width=width or self._name_width, key=name
            )
        for key, row in rows.items():
            self.add_row(*row, key=key)


def _told(run: Run, now: float, place: int | None, overlay: Overlay) -> Told:
    """What a row depends on: as long as it is the same, so is the row."""
    newest = run.events[-1].time if run.events else 0.0
    return (
        *(run_text.state(run, now), run_text.title(run), run.step, run.total_steps, len(run.events), newest),
        *(_age(run, now), place, overlay.letter(run.path) if run.path in overlay.marked else ""),
    )


def _row(run: Run, now: float, place: int | None, overlay: Overlay) -> Row:
    look = run_text.LOOKS[run.state]
    left = run_text.duration(run.seconds_left) if run.is_live else run_text.ordinal(place)
    figures = (
        run_text.steps(run),
        run_text.short(run, "step", "loss"),
        run_text.short(run, "evaluation", "validation_loss"),
        left,
        _age(run, now),
    )
    is_marked = run.path in overlay.marked
    sign = f"{MARK}{overlay.letter(run.path)} " if is_marked else ""
    return [
        cell(run_text.state(run, now), look.colour),
        cell(f"{sign}{run_text.title(run)}", "bold" if is_marked else ""),
        *(cell(f, right=True) for f in figures),
    ]


def _age(run: Run, now: float) -> str:
    return run_text.duration(now - run.created) if run.created else ""
