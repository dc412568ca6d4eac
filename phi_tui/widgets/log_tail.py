"""LogTail: the end of a log file. Follows the end until the reader scrolls away from it; shows where a text stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Log

from phi_core.plain_text import plain
from phi_tui import log_search

LINES_KEPT = 5000
FOUND, CURRENT = Style(underline=True, bold=True), Style(reverse=True)


class LogTail(Log):
    """Shows lines as text that the terminal does not obey; writes only what is new."""

    @dataclass
    class Scrolled(Message):
        """Another part is seen, or there are other lines."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(max_lines=LINES_KEPT, id=id)
        self._told: tuple[str, ...] = ()
        self._search = ""
        self._found: tuple[int, ...] = ()
        self._match: int | None = None
        self._follows = True

    def show(self, lines: Sequence[str]) -> None:
        told = tuple(lines)
        while told and not told[-1].strip():
            told = told[:-1]
        if told == self._told:
            return
        kept, place = log_search.shift(self._told, told), self.scroll_y
        is_same_log = told[:1] == self._told[:1] or kept is not None
        goes_back = is_same_log and not self._follows
        if kept is None:
            self.clear()
        new = told[len(self._told) - kept :] if kept is not None else told
        self._told = told
        self.write_lines((plain(line) or " " for line in new), scroll_end=False)
        if not goes_back:
            self._to_the_end()
        elif kept != 0:
            self.scroll_to(y=max(0, place - (kept or 0)), animate=False)
        self._search_again()

    def search(self, text: str) -> None:
        """Mark the text in every line, and go to its last place: what happened last is looked for first."""
        self._search, self._match = text, None
        self._search_again()
        if self._found:
            self._go_to(self._found[-1])

    def turn_match(self, by: int) -> None:
        """To the next line that has the text, or the one before."""
        current = self._match if self._match is not None else round(self.scroll_y)
        place = log_search.next_match(self._found, current, by)
        if place is not None:
            self._go_to(place)

    @property
    def is_searched(self) -> bool:
        return bool(self._search)

    @property
    def status(self) -> str:
        return log_search.status(
            place=self._found.index(self._match) if self._match in self._found else None,
            num_found=len(self._found),
            text=self._search,
            follows=self._follows,
            row=round(self.scroll_y) + 1,
            num_lines=len(self.lines),
        )

    def _search_again(self) -> None:
        self._found = log_search.matches(self.lines, self._search)
        self.post_message(self.Scrolled())
        self.refresh()

    def _go_to(self, line: int) -> None:
        self._match = line
        self.scroll_to(y=max(0, line - self.size.height // 2), animate=False)
        self.post_message(self.Scrolled())
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self.size.height:
            self._follows = self.is_vertical_scroll_end
        self.post_message(self.Scrolled())

    def on_resize(self) -> None:
        """What is first seen, or seen in another height, is the end all the same."""
        if self._follows:
            self._to_the_end()

    def _to_the_end(self) -> None:
        self._follows = True
        self.scroll_end(animate=False, immediate=True, x_axis=False)

    def render_line(self, y: int) -> Strip:
        strip, number = super().render_line(y), round(self.scroll_offset.y) + y
        if not self._search or number >= len(self.lines):
            return strip
        style = CURRENT if number == self._match else FOUND
        return _marked(strip, self.lines[number], self._search, style, left=self.scroll_offset.x)


def _marked(strip: Strip, line: str, text: str, style: Style, *, left: int) -> Strip:
    for start, end in log_search.spans(line.expandtabs(), text):
        first, last = (max(0, cell_len(line.expandtabs()[:at]) - left) for at in (start, end))
        width = strip.cell_length
        parts = (strip.crop(0, first), strip.crop(first, last).apply_style(style), strip.crop(last, width))
        strip = Strip.join(part for part in parts if part.cell_length)
    return strip
