"""The largest micro-batch of a plan, found in the plan itself."""

from array import array

import pytest

from phi_core.planning.longest_batch import LongestBatch, bounded_batch, longest_batch
from phi_core.planning.step_plan import StepPlan

LENGTHS = array("I", [10, 50, 20, 40, 30, 5])
STEPS = StepPlan(array("I", [0, 1, 2, 3, 4, 5]), array("I", [0, 3, 6]), (2,), LENGTHS)
"""Step 1: 10, 50, 20. Step 2: 40, 30, 5."""


def longest(batch_size: int, **changes: object) -> LongestBatch:
    return longest_batch(STEPS, **{"batch_size": batch_size, "padding_free": True, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(("size", "step", "tokens", "records"), [(1, 1, 50, 1), (2, 2, 70, 2), (3, 1, 80, 3)])
def test_it_has_most_tokens_of_all_micro_batches(size: int, step: int, tokens: int, records: int) -> None:
    assert longest(size) == LongestBatch(step, tokens, records, trained_tokens=tokens)


def test_padding_counts() -> None:
    assert longest(3, padding_free=False).tokens == 3 * 50


def test_trained_tokens_may_be_those_of_another_micro_batch() -> None:
    found = longest(1, trained=[10, 1, 1, 1, 1, 1])
    assert (found.tokens, found.trained_tokens) == (50, 10)


def test_several_processes_deal_a_step_out_before_it_is_cut() -> None:
    assert longest(2, num_processes=2).tokens == 50  # 10 and 20 are the other process's
    assert longest(2, num_processes=3).tokens == 50
    assert longest(2).tokens == 70


def test_the_bound_is_never_below_any_plan() -> None:
    for size in range(1, 7):
        for padding_free in (True, False):
            bound = bounded_batch(LENGTHS, batch_size=size, padding_free=padding_free)
            assert bound.tokens >= longest(size, padding_free=padding_free).tokens
