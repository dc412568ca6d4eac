"""RunLooking: what keys do to how runs are looked at: the curves, the panes, the search, the order of the list.

Of a view that has a RunDetail and a RunTable. Asks nothing of any run.
"""

from textual import on
from textual.containers import Container

from phi_core.runs.reader import Run
from phi_tui.run_order import ORDERS
from phi_tui.widgets.asking_line import AskingLine
from phi_tui.widgets.run_detail import RunDetail
from phi_tui.widgets.run_table import RunTable


class RunLooking(Container):
    """`order` is that of the list."""

    order = ORDERS[0]

    @property
    def selected(self) -> Run | None:
        raise NotImplementedError

    def enter(self) -> None:
        raise NotImplementedError

    def list_changed(self) -> None:
        """The list is to be drawn: another order, or filter."""
        raise NotImplementedError

    @property
    def table(self) -> RunTable:
        return self.query_one(RunTable)

    @property
    def detail(self) -> RunDetail:
        return self.query_one(RunDetail)

    @property
    def filter_line(self) -> AskingLine:
        return self.query_one("#run-filter", AskingLine)

    @property
    def is_log_searched(self) -> bool:
        return self.detail.pane == "log" and self.detail.log_pane.tail.is_searched

    def action_zoom(self) -> None:
        self.toggle_class("-zoomed")
        self.enter()

    def action_pane(self, pane: str) -> None:
        """Open a pane or close it; what is open is scrolled by the arrows."""
        self.detail.toggle(pane)
        self.enter()

    def action_back(self) -> None:
        """One step back: out of pane and zoom, then the cursor goes, then the filter."""
        if self.detail.pane or self.has_class("-zoomed"):
            self.remove_class("-zoomed")
            self.detail.log_pane.close_search()
            self.detail.toggle(self.detail.pane)
        elif self.detail.chart.has_cursor:
            self.detail.chart.leave_cursor()
        elif self.filter_line.is_open:
            self.filter_line.close()
            self.list_changed()
        self.enter()

    def action_find(self) -> None:
        """Search the open log, else filter the list."""
        if self.detail.pane == "log":
            self.detail.log_pane.open_search()
        else:
            self.remove_class("-zoomed")
            self.filter_line.open()

    @on(AskingLine.Asked, "#run-filter")
    def _filtered(self) -> None:
        self.list_changed()

    @on(AskingLine.Left, "#run-filter")
    def _filter_left(self) -> None:
        if not self.filter_line.text:
            self.filter_line.close()
        self.enter()

    @on(AskingLine.GivenUp, "#run-filter")
    def _filter_given_up(self) -> None:
        self.filter_line.close()
        self.list_changed()
        self.enter()

    def action_turn_order(self) -> None:
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self.list_changed()

    def action_side(self, by: int) -> None:
        """To the next prompt where answers are open, else the cursor on the curve."""
        if self.detail.pane == "answers":
            self.detail.turn_prompt(1 if by > 0 else -1)
        else:
            self.detail.chart.move_cursor(by)

    def action_turn_prompt(self, by: int) -> None:
        self.detail.turn_prompt(by)

    def action_magnify(self, factor: float) -> None:
        self.detail.chart.zoom(factor)

    def action_whole_curve(self) -> None:
        self.detail.chart.show_whole()

    def action_turn_smoothing(self) -> None:
        self.detail.chart.turn_smoothing()

    def action_turn_axis(self) -> None:
        self.detail.chart.turn_axis()

    def action_turn_metric(self, by: int) -> None:
        self.detail.chart.turn_metric(by)

    def action_toggle_log_axis(self) -> None:
        self.detail.chart.toggle_log_axis()

    def action_down(self) -> None:
        self.table.action_cursor_down()

    def action_up(self) -> None:
        self.table.action_cursor_up()

    def action_first(self) -> None:
        self.table.move_cursor(row=0, animate=False)

    def action_last(self) -> None:
        self.table.move_cursor(row=self.table.row_count - 1, animate=False)
