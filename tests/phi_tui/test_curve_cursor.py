"""The cursor, the window and the axis of a curve: plain functions, and what is told is what the file has."""

import json
import random
from array import array
from dataclasses import replace
from pathlib import Path

import pytest
from run_factory import add_event, make_run, step_data

from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run
from phi_tui.curve_view import CurveView, cursor_x, limits, moved, other_axis, smoother, unzoomed, zoomed
from phi_tui.metrics import METRICS, Drawn, curves, exact
from phi_tui.run_tracks import Track, clock, seen, smooth, track, whole


def _track(values: list[float]) -> Track:
    steps = range(1, len(values) + 1)
    return Track(steps, steps, array("d", values))


def test_the_cursor_begins_at_the_end_and_moves_a_column_but_at_least_a_step() -> None:
    few, many = _track([1.0] * 20), _track([1.0] * 1000)
    first = moved(CurveView(), -1, few, 80, whole([few]))
    assert first.cursor == 20
    assert moved(first, -1, few, 80, whole([few])).cursor == 19
    assert moved(first, -10, few, 80, whole([few])).cursor == 10
    assert moved(first, -99, few, 80, whole([few])).cursor == 1
    start = replace(CurveView(), cursor=1000)
    assert moved(start, -1, many, 100, whole([many])).cursor == 990
    assert moved(start, -10, many, 100, whole([many])).cursor == 900


def test_zooming_keeps_the_cursor_where_it_is_and_goes_on_with_a_live_curve_without_one() -> None:
    curve = _track([1.0] * 1000)
    at = zoomed(replace(CurveView(), cursor=500), 0.5, curve, whole([curve]))
    low, high = limits(at, whole([curve])) or (0, 0)
    assert high - low == pytest.approx(499.5) and low < 500 < high
    tail = zoomed(CurveView(), 0.5, curve, whole([curve]))
    assert (limits(tail, (1, 1000)) or ())[1] == 1000 and (limits(tail, (1, 1200)) or ())[1] == 1200
    assert limits(zoomed(tail, 2, curve, whole([curve])), (1, 1000)) is None
    assert unzoomed(at).length is None


def test_a_window_goes_along_with_a_cursor_that_leaves_it() -> None:
    curve = _track([1.0] * 1000)
    view = zoomed(zoomed(replace(CurveView(), cursor=500), 0.5, curve, (1, 1000)), 0.1, curve, (1, 1000))
    for _ in range(300):
        view = moved(view, -1, curve, 80, (1, 1000))
        low, high = limits(view, (1, 1000)) or (0, 0)
        assert low <= (view.cursor or 0) <= high
    assert view.cursor == 200


def test_closer_than_a_few_points_is_not_zoomed() -> None:
    curve = _track([1.0] * 100)
    view = replace(CurveView(), cursor=50)
    for _ in range(40):
        view = zoomed(view, 0.5, curve, (1, 100))
    low, high = limits(view, (1, 100)) or (0, 0)
    assert low <= 50 <= high and high - low > 1


@pytest.mark.parametrize("is_zoomed", [False, True])
def test_no_zoom_hides_a_spike_of_one_step(is_zoomed: bool) -> None:
    places = random.Random(7)
    for _ in range(60):
        values = [1.0 + places.random() for _ in range(20_000)]
        spike = places.randrange(len(values))
        values[spike] = 50.0
        low = places.randrange(0, spike + 1) if is_zoomed else 0
        high = places.randrange(spike, len(values)) if is_zoomed else len(values)
        points = seen(_track(values), (low + 1, high + 1))
        assert (spike + 1, 50.0) in points and len(points) <= 500


def test_smoothing_begins_with_the_first_value_and_keeps_steps() -> None:
    curve = smooth(_track([4.0, 2.0, 2.0]), 5)
    assert curve.values[0] == pytest.approx(4.0) and list(curve.steps) == [1, 2, 3]
    assert 2.0 < curve.values[2] < curve.values[1] < 4.0
    view = CurveView()
    assert [view := smoother(view), view.words][1] == "smoothed: half-life 5, factor 0.871"
    assert smoother(smoother(smoother(view))).half_life == 0


def test_tokens_and_time_are_summed_up_from_the_steps_own_fields(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path, "run", steps=20))
    by_tokens, by_time = clock(run, "tokens"), clock(run, "time")
    assert [by_tokens.place(step) for step in (0, 1, 3)] == [0.0, 100.0, 600.0]
    assert by_time.place(4) == 2.0
    validation = track(run, "evaluation", "validation_loss", by_time)
    assert list(validation.xs) == [5.0, 10.0]
    view = other_axis(replace(CurveView(), length=3.0))
    assert (view.axis, view.length) == ("tokens", None)


def test_what_stands_under_the_cursor_is_what_the_file_has(tmp_path: Path) -> None:
    path = make_run(tmp_path, "run", steps=40)
    add_event(path, "step", 41, **step_data(1 / 3, 41))
    run = read_run(path)
    lines = [json.loads(line) for line in RunLayout(path).events.read_text().splitlines()]
    along = clock(run, "step")
    drawn = Drawn(tuple(track(run, source.kind, source.field, along) for source in METRICS[0].sources))
    for step in (1, 17, 41):
        told = curves(METRICS[0], replace(CurveView(), cursor=step), [drawn]).told
        loss = next(line["loss"] for line in lines if line["kind"] == "step" and line["step"] == step)
        assert told[0] == f"training {json.dumps(loss)} at step {step}"
    assert told[1] == f"validation {_validation(lines, 40)} at step 40"


def _validation(lines: list[dict[str, object]], step: int) -> str:
    return next(
        json.dumps(line["validation_loss"])
        for line in lines
        if line["kind"] == "evaluation" and line["step"] == step
    )


@pytest.mark.parametrize("value", [0.1 + 0.2, 1e-300, 2e-4, -0.0, 812.0, 1e22])
def test_no_digit_is_lost(value: float) -> None:
    assert float(exact(value)) == value


def test_a_step_that_is_told_twice_counts_once(tmp_path: Path) -> None:
    path = make_run(tmp_path, "run", losses=[3.0, 2.0, 1.0])
    add_event(path, "step", 2, **step_data(9.0, 2))
    run = read_run(path)
    again = track(run, "step", "loss", clock(run, "step"))
    assert (list(again.steps), list(again.values)) == ([1, 2, 3], [3.0, 9.0, 1.0])


def test_values_that_are_not_finite_have_no_place_but_are_named(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path, "run", losses=[2.0, float("nan"), 1.0, float("inf")]))
    loss = track(run, "step", "loss", clock(run, "step"))
    assert list(loss.values) == [2.0, 1.0] and loss.odd_steps == (2, 4)
    shown = curves(METRICS[0], CurveView(), [Drawn((loss, Track()))])
    assert shown.warning == "not finite at steps 2, 4"


def test_a_run_without_any_value_can_be_looked_at_in_every_way() -> None:
    empty = Track()
    view = moved(zoomed(CurveView(), 0.5, empty, None), -10, empty, 80, None)
    assert cursor_x(view, empty) is None and view == CurveView()
    assert curves(METRICS[0], replace(view, cursor=3), [Drawn((empty, empty))]).told == ()
