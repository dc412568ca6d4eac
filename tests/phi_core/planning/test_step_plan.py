"""The flat step plan: every sample once an epoch, the same plan from the same arguments."""

from array import array
from collections import Counter
from dataclasses import replace

import pytest

from phi_core.data.record_order import SHUFFLED, Ordering, num_distinct
from phi_core.planning.courses import progress
from phi_core.planning.step_plan import Budget, Mixing, StepPlan, make_step_plan, micro_batches
from phi_core.schedules.batch_growth import Growth


def plan(
    count: int = 10,
    *,
    epochs: float = 3,
    effective: int = 4,
    seed: int = 42,
    max_steps: int | None = None,
    max_tokens: int | None = None,
    mixing: Mixing | None = None,
    growth: Growth | None = None,
    ordering: Ordering = SHUFFLED,
) -> StepPlan:
    return make_step_plan(
        [5 + index for index in range(count)],
        budget=Budget(epochs, max_steps, max_tokens),
        growth=growth or Growth(effective),
        seed=seed,
        mixing=mixing,
        ordering=ordering,
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


def growing(base: int = 4, phases: int = 3, largest: int | None = None, *, rule: str = "golden") -> Growth:
    return Growth(base, rule, phases, largest)


def test_a_growing_batch_loses_no_sample_and_crosses_no_epoch() -> None:
    for rule in ("golden", "golden_phases"):
        made = plan(37, epochs=6, growth=growing(rule=rule))
        assert Counter(made.order) == dict.fromkeys(range(37), 6)
        assert made.order == plan(37, epochs=6).order
        assert [made.ends[steps] for steps in made.epoch_ends] == [37 * epoch for epoch in range(1, 7)]
        assert made.num_steps < plan(37, epochs=6).num_steps


def test_a_growing_batch_is_that_of_the_records_seen() -> None:
    growth = growing(16, largest=32)
    made = plan(1000, epochs=1, growth=growth)
    sizes = [growth.size(round(place * 1000), 1000, epoch_records=1000) for place in progress(made)]
    assert list(made.sizes)[:-1] == sizes[:-1]
    assert (made.sizes[0], max(made.sizes)) == (16, 25)


def test_batches_by_phase_are_those_of_the_epochs() -> None:
    made = plan(240, epochs=10, growth=growing(8, largest=128, rule="golden_phases"))
    starts = [0, *made.epoch_ends[:-1]]
    assert [made.sizes[start] for start in starts] == [8] * 3 + [12] * 3 + [20] * 4


@pytest.mark.parametrize("rule", ["golden", "golden_phases"])
@pytest.mark.parametrize("count", [3, 10, 64, 1000])
@pytest.mark.parametrize("max_steps", [1, 2, 7, 40, 133])
def test_a_grown_run_cut_by_steps_has_exactly_so_many_and_is_fully_grown(
    rule: str, count: int, max_steps: int
) -> None:
    growth = growing(4, rule=rule)
    made = plan(count, epochs=1000, growth=growth, max_steps=max_steps)
    assert made.num_steps == max_steps
    whole_epochs = made.ends[-1] // count
    if rule == "golden" and count >= 64 and max_steps >= 7:
        assert max(made.sizes) == growth.largest_size == 6
        at_full = sum(size == 6 for size in made.sizes)
        assert at_full >= max_steps * 0.2, "the last third of the records has the full batch"
    if rule == "golden_phases" and count >= 64 and whole_epochs >= 5:
        assert max(made.sizes) == growth.largest_size == 10


def test_steps_beyond_the_epochs_lengthen_no_grown_run() -> None:
    assert plan(growth=growing(), max_steps=10**30) == plan(growth=growing())


def test_more_phases_than_any_number_can_count_make_whole_epochs_of_steps() -> None:
    made = plan(10, epochs=8, growth=growing(phases=100), max_steps=12)
    assert made.num_steps <= 12 and max(made.sizes) == 10


def test_a_weighted_plan_grows_too() -> None:
    sources = [0] * 40 + [1] * 4
    for max_steps in (None, 30):
        made = plan(
            44,
            epochs=20,
            mixing=Mixing(sources, weights=(0.6, 0.4)),
            growth=growing(8),
            max_steps=max_steps,
        )
        assert (made.sizes[0], max(made.sizes)) == (8, 12)
        assert max_steps is None or made.num_steps == max_steps


def test_without_growth_a_plan_has_the_hash_that_it_always_had() -> None:
    assert plan().hash == "0a334aa830747e8973f48c68c3939334980f2df857fec9ed513929a0104673e3"


def test_a_longer_plan_begins_like_the_shorter_one_and_another_does_not() -> None:
    short, long = plan(50, max_steps=5), plan(50, max_steps=9)
    assert long.begins_like(short, 5) and short.begins_like(long, 5) and short.begins_like(long, 0)
    assert not short.begins_like(long, 6), "it has only five steps"
    assert not plan(50, seed=1).begins_like(short, 1)
    assert not plan(50, effective=5).begins_like(short, 1)
    assert not plan(51).begins_like(plan(50), 0)
    grown = [plan(50, epochs=9, max_steps=steps, growth=growing(phases=9)) for steps in (10, 40)]
    assert not grown[1].begins_like(grown[0], 10), "a grown plan of another length grows slower"


def test_the_order_of_records_can_be_as_given_or_by_length() -> None:
    as_given = plan(ordering=Ordering("as_given"))
    assert list(as_given.order) == [*range(10)] * 3
    shortest = plan(ordering=Ordering("shortest_first"), max_tokens=200)
    assert [shortest.lengths[i] for i in shortest.order[:10]] == sorted(shortest.lengths)


def test_fibonacci_weights_draw_few_distinct_records_of_many() -> None:
    made = plan(200, epochs=1, ordering=Ordering(weights="fibonacci"))
    assert len(made.order) == 200
    assert num_distinct(made.order, 200) == len(set(made.order)) < 20
