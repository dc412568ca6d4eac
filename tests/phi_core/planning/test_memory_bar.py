"""The bar of memory: its cells say the share, and too much never looks like just enough."""

import pytest

from phi_core.planning.memory_bar import memory_bar, memory_line


@pytest.mark.parametrize(
    ("needed", "free", "bar"),
    [
        (0.0, 8.0, "░░░░░░░░"),
        (4.0, 8.0, "████░░░░"),
        (8.0, 8.0, "████████"),
        (16.0, 8.0, "████▒▒▒▒"),
        (8.01, 8.0, "███████▒"),
        (1.0, 0.0, "▒▒▒▒▒▒▒▒"),
        (0.0, 0.0, "░░░░░░░░"),
    ],
)
def test_cells_are_shares(needed: float, free: float, bar: str) -> None:
    assert memory_bar(needed, free, width=8) == bar


@pytest.mark.parametrize(("needed", "free"), [(0.01, 23.4), (1.25, 1.0), (999.9, 1000.0)])
def test_the_line_fits_beside_a_name_in_80_columns(needed: float, free: float) -> None:
    assert len(memory_line(needed, free)) <= 80 - 13


def test_too_little_is_said_in_words() -> None:
    assert memory_line(2.0, 1.0).endswith("2.00 GiB of 1.00 GiB free: too little")
