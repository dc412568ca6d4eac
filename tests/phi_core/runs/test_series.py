"""Curves for plots: few points, every spike."""

import math
import random

import pytest

from phi_core.runs.series import finite, not_finite_note, thinned


@pytest.mark.parametrize("most", [2, 3, 10, 200])
@pytest.mark.parametrize("count", [1, 2, 9, 1000, 12_345])
def test_thinning_keeps_at_most_so_many_points_in_order_with_highest_and_lowest(
    count: int, most: int
) -> None:
    noise = random.Random(count)
    points = [(step, noise.random()) for step in range(1, count + 1)]
    kept = thinned(points, most)
    assert len(kept) <= most and list(kept) == sorted(kept) and set(kept) <= set(points)
    values = [value for _, value in points]
    assert {min(values), max(values)} <= {value for _, value in kept}


@pytest.mark.parametrize("place", [0, 1, 499, 998, 999])
def test_a_single_spike_is_never_lost(place: int) -> None:
    points = [(step, 100.0 if step == place else 1.0) for step in range(1000)]
    assert (place, 100.0) in thinned(points, 20)


def test_few_points_are_left_alone() -> None:
    points = [(1, 1.0), (2, 3.0)]
    assert thinned(points, 2) == tuple(points)
    assert thinned([], 10) == ()


def test_what_no_plot_can_place_is_left_out_and_named() -> None:
    points = [(811, 1.0), (812, math.nan), (813, math.inf), (814, -math.inf), (815, math.nan)]
    assert finite(points) == thinned(points, 10) == ((811, 1.0),)
    assert not_finite_note(points) == "not finite at steps 812, 813, 814 and 1 more"
    assert not_finite_note(points[:2]) == "not finite at step 812"
    assert not_finite_note([]) == ""
