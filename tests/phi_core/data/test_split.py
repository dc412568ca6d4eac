"""Seeded sides of positions, each source giving its share, and no content or group on two of them."""

import subprocess
import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from phi_core.data.split import Share, Split, golden_train, split
from phi_core.data.units import units
from phi_core.errors import DataError

PROJECT = Path(__file__).parents[3]


def _keys(*contents: object) -> list[bytes]:
    return [str(content).encode() for content in contents]


def _one_source(keys: Sequence[bytes], validation: Share, *, test: float | int = 0, seed: int = 1) -> Split:
    return split(keys, sources=[0] * len(keys), groups=None, validation=validation, test=test, seed=seed)


def _sizes(sides: Split) -> tuple[int, int, int]:
    return len(sides.train), len(sides.validation), len(sides.test)


@pytest.mark.parametrize("fraction", [0.001, 0.1, 0.25, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("count", [2, 3, 10, 101])
def test_validation_is_the_rounded_fraction_but_never_none_and_never_all(count: int, fraction: float) -> None:
    sides = _one_source(_keys(*range(count)), fraction)
    assert len(sides.validation) == min(max(1, round(fraction * count)), count - 1)
    assert sorted([*sides.train, *sides.validation]) == list(range(count))


def test_each_side_ascends() -> None:
    sides = _one_source(_keys(*range(50)), 0.4, test=0.2)
    for side in (sides.train, sides.validation, sides.test):
        assert side.typecode == "I" and list(side) == sorted(side)


def test_a_seed_always_gives_the_same_split_on_every_python() -> None:
    sides = _one_source(_keys(*range(20)), 0.2, seed=42)
    assert list(sides.validation) == [1, 9, 12, 19]
    assert sides == _one_source(_keys(*range(20)), 0.2, seed=42)


def test_a_split_does_not_depend_on_how_this_process_hashes() -> None:
    program = (
        "from phi_core.data.split import split\n"
        "keys = [b'%d' % (n % 700) for n in range(1000)]\n"
        "groups = [b'%d' % (n // 3) if n % 5 else b'' for n in range(1000)]\n"
        "print(list(split(keys, sources=[n % 3 for n in range(1000)], groups=groups, validation=0.3, seed=1).validation))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1


def test_another_seed_gives_another_split() -> None:
    sides = [_one_source(_keys(*range(50)), 0.2, seed=seed) for seed in range(5)]
    assert len({tuple(side.validation) for side in sides}) == 5


@pytest.mark.parametrize(
    ("count", "train"), [(2, 1), (3, 1), (5, 3), (10, 6), (100, 61), (1000, 618), (10**15, 618033988749894)]
)
def test_the_golden_split_trains_on_n_over_phi_rounded_down(count: int, train: int) -> None:
    assert golden_train(count) == train
    if count <= 1000:
        assert _sizes(_one_source(_keys(*range(count)), "golden")) == (train, count - train, 0)


def test_the_golden_split_divides_what_is_not_test() -> None:
    assert _sizes(_one_source(_keys(*range(110)), "golden", test=10)) == (61, 39, 10)
    assert _sizes(_one_source(_keys(*range(110)), "golden", test=0.1)) == (61, 38, 11)


@pytest.mark.parametrize(
    ("validation", "test", "expected"),
    [
        (7, 0, (93, 7, 0)),
        (0.2, 0.1, (70, 20, 10)),
        (0, 0.25, (75, 0, 25)),
        (30, 60, (10, 30, 60)),
        (0, 0, (100, 0, 0)),
    ],
)
def test_sides_are_as_large_as_asked_for(
    validation: Share, test: float | int, expected: tuple[int, int, int]
) -> None:
    sides = _one_source(_keys(*range(100)), validation, test=test)
    assert _sizes(sides) == expected
    assert sorted([*sides.train, *sides.validation, *sides.test]) == list(range(100))


def test_three_records_make_three_sides_of_one() -> None:
    assert _sizes(_one_source(_keys(*range(3)), 0.4, test=0.5)) == (1, 1, 1)


def test_every_source_gives_its_share() -> None:
    sources = [0] * 1000 + [1] * 100 + [2] * 10
    sides = split(_keys(*range(1110)), sources=sources, groups=None, validation=0.1, test=0.2, seed=3)
    assert Counter(sources[position] for position in sides.validation) == {0: 100, 1: 10, 2: 1}
    assert Counter(sources[position] for position in sides.test) == {0: 200, 1: 20, 2: 2}


@pytest.mark.parametrize("seed", range(30))
def test_shares_of_sources_are_within_one_of_exact_and_add_up(seed: int) -> None:
    draw = Random(seed)
    sources = [draw.randrange(5) ** 2 % 5 for _ in range(draw.randrange(30, 200))]
    wanted = draw.randrange(5, 20)
    sides = split(_keys(*range(len(sources))), sources=sources, groups=None, validation=wanted, seed=seed)
    taken = Counter(sources[position] for position in sides.validation)
    assert len(sides.validation) == wanted
    for source, count in Counter(sources).items():
        assert abs(taken[source] - wanted * count / len(sources)) < 1 or count == 1


def test_no_source_is_used_up_as_long_as_others_have_records() -> None:
    sources = [0, 1, 2, *[3] * 20]
    sides = split(_keys(*range(23)), sources=sources, groups=None, validation=0.4, seed=0)
    assert len(sides.validation) == 9 and {0, 1, 2} <= set(sides.train)


@pytest.mark.parametrize("seed", range(60))
def test_equal_keys_and_groups_stand_on_one_side_and_nothing_is_lost(seed: int) -> None:
    draw = Random(seed)
    count = 40
    keys = _keys(*(draw.randrange(35) for _ in range(count)))
    groups = _keys(*(draw.choice(["", "", draw.randrange(20)]) for _ in range(count))) if seed % 3 else None
    sources = [draw.randrange(3) for _ in range(count)]
    test = draw.choice([0, 0.1, 3])
    sides = split(
        keys,
        sources=sources,
        groups=groups,
        validation=draw.choice([0.01, 0.1, 0.5, "golden"]),
        test=test,
        seed=seed,
    )
    side_of = {
        position: name for name in ("train", "validation", "test") for position in getattr(sides, name)
    }
    assert sorted(side_of) == list(range(count)) and sum(_sizes(sides)) == count
    assert sides.train and sides.validation and bool(sides.test) == bool(test)
    for values in (keys, groups or []):
        for value in set(values) - {b""}:
            assert len({side_of[position] for position, other in enumerate(values) if other == value}) == 1


def test_units_join_what_keys_and_groups_join_together() -> None:
    keys, groups = _keys("a", "b", "c", "b", "d", "e"), _keys("", "", "g", "g", "h", "")
    assert list(units(keys, groups)) == [0, 1, 1, 1, 4, 5]
    assert list(units(keys)) == [0, 1, 2, 1, 4, 5]
    chain = (
        [b"%d" % (position // 2) for position in range(1000)],
        [b"%d" % ((position + 1) // 2) for position in range(1000)],
    )
    assert set(units(*chain)) == {0}


def test_duplicates_leave_the_number_exact_where_single_records_fill_up() -> None:
    keys = _keys(*(number // 7 for number in range(70)), *range(100, 130))
    for seed in range(20):
        assert len(_one_source(keys, 0.25, seed=seed).validation) == 25


def test_a_duplicate_in_another_source_stays_with_the_first() -> None:
    keys = _keys(*range(50), *range(50))
    sides = split(keys, sources=[0] * 50 + [1] * 50, groups=None, validation=0.2, seed=0)
    assert len(sides.validation) == 20
    assert {position % 50 for position in sides.validation}.isdisjoint(
        position % 50 for position in sides.train
    )


def test_if_no_group_fits_the_smallest_is_held_out() -> None:
    assert list(_one_source(_keys("a", "a", "a", "b", "b"), 0.1).validation) == [3, 4]


def test_the_train_side_is_left_with_a_unit_however_much_is_asked_for() -> None:
    sides = _one_source(_keys("a", "b", "c", *["d"] * 100), 99, test=3)
    assert sides.train and sides.validation and sides.test


def test_a_fraction_of_zero_holds_nothing_out() -> None:
    assert _one_source(_keys("a", "b"), 0) == Split(array("I", [0, 1]), array("I"), array("I"))
    assert list(_one_source(_keys("a"), 0.0).train) == [0]
    assert _sizes(_one_source([], 0)) == (0, 0, 0)


@pytest.mark.parametrize("validation", [0.1, 1, "golden"])
@pytest.mark.parametrize(
    ("contents", "words"), [("", "0 records"), ("a", "1 record"), ("aaa", "3 records of the same content")]
)
def test_records_that_cannot_stand_on_two_sides_are_refused(
    contents: str, words: str, validation: Share
) -> None:
    with pytest.raises(DataError) as caught:
        _one_source(_keys(*contents), validation)
    assert words in str(caught.value)
    assert "validation_fraction" in str(caught.value) and "validation_path" in str(caught.value)


def test_records_of_one_group_cannot_be_split() -> None:
    with pytest.raises(
        DataError, match="at least 2 different records, got 2 records of the same content or group"
    ):
        split(_keys("a", "b"), sources=[0, 0], groups=_keys("g", "g"), validation=0.5, seed=0)


def test_a_validation_and_a_test_side_need_three_different_records() -> None:
    with pytest.raises(DataError, match="at least 3 different records, got 4 records, 2 of them different"):
        _one_source(_keys("a", "b", "a", "b"), 0.2, test=0.2)


@pytest.mark.parametrize(
    ("validation", "test"),
    [
        (10, 0),
        (11, 0),
        (5, 5),
        (1.0, 0),
        (0.5, 0.5),
        (0.6, 4),
        (-1, 0),
        (-0.1, 0),
        (float("nan"), 0),
        (0.1, float("inf")),
    ],
)
def test_a_share_that_makes_no_sense_is_refused(validation: Share, test: float | int) -> None:
    with pytest.raises(DataError):
        _one_source(_keys(*range(10)), validation, test=test)
