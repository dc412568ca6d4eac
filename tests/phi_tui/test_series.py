"""Plots: what is not finite is named, and no value makes one fail."""

import math

import pytest
from rich.text import Text
from textual.geometry import Size

from phi_tui.series import Curves, Line
from phi_tui.widgets.plot import Plot, _labels, log_axis_note


def test_a_log_axis_with_values_not_above_zero_explains_itself() -> None:
    curves = Curves("loss", (Line("l", ((1, 1.0), (2, 0.0))),), is_logarithmic=True)
    assert "above 0" in log_axis_note(curves)


def test_labels_tell_ticks_apart() -> None:
    assert _labels([0.0002, 0.00019999]) == ["0.0002", "0.00019999"]


class _SizedPlot(Plot):
    size = Size(60, 14)


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
    plot = _SizedPlot()
    lines = (
        Line("one", tuple(enumerate(values))),
        Line("two", tuple(enumerate(values)), "orange", dotted=True),
    )
    assert isinstance(plot._text(Curves("loss", lines, is_logarithmic=logarithmic)), Text)


def test_a_plot_shows_the_step_that_is_not_finite() -> None:
    drawn = _SizedPlot()._text(Curves("loss", (Line("training", ((1, 1.0), (2, math.nan), (3, 0.5))),)))
    assert "not finite at step 2" in drawn.plain
