"""Seeded sides, in order, and no record on both."""

from random import Random

import pytest

from phi_core.chat.messages import Message
from phi_core.data.records import Record, content_hash
from phi_core.data.split import Split, split
from phi_core.errors import DataError


def _records(*contents: object) -> list[Record]:
    return [
        Record((Message("assistant", str(content)),), "a.jsonl", line)
        for line, content in enumerate(contents, start=1)
    ]


def _lines(records: tuple[Record, ...]) -> list[int]:
    return [record.line for record in records]


@pytest.mark.parametrize("fraction", [0.001, 0.1, 0.25, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("count", [2, 3, 10, 101])
def test_validation_is_the_rounded_fraction_but_never_none_and_never_all(count: int, fraction: float) -> None:
    sides = split(_records(*range(count)), validation_fraction=fraction, seed=1)
    assert len(sides.validation) == min(max(1, round(fraction * count)), count - 1)
    assert sorted(_lines(sides.train) + _lines(sides.validation)) == list(range(1, count + 1))


def test_each_side_keeps_the_order_of_the_file() -> None:
    sides = split(_records(*range(50)), validation_fraction=0.4, seed=3)
    assert _lines(sides.train) == sorted(_lines(sides.train))
    assert _lines(sides.validation) == sorted(_lines(sides.validation))


def test_a_seed_always_gives_the_same_split_on_every_python() -> None:
    sides = split(_records(*range(20)), validation_fraction=0.2, seed=42)
    assert _lines(sides.validation) == [2, 10, 13, 20]
    assert sides == split(_records(*range(20)), validation_fraction=0.2, seed=42)


def test_another_seed_gives_another_split() -> None:
    sides = [split(_records(*range(50)), validation_fraction=0.2, seed=seed) for seed in range(5)]
    assert len({side.validation for side in sides}) == 5


@pytest.mark.parametrize("seed", range(40))
def test_identical_records_always_stand_on_the_same_side(seed: int) -> None:
    draw = Random(seed)
    records = _records(*(draw.randrange(8) for _ in range(30)))
    sides = split(records, validation_fraction=draw.choice([0.01, 0.1, 0.5, 0.95]), seed=seed)
    assert sides.train and sides.validation
    assert len(sides.train) + len(sides.validation) == len(records)
    assert not {content_hash(record) for record in sides.train} & {
        content_hash(record) for record in sides.validation
    }


def test_if_no_group_fits_the_smallest_is_held_out() -> None:
    sides = split(_records("a", "a", "a", "b", "b"), validation_fraction=0.1, seed=0)
    assert _lines(sides.validation) == [4, 5]


def test_a_fraction_of_zero_holds_nothing_out() -> None:
    records = _records("a", "b")
    assert split(records, validation_fraction=0, seed=0) == Split(tuple(records), ())
    assert split(records[:1], validation_fraction=0, seed=0).train == tuple(records[:1])
    assert split([], validation_fraction=0, seed=0) == Split((), ())


@pytest.mark.parametrize(
    ("contents", "words"), [("", "0 records"), ("a", "1 record"), ("aaa", "3 records of the same")]
)
def test_records_that_cannot_stand_on_two_sides_are_refused(contents: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        split(_records(*contents), validation_fraction=0.1, seed=0)
    assert words in str(caught.value)
    assert "validation_fraction" in str(caught.value) and "validation_path" in str(caught.value)
