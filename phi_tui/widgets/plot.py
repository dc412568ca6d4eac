"""Plot: curves in a terminal. Draws when it is visible and its curves or its size changed, and then only the rows that
changed: over a slow line nothing is sent twice."""

from collections.abc import Iterator

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from phi_core.plain_text import plain
from phi_tui.plot_drawing import Row, drawn
from phi_tui.series import Curves


class Plot(Widget):
    """A header of one line with legend and notes, and the curves under it."""

    DEFAULT_CSS = "Plot { height: 1fr; min-height: 4; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._curves = Curves("")
        self._rows: list[Row] = []
        self._drawn: tuple[Curves, Size, bool] | None = None

    def show(self, curves: Curves) -> None:
        if curves == self._curves:
            return
        self._curves = curves
        if not self.size.area or self._drawn is None or self._drawn[1] != self.size:
            self.refresh()
            return
        before, rows = self._rows, self._current_rows()
        for number in _changed(before, rows):
            self.refresh(Region(0, number, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        rows, base = self._current_rows(), self.rich_style
        pieces = rows[y] if y < len(rows) else []
        segments = [Segment(plain(text), base + Style.parse(style)) for text, style in pieces if text]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _current_rows(self) -> list[Row]:
        is_plain = bool(getattr(self.app, "is_ascii", False))
        now = (self._curves, self.size, is_plain)
        if self._drawn != now:
            self._drawn = now
            self._rows = drawn(self._curves, self.size.width, self.size.height, is_plain=is_plain)
        return self._rows


def _changed(before: list[Row], after: list[Row]) -> Iterator[int]:
    for number in range(max(len(before), len(after))):
        if before[number : number + 1] != after[number : number + 1]:
            yield number
