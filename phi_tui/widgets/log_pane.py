"""LogPane: the end of a run's log, a line that says whether it follows the end, and one to search it."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from phi_tui.widgets.asking_line import AskingLine
from phi_tui.widgets.log_tail import LogTail
from phi_tui.widgets.plain import PlainStatic


class LogPane(Vertical):
    """What it shows is told to `show`."""

    def compose(self) -> ComposeResult:
        yield LogTail(id="log-tail")
        yield AskingLine("Search the log", id="log-search")
        yield PlainStatic(id="log-status")

    def show(self, lines: Sequence[str]) -> None:
        self.tail.show(lines)

    @property
    def tail(self) -> LogTail:
        return self.query_one(LogTail)

    @property
    def _line(self) -> AskingLine:
        return self.query_one(AskingLine)

    def focus(self, scroll_visible: bool = True) -> "LogPane":
        """The lines take it, so that the arrows scroll them."""
        self.tail.focus(scroll_visible)
        return self

    def open_search(self) -> None:
        self._line.open()

    def close_search(self) -> bool:
        """Whether there was one."""
        was_open = self._line.is_open
        self._line.close()
        self.tail.search("")
        return was_open

    @on(AskingLine.Asked)
    def _asked(self, event: AskingLine.Asked) -> None:
        event.stop()
        self.tail.search(event.text)

    @on(AskingLine.Left)
    def _left(self, event: AskingLine.Left) -> None:
        event.stop()
        if not event.line.text:
            self.close_search()
        self.tail.focus()

    @on(AskingLine.GivenUp)
    def _given_up(self, event: AskingLine.GivenUp) -> None:
        event.stop()
        self.close_search()
        self.tail.focus()

    @on(LogTail.Scrolled)
    def _scrolled(self, event: LogTail.Scrolled) -> None:
        event.stop()
        self.query_one("#log-status", PlainStatic).show(self.tail.status, "$text-muted")
