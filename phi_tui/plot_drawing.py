"""Curves as rows of coloured text: a header, the curves beside their values, the axis with its marks and labels.

Pure; knows no widget. Values arrive finite or not: nothing here can fail on them.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle

from rich.cells import cell_len, set_cell_size

from phi_core.runs.series import finite, not_finite_note, thinned
from phi_tui.canvas import Canvas, Piece, Place
from phi_tui.run_text import duration
from phi_tui.series import Curves, Line, Mark

LEAST_WIDTH, LEAST_HEIGHT = 20, 6
MOST_TOLD = 4
LEGEND_HEIGHT = 10
"""Rows from which on the signs on the axis are explained under it."""
RICH = {"orange": "yellow", "gray": "white", "yellow": "bright_yellow"}
"""What the rich library calls colours of the terminal by."""
MARKS = {"validation": ("▴", "v"), "checkpoint": ("■", "c"), "asked": ("●", "a"), "note": ("!", "!")}
"""The signs of what happened, each with a plain one; the later covers the earlier where both are in one column."""
MARK_WORDS = {"note": "spike or note"}
MARK_STYLES = {"validation": "yellow", "checkpoint": "green", "asked": "magenta", "note": "bold red"}
PLAIN_SIGNS, PLAIN_POINT = "*x#%=", "o"
DENSE = 0.5
"""Points, or validations on the axis, that take more than this part of the width would hide what they are to show."""
Row = list[Piece]
Range = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """The part of the plane that is shown: x from left to right, values from low to high, perhaps as logarithms."""

    xs: Range
    values: Range
    is_logarithmic: bool

    def place(self, x: float, value: float) -> Place:
        height = math.log10(value) if self.is_logarithmic else value
        return share(x, self.xs), share(height, self.values)


def share(value: float, limits: Range) -> float:
    """Where between two limits a value lies, from 0 to 1; the middle of limits that are the same."""
    low, high = limits
    spread = high / 2 - low / 2  # the difference of the largest floats is beyond them
    return min(1.0, max(0.0, (value / 2 - low / 2) / spread)) if spread > 0 else 0.5


def drawn(curves: Curves, width: int, height: int, *, is_plain: bool = False) -> list[Row]:
    """At most `height` rows, none wider than `width`."""
    lines = [replace(line, points=_seen(line, curves.limits)) for line in curves.lines]
    rows = height - len(_headers(curves, (), width, is_plain=is_plain))
    if not any(line.points for line in lines) or rows < LEAST_HEIGHT - 1 or width < LEAST_WIDTH:
        words = "" if curves.has_points else curves.when_empty
        empty = [(set_cell_size(words, min(cell_len(words), max(width, 0))), "dim")]
        return [*_headers(curves, (), width, is_plain=is_plain), empty][: max(height, 0)]
    frame = _frame(curves, lines)
    marks = _shown_marks(curves, frame, width)
    legend = _legend(_uppermost(marks, frame, width), is_plain=is_plain)
    has_row = bool(legend) and rows >= LEGEND_HEIGHT
    canvas_rows = _framed(curves, lines, frame, marks, (width, rows - has_row), is_plain=is_plain)
    header = _headers(curves, () if has_row else legend, width, is_plain=is_plain)
    return [*header, *canvas_rows, *([_cut([("  ", ""), *legend], width)] if has_row else [])]


def log_axis_note(curves: Curves) -> str:
    """Why the axis stays linear although logarithmic was asked, "" if it does not."""
    lowest = min((value for line in curves.lines for _, value in finite(line.points)), default=1.0)
    return "linear axis: a logarithm needs values above 0" if curves.is_logarithmic and lowest <= 0 else ""


def labels(values: Sequence[float]) -> list[str]:
    """The values in as few digits as tell them apart."""
    for digits in range(3, 8):
        texts = [f"{value:.{digits}g}" for value in values]
        if len(set(texts)) == len(values):
            break
    return texts


def x_label(axis: str, value: float) -> str:
    """A place on the axis: a step, tokens as 1.2M, or how long the steps took."""
    if axis == "time":
        return duration(value) if value >= 60 else f"{value:.3g}s"
    if axis == "tokens":
        size = next(((f, name) for f, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if abs(value) >= f), None)
        return f"{value / size[0]:.3g}{size[1]}" if size else str(round(value))
    return str(round(value))


def _seen(line: Line, limits: Range | None) -> tuple[tuple[float, float], ...]:
    points = finite(line.points)
    if limits is not None:
        points = tuple(point for point in points if limits[0] <= point[0] <= limits[1])
    return thinned(points)


def _framed(
    curves: Curves,
    lines: Sequence[Line],
    frame: Frame,
    marks: Sequence[Mark],
    size: tuple[int, int],
    *,
    is_plain: bool,
) -> Iterator[Row]:
    """The curves beside the labels of their values, the axis, the labels of the axis."""
    height = size[1] - 2
    ticks = _value_labels(frame, height)
    margin = max(map(len, ticks.values())) + 1
    canvas = Canvas(size[0] - margin, height, is_plain=is_plain)
    _draw(canvas, curves, lines, frame, is_plain=is_plain)
    for row in range(height):
        edge = "┤" if row in ticks else "│"
        yield [(ticks.get(row, "").rjust(margin - 1), ""), (edge, ""), *canvas.row(row)]
    yield [(" " * (margin - 1) + "└", ""), *_axis(curves, marks, frame, canvas, is_plain=is_plain)]
    yield [(" " * margin + _x_labels(curves, frame, canvas), "")]


def _frame(curves: Curves, lines: Sequence[Line]) -> Frame:
    values = [value for line in lines for _, value in line.points]
    is_logarithmic = curves.is_logarithmic and min(values) > 0
    heights = [math.log10(value) for value in values] if is_logarithmic else values
    xs = [x for line in lines for x, _ in line.points]
    return Frame(curves.limits or (min(xs), max(xs)), (min(heights), max(heights)), is_logarithmic)


def _draw(canvas: Canvas, curves: Curves, lines: Sequence[Line], frame: Frame, *, is_plain: bool) -> None:
    letters = []
    signs = cycle(PLAIN_SIGNS)
    for line in sorted(lines, key=lambda line: not line.is_behind):
        places = [frame.place(x, value) for x, value in line.points]
        style, sign = _style(line), "." if line.is_behind else PLAIN_POINT if line.dotted else next(signs)
        if line.dotted and len(places) <= canvas.width * DENSE:
            canvas.points(places, style, PLAIN_POINT if is_plain else "•")
        else:
            canvas.line(places, style, sign)
        if line.letter and places:
            letters.append((canvas.cell(places[-1]), line.letter, f"bold {style}"))
    if curves.cursor is not None:
        canvas.upright(share(curves.cursor, frame.xs), "dim", "│")
    for (column, row), letter, style in letters:
        canvas.write(column, row, letter, style)


def _style(line: Line) -> str:
    colour = RICH.get(line.colour, line.colour)
    return f"dim {colour}" if line.is_behind else colour


def _value_labels(frame: Frame, height: int) -> dict[int, str]:
    """The labels beside the curves, by row."""
    low, high = frame.values
    count = 1 if low == high else max(2, min(6, (height - 1) // 3 + 1))
    rows = (
        [round(place * (height - 1) / (count - 1)) for place in range(count)] if count > 1 else [height // 2]
    )
    heights = (
        [high * (1 - row / (height - 1)) + low * (row / (height - 1)) for row in rows] if count > 1 else [low]
    )
    values = [10**value for value in heights] if frame.is_logarithmic else heights
    return dict(zip(rows, labels(values), strict=True))


def _axis(curves: Curves, marks: Sequence[Mark], frame: Frame, canvas: Canvas, *, is_plain: bool) -> Row:
    signs: list[Piece] = [("─", "")] * canvas.width
    for mark in marks:
        column, _ = canvas.cell((share(mark.x, frame.xs), 0.0))
        signs[column] = (MARKS[mark.kind][is_plain], MARK_STYLES[mark.kind])
    if curves.cursor is not None:
        column, _ = canvas.cell((share(curves.cursor, frame.xs), 0.0))
        if signs[column][0] == "─":
            signs[column] = ("┴", "bold")
    return signs


def _shown_marks(curves: Curves, frame: Frame, width: int) -> list[Mark]:
    """Those in sight, the weightier later; no validations where they would be everywhere."""
    order = list(MARKS)
    seen = [mark for mark in curves.marks if frame.xs[0] <= mark.x <= frame.xs[1] and mark.kind in MARKS]
    if sum(mark.kind == "validation" for mark in seen) > width * DENSE:
        seen = [mark for mark in seen if mark.kind != "validation"]
    return sorted(seen, key=lambda mark: order.index(mark.kind))


def _uppermost(marks: Sequence[Mark], frame: Frame, width: int) -> list[str]:
    """The kinds of the marks that no other covers."""
    kinds = {round(share(mark.x, frame.xs) * (width - 1)): mark.kind for mark in marks}
    return [kind for kind in MARKS if kind in kinds.values()]


def _legend(kinds: Sequence[str], *, is_plain: bool) -> Row:
    return [
        piece
        for kind in kinds
        for piece in (
            (MARKS[kind][is_plain], MARK_STYLES[kind]),
            (f" {MARK_WORDS.get(kind, kind)}   ", "dim"),
        )
    ]


def _x_labels(curves: Curves, frame: Frame, canvas: Canvas) -> str:
    low, high = frame.xs
    count = max(2, min(9, canvas.width // 14))
    places = [low * (1 - part / (count - 1)) + high * (part / (count - 1)) for part in range(count)]
    if curves.x_axis == "step":
        places = [float(place) for place in sorted({round(place) for place in places})]
    row = ""
    for place in places:
        text = x_label(curves.x_axis, place)
        middle, _ = canvas.cell((share(place, frame.xs), 0.0))
        start = max(0, min(middle - len(text) // 2, canvas.width - len(text)))
        if not row or start > len(row):
            row = row.ljust(start) + text
    return row[: canvas.width]


def _headers(curves: Curves, legend: Sequence[Piece], width: int, *, is_plain: bool) -> list[Row]:
    """One line with legends and notes, or what stands under the cursor in as many as that takes, at most MOST_TOLD."""
    if curves.told:
        return [_cut([(line, "bold")], width) for line in _wrapped(curves.told, width)][:MOST_TOLD]
    return [_cut([*_header(curves, is_plain=is_plain), *legend], width)]


def _header(curves: Curves, *, is_plain: bool) -> Iterator[Piece]:
    yield curves.title, "bold"
    yield "  ", ""
    legend = {(line.name, line.dotted): line for line in curves.lines if line.name and not line.is_behind}
    for line in legend.values():
        sign = ("•", PLAIN_POINT) if line.dotted else ("─", PLAIN_SIGNS[0])
        yield f"{sign[is_plain]} ", "" if line.letter else _style(line)
        yield f"{line.name}  ", ""
    warnings = [curves.warning, *(not_finite_note(line.points) for line in curves.lines)]
    warning = " · ".join(dict.fromkeys(filter(None, warnings)))
    if warning:
        yield f"{warning}  ", "bold red"
    notes = " · ".join(filter(None, (log_axis_note(curves), curves.note)))
    if notes:
        yield f"{notes}  ", "dim"


def _wrapped(parts: Sequence[str], width: int) -> Iterator[str]:
    """Parts beside each other, as many in a line as fit."""
    line = ""
    for part in parts:
        longer = f"{line} · {part}" if line else part
        if line and cell_len(longer) > width:
            yield line
            longer = part
        line = longer
    yield line


def _cut(pieces: Sequence[Piece], width: int) -> Row:
    """The pieces as far as they fit, … where they go on."""
    row, left = [], max(width, 0)
    for text, style in pieces:
        size = cell_len(text)
        if size > left:
            row.append((f"{set_cell_size(text, left - 1).rstrip()}…" if left else "", style))
            break
        row.append((text, style))
        left -= size
    return row
