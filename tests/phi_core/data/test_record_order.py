"""The order of an epoch and Fibonacci weights: seeded, complete where they say so, and sound for any size."""

import math
from array import array
from collections import Counter

import pytest

from phi_core.data.fibonacci import EXACT_COUNT, fibonacci_weights
from phi_core.data.mixture import Indices
from phi_core.data.record_order import SHUFFLED, Ordering, epoch_order, num_distinct

SOURCES = array("B", [0, 1, 2, 1, 0, 2, 1, 1])
LENGTHS = [5, 3, 9, 3, 1, 7, 3, 8]


def order(
    ordering: Ordering = SHUFFLED, *, one_by_one: bool = False, seed: int = 1, epoch: int = 0
) -> Indices:
    return epoch_order(LENGTHS, SOURCES, one_by_one=one_by_one, seed=seed, epoch=epoch, ordering=ordering)


def test_an_epoch_takes_each_sample_once_together_or_source_by_source() -> None:
    together, in_turn = order(), order(one_by_one=True)
    assert sorted(together) == sorted(in_turn) == list(range(8))
    assert [SOURCES[sample] for sample in in_turn] == sorted(SOURCES)
    assert together != order(epoch=1) and together != order(seed=2)
    assert together == order()


def test_as_given_is_the_order_of_the_data_each_epoch() -> None:
    assert list(order(Ordering("as_given"))) == list(order(Ordering("as_given"), epoch=1)) == list(range(8))
    in_turn = order(Ordering("as_given"), one_by_one=True)
    assert list(in_turn) == sorted(range(8), key=lambda sample: (SOURCES[sample], sample))


def test_shortest_first_goes_by_length_and_shuffles_what_is_equally_long() -> None:
    orders = [order(Ordering("shortest_first"), epoch=epoch) for epoch in range(20)]
    for found in orders:
        assert sorted(found) == list(range(8))
        assert [LENGTHS[sample] for sample in found] == sorted(LENGTHS)
    assert len({tuple(found[1:4]) for found in orders}) > 1


def test_fibonacci_draws_with_replacement_by_weight_and_by_the_seed() -> None:
    drawn = order(Ordering(weights="fibonacci"))
    assert len(drawn) == 8 and drawn == order(Ordering(weights="fibonacci"))
    assert drawn != order(Ordering(weights="fibonacci"), epoch=1)
    counts = Counter(
        sample for epoch in range(2000) for sample in order(Ordering(weights="fibonacci"), epoch=epoch)
    )
    for sample, weight in enumerate(fibonacci_weights(8)):
        assert counts[sample] / 16_000 == pytest.approx(weight, abs=0.015)


def test_drawn_samples_are_ordered_too() -> None:
    assert list(order(Ordering("as_given", "fibonacci"))) == sorted(order(Ordering(weights="fibonacci")))
    lengths = [LENGTHS[sample] for sample in order(Ordering("shortest_first", "fibonacci"))]
    assert lengths == sorted(lengths)


def test_distinct_samples_are_counted() -> None:
    assert num_distinct([3, 3, 1], 5) == 2
    assert num_distinct([], 0) == 0


def test_fibonacci_weights_are_shares_of_fibonacci_numbers() -> None:
    assert fibonacci_weights(1) == (1.0,)
    assert fibonacci_weights(5) == pytest.approx([1 / 12, 1 / 12, 2 / 12, 3 / 12, 5 / 12])
    assert fibonacci_weights(100)[-3:] == pytest.approx([0.146, 0.236, 0.382], abs=1e-3)


def test_both_ways_to_compute_them_meet() -> None:
    numbers = [1, 1]
    while len(numbers) < EXACT_COUNT + 1:
        numbers.append(numbers[-1] + numbers[-2])
    exact = [number / sum(numbers) for number in numbers]
    assert fibonacci_weights(EXACT_COUNT + 1)[40:] == pytest.approx(exact[40:], rel=1e-12)


@pytest.mark.parametrize("count", [2, 80, 81, 185, 187, 1500, 10**6])
def test_they_are_finite_and_sum_to_1_where_the_seed_overflowed(count: int) -> None:
    weights = fibonacci_weights(count)
    assert len(weights) == count
    assert all(math.isfinite(weight) and weight >= 0 for weight in weights)
    assert math.fsum(weights) == pytest.approx(1, abs=1e-12)
    assert list(weights) == sorted(weights)
