"""LogTail: the end of a log file. Follows the end until the reader scrolls away from it."""

from collections.abc import Sequence

from textual.widgets import Log

from phi_core.plain_text import plain

LINES_KEPT = 5000


class LogTail(Log):
    """Shows lines as text that the terminal does not obey; writes only what is new."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(max_lines=LINES_KEPT, id=id)
        self._told: tuple[str, ...] = ()

    def show(self, lines: Sequence[str]) -> None:
        told = tuple(lines)
        while told and not told[-1].strip():
            told = told[:-1]
        if told == self._told:
            return
        continues = bool(self._told) and told[: len(self._told)] == self._told
        is_same_log, place = told[:1] == self._told[:1], self.scroll_y
        goes_back = is_same_log and not self.is_vertical_scroll_end
        new = told[len(self._told) :] if continues else told
        if not continues:
            self.clear()
        self._told = told
        self.write_lines((plain(line) or " " for line in new), scroll_end=False if goes_back else None)
        if goes_back and not continues:
            self.scroll_to(y=place, animate=False)
