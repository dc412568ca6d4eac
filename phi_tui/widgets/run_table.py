"""RunTable: one row a run, in the order that it is told. Keeps the cursor on its run."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text
from textual import events
from textual.widgets import DataTable

from phi_core.runs.reader import Run
from phi_tui import run_text
from phi_tui.widgets.plain import cell

COLUMNS = {"state": 10, "run": 0, "step": 9, "loss": 7, "val": 7, "left": 5, "age": 5}
"""Widths; 0 takes what is left."""
PADDING = 1
SCROLLBAR = 1
LEAST_NAME = 12
MARK = "◆ "


class RunTable(DataTable[Text]):
    """Row keys are the paths of the runs."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", cell_padding=PADDING, zebra_stripes=False)
        self._shown: dict[str, list[Text]] = {}
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

    def show(self, runs: Sequence[Run], queue: Sequence[Path] = (), marked: Path | None = None) -> None:
        """`queue`: the runs that wait, the next one to start first. `marked` gets a sign before its name."""
        now, places = time.time(), {path: place for place, path in enumerate(queue)}
        rows = {
            str(run.path): _row(run, now, places.get(run.path), is_marked=run.path == marked) for run in runs
        }
        if list(rows) != list(self._shown) or not self._name_width:
            self._rebuild(rows)
            return
        for key, row in rows.items():
            for column, new, old in zip(COLUMNS, row, self._shown[key], strict=True):
                if new != old:
                    self.update_cell(key, column, new)
        self._shown = rows

    def select(self, path: Path) -> bool:
        """Move the cursor to a run; whether it is listed."""
        names = list(self._shown)
        if str(path) not in names:
            return False
        self.move_cursor(row=names.index(str(path)), animate=False)
        return True

    def _rebuild(self, rows: dict[str, list[Text]]) -> None:
        current = self.current
        self._shown = rows
        if not self._name_width:
            return
        with self.prevent(DataTable.RowHighlighted):
            self._fill(rows)
        if current:
            self.select(current)

    def _fill(self, rows: dict[str, list[Text]]) -> None:
        self.clear(columns=True)
        for name, width in COLUMNS.items():
            self.add_column(
                cell(name, right=name not in ("state", "run")), width=width or self._name_width, key=name
            )
        for key, row in rows.items():
            self.add_row(*row, key=key)


def _row(run: Run, now: float, place: int | None, *, is_marked: bool) -> list[Text]:
    look = run_text.LOOKS[run.state]
    left = run_text.duration(run.seconds_left) if run.is_live else run_text.ordinal(place)
    figures = (
        run_text.steps(run),
        run_text.short(run, "step", "loss"),
        run_text.short(run, "evaluation", "validation_loss"),
        left,
        run_text.duration(now - run.created) if run.created else "",
    )
    return [
        cell(run_text.state(run, now), look.colour),
        cell(f"{MARK if is_marked else ''}{run_text.title(run)}", "bold" if is_marked else ""),
        *(cell(f, right=True) for f in figures),
    ]
