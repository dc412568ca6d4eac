"""Growing batches: published values, and rules that hold for any number of epochs and phases."""

from itertools import product

import pytest

from phi_core.schedules.batch_growth import (
    Growth,
    golden_batch,
    golden_phase_batch,
    phase_of_epoch,
    training_phases,
)


def by_epoch(base: int, epochs: int, phases: int, largest: int | None = None) -> list[int]:
    """The batch of every epoch of ten records each."""
    growth = Growth(base, "golden_phases", phases, largest)
    return [growth.size(10 * epoch, 10 * epochs, epoch_records=10) for epoch in range(epochs)]


@pytest.mark.parametrize(
    ("progress", "batch"),
    [
        (0, 16),
        (0.1, 17),
        (0.2, 18),
        (0.3, 19),
        (0.4, 21),
        (0.5, 22),
        (0.6, 24),
        (2 / 3, 25),
        (0.9, 25),
        (1, 25),
        (7, 25),
    ],
)
def test_the_guide_s_rule_has_its_published_values(progress: float, batch: int) -> None:
    assert golden_batch(16, progress, phases=3, largest=32) == batch


def test_the_guide_s_rule_ends_at_phi_times_the_base() -> None:
    assert golden_batch(1000, 1, phases=3) == 1618
    assert golden_batch(8, 1, phases=3, largest=128) == 12
    assert golden_batch(1000, 1, phases=3, largest=1200) == 1200


def test_the_library_s_rule_has_its_published_values() -> None:
    assert [golden_phase_batch(16, phase, largest=32) for phase in range(3)] == [16, 25, 32]
    assert [golden_phase_batch(8, phase, largest=128) for phase in range(3)] == [8, 12, 20]
    assert [golden_phase_batch(1, phase) for phase in range(5)] == [1, 1, 2, 4, 6]


@pytest.mark.parametrize(
    ("epochs", "batches"),
    [
        (3, [8, 12, 20]),
        (5, [8, 12, 12, 20, 20]),
        (8, [8, 8, 8, 12, 12, 20, 20, 20]),
        (10, [8] * 3 + [12] * 3 + [20] * 4),
    ],
)
def test_the_phases_of_the_epochs_have_their_published_batches(epochs: int, batches: list[int]) -> None:
    assert by_epoch(8, epochs, 3, 128) == batches


@pytest.mark.parametrize(
    ("epochs", "phases"),
    [
        (1, (1, 0)),
        (2, (1, 1)),
        (3, (1, 2)),
        (5, (1, 4)),
        (8, (3, 5)),
        (10, (3, 7)),
        (13, (4, 9)),
        (21, (8, 13)),
        (100, (38, 62)),
    ],
)
def test_training_phases_are_the_published_ones(epochs: int, phases: tuple[int, int]) -> None:
    assert training_phases(epochs) == phases


@pytest.mark.parametrize("epochs", [0, -1])
def test_no_epoch_has_no_phase(epochs: int) -> None:
    with pytest.raises(ValueError, match="at least 1 epoch"):
        training_phases(epochs)


def test_no_number_of_epochs_and_phases_raises_or_lowers_a_batch() -> None:
    for epochs, phases in product([*range(1, 31), 1000], [*range(1, 13), 1000]):
        for largest in (None, 64):
            batches = by_epoch(8, epochs, phases, largest)
            assert batches == sorted(batches) and batches[0] == 8
            assert all(0 <= phase_of_epoch(e, epochs=epochs, phases=phases) < phases for e in range(epochs))
            assert phases > 1 or set(batches) == {8}
            growth = Growth(8, "golden", phases, largest)
            sizes = [growth.size(done, 100, epoch_records=100) for done in range(0, 101, 10)]
            assert sizes == sorted(sizes) and sizes[0] == 8 and sizes[-1] <= growth.largest_size
            assert phases > 1 or set(sizes) == {8}


@pytest.mark.parametrize(("epochs", "phases"), [(2, 3), (3, 4), (3, 5)])
def test_more_phases_than_epochs_crash_nothing(epochs: int, phases: int) -> None:
    """The library divided by zero here."""
    assert by_epoch(8, epochs, phases) == [8, 12, 20][:epochs]
