"""Declared shares of the tokens at every moment, whole passes through each source, and what is reported of them."""

from itertools import islice
from random import Random

import pytest

from phi_core.data.mixture import (
    blended,
    drawn,
    golden_weights,
    largest_deviation,
    normalised,
    tokens_by_source,
    weights_for,
)
from phi_core.errors import DataError


@pytest.mark.parametrize(
    ("count", "weights"),
    [
        (1, (1.0,)),
        (2, (0.618, 0.382)),
        (3, (0.500, 0.309, 0.191)),
        (4, (0.447, 0.276, 0.171, 0.106)),
        (5, (0.420, 0.260, 0.160, 0.099, 0.061)),
    ],
)
def test_golden_weights_have_their_published_values(count: int, weights: tuple[float, ...]) -> None:
    assert golden_weights(count) == pytest.approx(weights, abs=1e-3)
    assert sum(golden_weights(count)) == pytest.approx(1, abs=1e-12)


def test_each_mixture_has_its_weights() -> None:
    assert weights_for("concatenated", [3, 1]) is None
    assert weights_for("sequential", [3, 1]) is None
    assert weights_for("proportional", [3, 1]) == (0.75, 0.25)
    assert weights_for("weighted", [3, 1], [1, 4]) == (0.2, 0.8)
    assert weights_for("golden", [3, 1]) == golden_weights(2)
    with pytest.raises(DataError, match="Known are concatenated, sequential"):
        weights_for("goldn", [3, 1])


@pytest.mark.parametrize("weights", [[0, 0], [-1, 2], [float("nan"), 1], [float("inf"), 1], []])
def test_weights_that_are_none_are_refused(weights: list[float]) -> None:
    with pytest.raises(DataError, match="mixture weights"):
        normalised(weights)


def test_huge_weights_are_still_shares() -> None:
    assert normalised([1e308, 1e308]) == (0.5, 0.5)


@pytest.mark.parametrize("weights", [[1.0], [1.0, 1.0, 1.0], []])
def test_one_weight_a_source_is_asked_for(weights: list[float]) -> None:
    with pytest.raises(DataError, match=f"{len(weights)} mixture weights for 2 sources"):
        weights_for("weighted", [5, 5], weights)


def test_a_source_that_has_a_weight_must_have_tokens() -> None:
    for lengths, sources in (([3, 0], [0, 1]), ([3], [0])):
        with pytest.raises(DataError, match=r"source 2 has weight 0\.5 and nothing to draw"):
            next(blended(lengths, sources, weights=[1, 1], seed=0, num_tokens=10))
    with pytest.raises(DataError, match="1 mixture weights for 2 sources"):
        next(blended([3, 3], [0, 1], weights=[1], seed=0, num_tokens=10))


@pytest.mark.parametrize("seed", range(120))
def test_at_every_moment_shares_are_within_the_stated_bounds(seed: int) -> None:
    """`w T - L <= t <= w T + (1 - w) l` after every draw, for any number of sources and any lengths and weights."""
    draw = Random(seed)
    num_sources = draw.choice([1, 2, 3, 5, 8, 20])
    longest = draw.choice([1, 2, 10, 1000])
    sources = [*range(num_sources), *(draw.randrange(num_sources) for _ in range(60))]
    lengths = [draw.choice([longest, draw.randint(1, longest)]) for _ in sources]
    weights = normalised([draw.random() ** draw.choice([0, 1, 4]) + 1e-3 for _ in range(num_sources)])
    own_longest = [
        max(lengths[i] for i, of in enumerate(sources) if of == source) for source in range(num_sources)
    ]
    tokens, total = [0] * num_sources, 0
    for sample in blended(lengths, sources, weights=weights, seed=seed, num_tokens=400 * longest):
        tokens[sources[sample]] += lengths[sample]
        total += lengths[sample]
        for done, weight, own in zip(tokens, weights, own_longest, strict=True):
            assert (
                weight * total - max(own_longest) - 1e-6 <= done <= weight * total + (1 - weight) * own + 1e-6
            )
    assert total >= 400 * longest


def test_the_golden_mix_of_1000_and_100_rows_keeps_its_shares_within_two_percent() -> None:
    draw = Random(0)
    lengths = [draw.randint(20, 400) for _ in range(1100)]
    sources = [0] * 1000 + [1] * 100
    weights = golden_weights(2)
    order = list(blended(lengths, sources, weights=weights, seed=7, num_tokens=sum(lengths)))
    assert largest_deviation(order, lengths, sources, weights=weights, after_tokens=50 * 400) < 0.02
    found = drawn(order, lengths, sources, num_sources=2)
    assert [each.share for each in found] == pytest.approx([0.618, 0.382], abs=0.002)
    assert found[0].repetitions == pytest.approx(0.68, abs=0.02)
    assert found[1].repetitions == pytest.approx(4.2, abs=0.25)


def test_a_source_gives_all_its_samples_in_each_pass_and_each_pass_in_a_new_order() -> None:
    sources = [0] * 5 + [1] * 40
    order = blended([1] * 45, sources, weights=[0.5, 0.5], seed=3, num_tokens=10**9)
    first = [sample for sample in islice(order, 60) if sample < 5]
    passes = [first[start : start + 5] for start in range(0, 30, 5)]
    assert all(sorted(each) == [0, 1, 2, 3, 4] for each in passes)
    assert len({tuple(each) for each in passes}) > 1


def test_the_order_depends_on_the_seed_alone() -> None:
    def order(seed: int) -> list[int]:
        return list(blended([2, 3, 4] * 20, [0, 1, 1] * 20, weights=[1, 2], seed=seed, num_tokens=500))

    assert order(1) == order(1) != order(2)


def test_drawing_ends_with_the_sample_that_reaches_the_tokens() -> None:
    lengths = [7] * 10
    for num_tokens, samples in ((1, 1), (7, 1), (8, 2), (70, 10), (71, 11), (0, 0)):
        order = blended(lengths, [0] * 10, weights=[1], seed=0, num_tokens=num_tokens)
        assert len(list(order)) == samples


def test_a_source_of_weight_zero_is_never_drawn() -> None:
    order = list(blended([1] * 30, [0, 1, 2] * 10, weights=[1, 0, 1], seed=0, num_tokens=1000))
    assert {sample % 3 for sample in order} == {0, 2}


def test_samples_without_tokens_are_passed_and_do_not_stop_the_draw() -> None:
    order = list(blended([0, 5, 0, 5], [0, 0, 1, 1], weights=[1, 1], seed=0, num_tokens=100))
    assert sum([0, 5, 0, 5][sample] for sample in order) == 100


def test_what_is_drawn_is_reported_by_source() -> None:
    lengths, sources = [10, 20, 30], [0, 1, 1]
    first, second, third = drawn([0, 0, 1, 0], lengths, sources, num_sources=3)
    assert (first.samples, first.tokens, first.share, first.repetitions) == (3, 30, 0.6, 3.0)
    assert (second.samples, second.tokens, second.share, second.repetitions) == (1, 20, 0.4, 0.4)
    assert (third.samples, third.tokens, third.share, third.repetitions) == (0, 0, 0.0, 0.0)
    assert tokens_by_source([0, 1, 2], lengths, sources, num_sources=2) == (10, 50)


def test_the_largest_deviation_is_looked_for_from_so_many_tokens_on() -> None:
    lengths, sources = [1, 1], [0, 1]
    assert largest_deviation([0, 1, 0], lengths, sources, weights=[1, 1], after_tokens=0) == 0.5
    assert largest_deviation([0, 1, 0], lengths, sources, weights=[1, 1], after_tokens=2) == pytest.approx(
        1 / 6
    )
    assert largest_deviation([], lengths, sources, weights=[1, 1], after_tokens=0) == 0
