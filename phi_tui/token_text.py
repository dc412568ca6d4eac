"""A record token by token as lines of styled text: what becomes of a token stands in the margin and in its colour.

The margin says it in words where there are no colours. All text from data passes the plain-text gate. Pure.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby

from rich.cells import cell_len, chop_cells
from rich.style import Style
from rich.text import Text

from phi_core.plain_text import plain
from phi_core.samples.token_view import Fate, Piece, TokenView

MARGIN = 10
LEAST_WIDTH = 20
MEANINGS: Mapping[Fate, str] = {
    "masked": "only read",
    "trained": "in the loss",
    "stop": "ends an answer",
    "cut": "too long",
}
FATES: tuple[Fate, ...] = ("masked", "trained", "stop", "cut")

StyleOf = Callable[[str], Style]
"""The style of a fate, of "other" (every second token) or of "margin"."""


def running_text(view: TokenView, width: int, style_of: StyleOf) -> list[Text]:
    """The text as it stands, wrapped; every second token is shaded so that tokens can be told apart."""
    lines: list[Text] = []
    shaded = False
    for fate, run in groupby(view.pieces, key=lambda piece: piece.fate):
        paragraph = _Paragraph(fate, max(LEAST_WIDTH, width - MARGIN), style_of)
        for piece in run:
            paragraph.add(_visible(piece.text), shaded=shaded)
            shaded = not shaded
        lines += paragraph.lines
    return lines


def token_rows(view: TokenView, width: int, style_of: StyleOf) -> list[Text]:
    """One line a token, or a character of several: place, ids, fate, text."""
    return list(_rows(view, width, style_of))


def legend(style_of: StyleOf) -> Text:
    """What the words and colours mean, in one line."""
    parts = [part for fate in FATES for part in ((fate, style_of(fate)), f" {MEANINGS[fate]}  ")]
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


class _Paragraph:
    """Lines of one fate: the first carries its name in the margin."""

    def __init__(self, fate: Fate, width: int, style_of: StyleOf) -> None:
        self._fate, self._width, self._style_of = fate, width, style_of
        self._plain, self._shaded = style_of(fate), style_of(fate) + style_of("other")
        self._used = 0
        self.lines = [self._new_line(fate)]

    def add(self, text: str, *, shaded: bool) -> None:
        """A token, whose line ends are real ones and whose parts may go on in the next line."""
        style = self._shaded if shaded else self._plain
        for number, part in enumerate(text.split("\n")):
            if number:
                self._break()
            for chunk in self._chunks(part):
                self.lines[-1].append(chunk, style)
                self._used += cell_len(chunk)

    def _chunks(self, part: str) -> Iterator[str]:
        """What fits into the line, breaking it where the next does not."""
        if part and self._used + cell_len(part) <= self._width:
            yield part
            return
        if part and cell_len(part) <= self._width:
            self._break()
            yield part
            return
        for chunk in chop_cells(part, self._width) if part else ():
            if self._used:
                self._break()
            yield chunk

    def _break(self) -> None:
        self.lines.append(self._new_line(""))
        self._used = 0

    def _new_line(self, name: str) -> Text:
        return Text.assemble((f"{name:>7} │ ", self._style_of("margin")), no_wrap=True, end="")


def _visible(text: str) -> str:
    """Line ends are shown as ↵ and end the line too, tabs as →."""
    return plain(text).replace("\n", "↵\n").replace("\t", "→   ")


def _rows(view: TokenView, width: int, style_of: StyleOf) -> Iterator[Text]:
    place = 0
    for piece in view.pieces:
        head = f"{place:>7} {_ids(piece):>15}  "
        line = Text.assemble(
            (head, style_of("margin")), (f"{piece.fate:<8}", style_of(piece.fate)), no_wrap=True
        )
        line.append(plain(repr(piece.text)), style_of(piece.fate))
        line.truncate(max(LEAST_WIDTH, width), overflow="ellipsis")
        yield line
        place += piece.num_tokens


def _ids(piece: Piece) -> str:
    return " ".join(map(str, piece.ids))
