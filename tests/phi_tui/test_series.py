"""Plots: what is not finite is named, and no value makes one fail."""

import math

import pytest
from rich.cells import cell_len

from phi_tui.plot_drawing import Row, drawn, labels, log_axis_note
from phi_tui.series import Curves, Line


def test_a_log_axis_with_values_not_above_zero_explains_itself() -> None:
    curves = Curves("loss", (Line("l", ((1, 1.0), (2, 0.0))),), is_logarithmic=True)
    assert "above 0" in log_axis_note(curves)


def test_labels_tell_ticks_apart() -> None:
    assert labels([0.0002, 0.00019999]) == ["0.0002", "0.00019999"]


def _text(row: Row) -> str:
    return "".join(text for text, _ in row)


@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        [],
        [1.0],
        [math.nan],
        [math.inf, 1.0],
        [-math.inf] * 3,
        [0.0, -1.0],
        [1e300, 1e-300],
        [5.0] * 9,
        [-0.0, 0.0],
    ],
)
def test_no_value_makes_a_plot_fail(values: list[float], logarithmic: bool) -> None:
    lines = (
        Line("one", tuple(enumerate(values))),
        Line("two", tuple(enumerate(values)), "orange", dotted=True),
    )
    for width, height in ((60, 14), (20, 6), (3, 2), (1, 1), (200, 60)):
        rows = drawn(Curves("loss", lines, is_logarithmic=logarithmic), width, height)
        assert len(rows) <= height and all(cell_len(_text(row)) <= width for row in rows)


def test_a_plot_shows_the_step_that_is_not_finite() -> None:
    line = Line("training", ((1, 1.0), (2, math.nan), (3, 0.5)))
    assert "not finite at step 2" in _text(drawn(Curves("loss", (line,)), 60, 14)[0])
