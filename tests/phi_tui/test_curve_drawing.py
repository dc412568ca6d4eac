"""Curves as text: every spike is drawn, marks stand where they belong, and it can be read without colours and in ASCII."""

import pytest
from rich.cells import cell_len

from phi_tui.canvas import Canvas
from phi_tui.plot_drawing import MARKS, Row, drawn, x_label
from phi_tui.series import Curves, Line, Mark

WIDTH, HEIGHT = 78, 12
FALLING = tuple((step, 3.0 - step / 100) for step in range(1, 101))


def _texts(rows: list[Row]) -> list[str]:
    return ["".join(text for text, _ in row) for row in rows]


def _drawn(curves: Curves, *, height: int = HEIGHT, is_plain: bool = False) -> list[str]:
    texts = _texts(drawn(curves, WIDTH, height, is_plain=is_plain))
    assert len(texts) == height and all(cell_len(text) <= WIDTH for text in texts)
    return texts


def test_a_spike_of_one_step_reaches_the_top_row_at_its_place() -> None:
    points = tuple((step, 50.0 if step == 700 else 1.0) for step in range(1, 10_001))
    rows = _drawn(Curves("loss", (Line("training", points),)))
    top = rows[1].partition("┤")[2]
    assert top.strip() and abs(next(at for at, sign in enumerate(top) if sign != " ") - 5) <= 1


def test_marks_stand_on_the_axis_and_the_weightier_covers() -> None:
    marks = (
        Mark(50, "validation"),
        Mark(50, "checkpoint"),
        Mark(100, "note"),
        Mark(1, "asked"),
        Mark(900, "note"),
    )
    rows = _drawn(Curves("loss", (Line("training", FALLING),), marks=marks))
    axis = next(row for row in rows if "└" in row).partition("└")[2]
    assert (axis[0], axis[-1]) == ("●", "!") and axis[len(axis) // 2 - 1 : len(axis) // 2 + 1].strip(
        "─"
    ) == "■"
    assert rows[-1].strip().split("   ") == ["■ checkpoint", "● asked", "! spike or note"]


def test_all_signs_are_explained_in_80_columns_also_where_the_plot_is_low() -> None:
    marks = tuple(Mark(10 * place, kind) for place, kind in enumerate(MARKS, start=1))
    for height in (9, 20):
        text = "\n".join(_drawn(Curves("loss", (Line("t", FALLING),), marks=marks), height=height))
        assert all(word in text for word in ("▴ validation", "■ checkpoint", "● asked", "! spike or note"))


def test_validations_that_would_be_everywhere_are_not_marked() -> None:
    marks = (*(Mark(step, "validation") for step in range(1, 101)), Mark(30, "checkpoint"))
    axis = next(row for row in _drawn(Curves("loss", (Line("t", FALLING),), marks=marks)) if "└" in row)
    assert "▴" not in axis and "■" in axis


def test_several_runs_are_told_apart_by_letters_without_colours() -> None:
    lines = tuple(Line("training", FALLING[: 20 * place], letter="ABCDE"[place - 1]) for place in range(1, 6))
    text = "\n".join(_drawn(Curves("loss", lines)))
    assert all(letter in text for letter in "ABCDE")


def test_what_stands_under_the_cursor_takes_the_place_of_the_legend() -> None:
    told = tuple(f"{letter} training 0.12345678901234567 at step 50" for letter in "ABCDE")
    rows = _drawn(Curves("loss", (Line("training", FALLING),), cursor=50, told=told), height=14)
    assert rows[0].startswith("A training 0.12345678901234567 at step 50") and "B training" in rows[1]
    assert sum("│" in row[8:] for row in rows) >= 5 and any("┴" in row for row in rows)


def test_the_recorded_curve_stays_dimly_behind_the_smoothed_one() -> None:
    noisy = tuple((step, value + 2 * (step % 2)) for step, value in FALLING)
    lines = (Line("training", noisy, is_behind=True), Line("training", FALLING))
    styles = {style for row in drawn(Curves("loss", lines), WIDTH, HEIGHT) for _, style in row}
    assert {"dim cyan", "cyan"} <= styles


def test_plain_signs_are_ascii_in_the_curves_and_tell_them_apart() -> None:
    lines = (Line("training", FALLING), Line("validation", ((50, 1.0), (100, 0.5)), dotted=True))
    marks = (Mark(50, "checkpoint"), Mark(70, "note"))
    rows = _drawn(Curves("loss", lines, marks=marks), is_plain=True)
    curves = "".join(row.replace("┤", "│").partition("│")[2] for row in rows[1:-3])
    assert curves.isascii() and {"*", "o"} <= set(curves)
    assert "* training  o validation" in rows[0] and "c checkpoint" in rows[-1]


@pytest.mark.parametrize(
    ("axis", "value", "words"),
    [
        *(("step", 812.2, "812"), ("tokens", 1_234_000.0, "1.23M"), ("tokens", 950.0, "950")),
        *(("tokens", 5e11, "500G"), ("time", 12.0, "12s"), ("time", 7200.0, "2h00m")),
    ],
)
def test_labels_of_the_axis_are_short(axis: str, value: float, words: str) -> None:
    assert x_label(axis, value) == words


def test_a_canvas_joins_neighbours_of_one_style() -> None:
    canvas = Canvas(4, 1)
    canvas.line([(0.0, 0.0), (0.4, 0.0)], "red")
    canvas.write(3, 0, "A", "bold")
    assert [style for _, style in canvas.row(0)] == ["red", "", "bold"]
    assert "".join(text for text, _ in canvas.row(0)) == "⣀⣀ A"


def test_a_later_line_has_its_cells_for_itself() -> None:
    canvas = Canvas(4, 1)
    canvas.line([(0.0, 1.0), (1.0, 1.0)], "dim")
    canvas.line([(0.0, 0.0), (0.4, 0.0)], "red")
    assert canvas.row(0) == [("⣀⣀", "red"), ("⠉⠉", "dim")]
