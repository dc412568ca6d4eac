"""What past runs teach: a median factor of runs of the same kind, kept in one bounded file."""

import json
from pathlib import Path

import pytest

from phi_core.planning.memory_history import (
    CPU_SAFETY_FACTOR,
    GPU_SAFETY_FACTOR,
    RUNS_KEPT,
    Correction,
    correction,
    history_file,
    kind_of_run,
    remember,
)

KIND = kind_of_run("main memory", "float32", "none")
OTHER = kind_of_run("main memory", "float32", "4bit")
NOTHING_LEARNED = Correction(CPU_SAFETY_FACTOR, 0)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHI_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def learn(*factors: float, kind: str = KIND) -> None:
    for factor in factors:
        assert remember(kind, estimate_gib=2.0, measured_gib=2.0 * factor)


def test_before_a_run_was_measured_a_safety_factor_of_the_device_stands_in() -> None:
    assert correction(KIND, "cpu") == Correction(CPU_SAFETY_FACTOR, 0)
    assert correction(KIND, "cuda") == Correction(GPU_SAFETY_FACTOR, 0)
    assert str(correction(KIND, "cpu")) == "× 2, a safety factor: no run of this kind was measured here yet"


def test_the_safety_factor_covers_every_run_that_was_published() -> None:
    """The table of docs/memory.md: formula / run, the last column but one."""
    text = (Path(__file__).parents[3] / "docs" / "memory.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith(("| phi ", "| llama "))]
    shares = [float(row[-3]) for row in rows]
    assert len(shares) >= 6
    assert 1 / min(shares) <= CPU_SAFETY_FACTOR


def test_the_factor_is_the_median_so_that_one_odd_run_does_not_move_it() -> None:
    learn(1.2, 1.3, 4.5)
    assert correction(KIND, "cpu") == Correction(pytest.approx(1.3), 3)  # type: ignore[arg-type]
    assert str(correction(KIND, "cpu")) == "× 1.30, learned from 3 runs"


def test_runs_of_another_kind_teach_nothing() -> None:
    learn(1.5)
    assert correction(OTHER, "cpu") == NOTHING_LEARNED


def test_the_newest_runs_count() -> None:
    learn(*[1.1] * 20, *[1.6] * 20)
    assert correction(KIND, "cpu").factor == pytest.approx(1.6)


def test_the_file_stays_small() -> None:
    learn(*[1.1] * (RUNS_KEPT + 5))
    assert len(json.loads(history_file().read_text())["runs"]) == RUNS_KEPT


@pytest.mark.parametrize(
    ("estimate", "measured"), [(2.0, 0.1), (0.0, 1.0), (1.0, 100.0), (2.0, float("nan"))]
)
def test_what_teaches_nothing_is_not_kept(estimate: float, measured: float) -> None:
    assert not remember(KIND, estimate_gib=estimate, measured_gib=measured)
    assert not history_file().exists()


@pytest.mark.parametrize("text", ["", "[]", '{"runs": 5}', '{"runs": [{"kind": "x"}, 7, null]}'])
def test_a_broken_file_is_forgotten(text: str, state: Path) -> None:
    state.mkdir()
    history_file().write_text(text)
    assert correction(KIND, "cpu") == NOTHING_LEARNED
    learn(1.5)
    assert correction(KIND, "cpu").num_runs == 1


def test_a_state_folder_that_cannot_be_written_costs_the_memory_only(state: Path) -> None:
    state.write_text("a file where a folder should be")
    assert not remember(KIND, estimate_gib=2.0, measured_gib=2.0)
