"""CheckPane: figures of the data, the list of what was found, and the whole sentence of the highlighted one."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import OptionList

from phi_tui.data_check import CheckReport, Entry
from phi_tui.widgets.fault_list import FaultList
from phi_tui.widgets.plain import PlainStatic, hanging

NOTHING = "Every record is good, and nothing looks suspicious. t shows them token by token."
LISTED = "enter shows the record, e opens it in your editor"


class CheckPane(Vertical, can_focus=True):
    """Shows what it is told; keeps the last report while a new one is made."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._report: CheckReport | None = None

    def compose(self) -> ComposeResult:
        yield PlainStatic(id="check-figures")
        yield FaultList(id="check-list")
        yield PlainStatic(id="check-detail")

    @property
    def list(self) -> FaultList:
        return self.query_one(FaultList)

    @property
    def current(self) -> Entry | None:
        return self.list.current if self.list.display else None

    def show(self, report: CheckReport) -> None:
        self._report = report
        self._lay_out()
        self.list.show(report.entries)
        self.list.display = bool(report.entries)
        self._detail("" if report.entries else NOTHING)
        self._show_current()

    def show_trouble(self, text: str, style: str = "") -> None:
        """Why there is nothing to list."""
        self._report = None
        self._figures.show(text, style)
        self.list.show(())
        self.list.display = False
        self._detail("")

    @on(OptionList.OptionHighlighted)
    def _show_current(self) -> None:
        if self.current:
            self._detail(self.current.text)

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        if self._report:
            width = self.content_size.width or self.app.size.width
            self._figures.show(hanging("\n".join(self._report.figures), width - 1))

    @property
    def _figures(self) -> PlainStatic:
        return self.query_one("#check-figures", PlainStatic)

    def _detail(self, text: str) -> None:
        self.query_one("#check-detail", PlainStatic).show(text)
