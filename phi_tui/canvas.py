"""Canvas: lines and signs in a grid of character cells, each cell eight dots of a braille sign; or one plain sign.

Places are shares of the width and the height, (0, 0) at the bottom left. What is drawn later lies on top and has its cells
for itself: a cell has one style, and dots of two lines in it could not be told apart. Knows no curve and no widget.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a braille sign, by row and column of its dots."""
BRAILLE = 0x2800
Place = tuple[float, float]
Piece = tuple[str, str]
"""Text and its style."""


class Canvas:
    """`is_plain`: signs that every terminal has, one dot a cell."""

    def __init__(self, width: int, height: int, *, is_plain: bool = False) -> None:
        self.width, self.height = width, height
        self._across, self._down = (1, 1) if is_plain else (2, 4)
        self._is_plain = is_plain
        self._bits = [[0] * width for _ in range(height)]
        self._signs = [[" "] * width for _ in range(height)]
        self._styles = [[""] * width for _ in range(height)]
        self._owners = [[0] * width for _ in range(height)]
        self._num_lines = 0

    def line(self, places: Sequence[Place], style: str, sign: str = "*") -> None:
        """Join places by straight lines. `sign` is what a plain canvas draws them with."""
        self._num_lines += 1
        dots = [self._dot(place) for place in places]
        if len(dots) == 1:
            self._set(*dots[0], style, sign)
        for (left, top), (right, bottom) in pairwise(dots):
            count = max(abs(right - left), abs(bottom - top), 1)
            for part in range(count + 1):
                column = left + (2 * (right - left) * part + count) // (2 * count)
                row = top + (2 * (bottom - top) * part + count) // (2 * count)
                self._set(column, row, style, sign)

    def points(self, places: Sequence[Place], style: str, sign: str) -> None:
        """A sign at each place, in the place of what was drawn there."""
        for place in places:
            self.write(*self.cell(place), sign, style)

    def upright(self, x: float, style: str, sign: str) -> None:
        """A line from top to bottom through the cells that hold nothing yet."""
        column, _ = self.cell((x, 0.0))
        for row in range(self.height):
            if not self._bits[row][column] and self._signs[row][column] == " ":
                self.write(column, row, sign, style)

    def write(self, column: int, row: int, sign: str, style: str) -> None:
        """One sign in a cell, the top row being 0."""
        self._bits[row][column], self._signs[row][column], self._styles[row][column] = 0, sign, style

    def cell(self, place: Place) -> tuple[int, int]:
        """Column and row of a place."""
        column, row = self._dot(place)
        return column // self._across, row // self._down

    def row(self, number: int) -> list[Piece]:
        """A row from the top, neighbours of one style in one piece."""
        signs = zip(
            map(self._sign, self._bits[number], self._signs[number]), self._styles[number], strict=True
        )
        return list(_joined(signs))

    def _sign(self, bits: int, sign: str) -> str:
        return chr(BRAILLE + bits) if bits else sign

    def _dot(self, place: Place) -> tuple[int, int]:
        x, y = place
        column = round(x * (self.width * self._across - 1))
        return column, round((1 - y) * (self.height * self._down - 1))

    def _set(self, column: int, row: int, style: str, sign: str) -> None:
        across, down = column // self._across, row // self._down
        if self._is_plain:
            self.write(across, down, sign, style)
            return
        if self._owners[down][across] != self._num_lines:
            self.write(across, down, " ", style)
            self._owners[down][across] = self._num_lines
        self._bits[down][across] |= DOTS[row % 4][column % 2]


def _joined(signs: Iterator[Piece]) -> Iterator[Piece]:
    for style, group in groupby(signs, key=lambda piece: piece[1]):
        yield "".join(sign for sign, _ in group), style
