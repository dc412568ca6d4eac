"""The flat step plan: every sample once an epoch, the same plan from the same arguments."""

from array import array
from collections import Counter
from dataclasses import replace

import pytest

from phi_core.planning.step_plan import Budget, Mixing, StepPlan, make_step_plan, micro_batches


def plan(
    count: int = 10,
    *,
    epochs: float = 3,
    effective: int = 4,
    seed: int = 42,
    max_steps: int | None = None,
    max_tokens: int | None = None,
    mixing: Mixing | None = None,
) -> StepPlan:
    return make_step_plan(
        [5 + index for index in range(count)],
        budget=Budget(epochs, max_steps, max_tokens),
        effective_batch_size=effective,
        seed=seed,
        mixing=mixing,
    )


def steps(made: StepPlan) -> list[tuple[int, ...]]:
    return [tuple(step) for step in made.steps()]


@pytest.mark.parametrize("count", [1, 3, 4, 5, 17])
@pytest.mark.parametrize("effective", [1, 4, 100])
def test_every_sample_is_seen_once_an_epoch(count: int, effective: int) -> None:
    made = plan(count, effective=effective)
    assert Counter(index for step in made.steps() for index in step) == dict.fromkeys(range(count), 3)
    start = 0
    for end in made.epoch_ends:
        assert sorted(index for step in steps(made)[start:end] for index in step) == list(range(count))
        start = end
    assert start == made.num_steps == 3 * -(-count // effective)


def test_only_an_epochs_last_step_is_smaller() -> None:
    made = plan()
    assert [len(step) for step in made.steps()] == [4, 4, 2] * 3


def test_each_epoch_has_its_own_order() -> None:
    made = plan(50, effective=50)
    assert len(set(steps(made))) == 3


def test_a_plan_is_the_same_each_time_and_on_every_python() -> None:
    assert plan() == plan()
    assert steps(plan())[:3] == [(9, 5, 2, 7), (0, 8, 3, 1), (6, 4)]
    assert plan().hash == plan().hash


def test_the_hash_tells_order_and_lengths_apart() -> None:
    base = plan()
    assert plan(seed=1).hash != base.hash
    assert plan(11).hash != base.hash
    assert plan(effective=5).hash != base.hash
    longer = replace(base, lengths=array("I", [length + 1 for length in base.lengths]))
    assert longer.hash != base.hash


@pytest.mark.parametrize(
    ("epochs", "sizes"),
    [(0.5, [4, 1]), (1.25, [4, 4, 2, 2]), (0.001, [1]), (1 + 1e-12, [4, 4, 2]), (0.1 + 0.2, [3])],
)
def test_a_fractional_epoch_takes_its_share_and_at_least_one_sample(epochs: float, sizes: list[int]) -> None:
    assert [len(step) for step in plan(epochs=epochs).steps()] == sizes


def test_a_fractional_epoch_begins_like_a_whole_one() -> None:
    assert steps(plan(epochs=0.5))[0] == steps(plan())[0]


@pytest.mark.parametrize("max_steps", [1, 3, 5, 9, 100])
def test_max_steps_cuts_and_never_lengthens(max_steps: int) -> None:
    made = plan(max_steps=max_steps)
    assert steps(made) == steps(plan())[:max_steps]
    assert made.epoch_ends == tuple(end for end in (3, 6, 9) if end <= max_steps)


def test_a_cut_run_of_very_many_epochs_is_not_laid_out_to_its_end() -> None:
    assert plan(epochs=100_000, max_steps=7).num_steps == 7


def test_epochs_done_are_samples_seen_over_samples() -> None:
    made = plan(epochs=1.5)
    assert [made.epoch_at(step) for step in range(made.num_steps + 1)] == [0, 0.4, 0.8, 1.0, 1.4, 1.5]


@pytest.mark.parametrize(
    ("every", "milestones"),
    [(None, (3, 6, 9)), (4, (4, 8, 9)), (9, (9,)), (100, (9,)), (1, tuple(range(1, 10)))],
)
def test_something_periodic_always_happens_at_the_last_step(
    every: int | None, milestones: tuple[int, ...]
) -> None:
    assert plan().milestones(every) == milestones


def test_a_run_that_is_cut_within_an_epoch_has_a_milestone_at_its_end() -> None:
    assert plan(max_steps=5).milestones(None) == (3, 5)


def test_micro_batches_lose_nothing_and_keep_the_order() -> None:
    assert micro_batches([7, 3, 2, 8, 5], 2) == [(7, 3), (2, 8), (5,)]
    assert micro_batches([], 2) == []


def test_the_largest_micro_batch_is_counted_in_tokens() -> None:
    made = plan()
    sizes = [sum(made.lengths[i] for i in micro) for step in made.steps() for micro in micro_batches(step, 2)]
    assert made.largest_micro_batch(2) == max(sizes)
    assert made.largest_micro_batch(100) == max(sum(made.lengths[i] for i in step) for step in made.steps())


def test_a_step_by_its_number_is_the_step_of_the_order() -> None:
    made = plan()
    assert [tuple(made.step(number)) for number in range(1, made.num_steps + 1)] == steps(made)


@pytest.mark.parametrize("max_tokens", [1, 20, 95, 96, 140, 10_000])
def test_max_tokens_ends_the_run_with_the_sample_that_reaches_it(max_tokens: int) -> None:
    made, whole = plan(max_tokens=max_tokens), plan()
    assert made.order == whole.order[: len(made.order)]
    assert made.total() >= min(max_tokens, whole.total())
    assert made.total() - made.lengths[made.order[-1]] < max_tokens


def test_sources_one_by_one_come_in_their_order_within_each_epoch() -> None:
    sources = [1, 0, 2] * 4
    made = plan(12, effective=5, mixing=Mixing(sources, one_by_one=True))
    assert [sources[index] for index in made.order] == sorted(sources) * 3
    assert len({tuple(made.order[start : start + 12]) for start in (0, 12, 24)}) == 3


def test_a_weighted_plan_has_its_shares_of_the_tokens_at_every_step() -> None:
    sources = [0] * 40 + [1] * 4
    made = plan(44, epochs=20, effective=4, mixing=Mixing(sources, weights=(0.618, 0.382)))
    drawn, longest = [0, 0], max(made.lengths)
    for step in made.steps():
        for index in step:
            drawn[sources[index]] += made.lengths[index]
        assert abs(drawn[0] / sum(drawn) - 0.618) <= longest / sum(drawn)
    assert sum(drawn) == made.total() >= 20 * sum(made.lengths)


def test_a_weighted_plan_has_epochs_where_as_many_samples_have_gone_by() -> None:
    sources = [0] * 6 + [1] * 4
    made = plan(10, effective=4, mixing=Mixing(sources, weights=(0.5, 0.5)))
    assert made.epoch_ends[:2] == (3, 5)
    assert made.epoch_at(5) == 2.0


def test_a_weighted_plan_is_cut_by_steps_and_by_tokens() -> None:
    mixing = Mixing([0] * 6 + [1] * 4, weights=(0.5, 0.5))
    assert plan(10, max_steps=2, mixing=mixing).num_steps == 2
    assert 50 <= plan(10, max_tokens=50, mixing=mixing).total() < 50 + 15
