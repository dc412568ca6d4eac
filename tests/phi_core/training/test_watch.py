"""The watch: what is a spike and what is none, when patience ends, and that a rebuilt watch judges alike."""

import math
import random

import pytest

from phi_core.runs.events import Event
from phi_core.training.watch import AT_LEAST, WINDOW, Watch


def watch(patience: int | None = None, min_delta: float = 0.0) -> Watch:
    return Watch(patience=patience, min_delta=min_delta)


def spikes(losses: list[float]) -> list[int]:
    """Places of the losses that are told."""
    one = watch()
    return [place for place, loss in enumerate(losses) if one.spike(loss)]


def noisy(count: int, seed: int = 0) -> list[float]:
    draws = random.Random(seed)
    return [2.0 + draws.gauss(0, 0.1) for _ in range(count)]


def test_a_loss_far_above_the_recent_ones_is_told_once() -> None:
    assert spikes([*noisy(20), 9.0, *noisy(10, 1)]) == [20]


def test_spikes_in_a_row_are_one_and_a_later_one_is_another() -> None:
    assert spikes([*noisy(20), 9.0, 8.0, 9.5, *noisy(10, 1), 7.0]) == [20, 33]


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_no_spike(seed: int) -> None:
    assert spikes(noisy(1000, seed)) == []


def test_a_falling_loss_is_no_spike_and_neither_is_a_ripple_on_a_flat_one() -> None:
    assert spikes([5.0 * math.exp(-step / 30) for step in range(200)]) == []
    assert spikes([1.0] * 50 + [1.4] + [1.0] * 50) == []
    assert spikes([1.0] * 50 + [1.6]) == [50]


def test_nothing_is_judged_before_enough_was_seen() -> None:
    assert spikes([1.0] * (AT_LEAST - 1) + [100.0]) == []
    assert spikes([1.0] * AT_LEAST + [100.0]) == [AT_LEAST]


def test_a_new_level_is_told_once_and_then_usual() -> None:
    told = spikes([1.0] * 40 + [5.0] * 100)
    assert told == [40]


def test_an_infinite_loss_is_a_spike_and_spoils_nothing() -> None:
    assert spikes([*noisy(20), math.inf, *noisy(WINDOW, 1)]) == [20]


def test_the_sentence_has_the_loss_and_the_usual_one() -> None:
    one = watch()
    said = [one.spike(loss) for loss in [2.0] * 10 + [9.25]][-1]
    assert said == "loss spike: 9.25, where the 10 steps before have a median of 2"


def test_patience_ends_after_so_many_validations_without_improvement() -> None:
    one = watch(patience=3)
    losses = [3.0, 2.0, 2.1, 1.9, 1.9, 2.0, 1.95]
    said = [one.early_stop(10 * place, loss) for place, loss in enumerate(losses)]
    assert [bool(sentence) for sentence in said] == [False] * 6 + [True]
    assert said[-1] == (
        "early stopping at step 60: no improvement in 3 validations, the best was 1.9 at step 30"
    )


def test_an_improvement_must_exceed_the_minimum() -> None:
    slow = [2.0, 1.95, 1.9, 1.85]
    assert [bool(watch(2, 0.1).early_stop(1, loss)) for loss in slow] == [False] * 4
    one = watch(2, 0.2)
    assert [bool(one.early_stop(step, loss)) for step, loss in enumerate(slow)] == [False, False, True, True]


def test_without_patience_nothing_stops() -> None:
    one = watch()
    assert not any(one.early_stop(step, 1.0 + step) for step in range(100))


def test_a_loss_that_is_no_number_improves_nothing() -> None:
    one = watch(patience=2)
    assert [bool(one.early_stop(step, math.nan)) for step in range(2)] == [False, True]


def events(count: int) -> list[Event]:
    draws = random.Random(3)
    found = []
    for step in range(1, count + 1):
        spike = 40.0 if step % 37 == 0 else 0.0
        found.append(Event("step", step, 0.0, {"loss": 2 + draws.random() + spike}))
        if step % 5 == 0:
            found.append(Event("evaluation", step, 0.0, {"validation_loss": 2 + draws.random()}))
    return found


@pytest.mark.parametrize("cut", [0, 1, 9, 36, 37, 50, 99])
def test_a_watch_rebuilt_from_events_judges_as_one_that_never_stopped(cut: int) -> None:
    whole, rebuilt = watch(4), watch(4)
    told = events(100)
    before, after = told[:cut], told[cut:]
    whole.replay(before)
    judged = [judge(whole, event) for event in after]
    rebuilt.replay(before)
    assert [judge(rebuilt, event) for event in after] == judged
    assert any(judged)


def judge(one: Watch, event: Event) -> str:
    loss = event.number("loss")
    return one.spike(loss) if loss is not None else one.early_stop(event.step, event.data["validation_loss"])


def test_an_extension_gives_new_patience_and_keeps_the_best() -> None:
    losses = [1.0, 2.0, 2.0]
    told = [
        Event("evaluation", step, 0.0, {"validation_loss": loss}) for step, loss in enumerate(losses, start=1)
    ]
    without, extended = watch(2), watch(2)
    without.replay(told)
    assert without.verdict
    extended.replay([*told, Event("control", 3, 0.0, {"request": "extend", "steps": 5})])
    assert not extended.verdict
    assert [bool(extended.early_stop(step, 1.5)) for step in (4, 5)] == [False, True]
    assert "the best was 1 at step 1" in extended.verdict
