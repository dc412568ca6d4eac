"""Two real processes (gloo, on the CPU) compute what one does: losses, counts, validation, resume, memory, faults."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import process_share
import pytest
from process_share import SCENARIOS
from toy_run import write_toy_dataset

from phi_core.training import ranks

TOGETHER = 1e-5
"""Relative difference that sums in another order may make."""


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory, tiny_phi: Path) -> tuple[Path, Path]:
    return tiny_phi, write_toy_dataset(tmp_path_factory.mktemp("toy") / "data.jsonl")


@pytest.fixture(scope="module")
def both(toy: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of two processes found."""
    folder = tmp_path_factory.mktemp("both")
    support = Path(process_share.__file__)
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"),
        *(str(support), *map(str, toy), str(folder)),
    ]
    paths = os.pathsep.join([str(support.parent), str(support.parents[2])])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-4000:]
    return [json.loads((folder / f"found-{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.parametrize("name", SCENARIOS)
def test_two_processes_train_as_one_does(
    name: str, both: list[dict[str, Any]], toy: tuple[Path, Path], tmp_path: Path
) -> None:
    alone = process_share.losses_of(*toy, tmp_path, **SCENARIOS[name])
    assert len(alone["losses"]) >= 6
    for found in both:
        assert found[name]["losses"] == pytest.approx(alone["losses"], rel=TOGETHER)
        assert found[name]["validation"] == pytest.approx(alone["validation"], rel=TOGETHER)
        assert [tuple(counts) for counts in found[name]["counted"]] == alone["counted"]
    assert both[0][name] == both[1][name], "every process is told the same"


def test_the_uneven_batches_leave_a_process_without_a_record(both: list[dict[str, Any]]) -> None:
    assert 1 in both[0]["uneven_batches"]["sizes"]
    assert len(set(both[0]["growing_batches"]["sizes"])) > 2


def test_a_resumed_run_of_two_processes_goes_on_exactly(both: list[dict[str, Any]]) -> None:
    for found in both:
        assert len(found["resume"]["whole"]) == 8
        assert found["resume"]["resumed"] == found["resume"]["whole"][3:]


def test_processes_drop_out_differently(both: list[dict[str, Any]]) -> None:
    assert both[0]["random"] != both[1]["random"]


def test_memory_that_runs_out_in_one_process_is_a_step_done_again_in_both(
    both: list[dict[str, Any]], toy: tuple[Path, Path], tmp_path: Path
) -> None:
    changes = {"batch_size": 2, "gradient_accumulation_steps": 4}
    alone = process_share.losses_of(*toy, tmp_path, **changes)
    for found in both:
        told = found["out_of_memory"]
        assert told["losses"] == pytest.approx(alone["losses"], rel=TOGETHER)
        assert told["micro_batch"] == 1
        assert [event["message"] for event in told["events"]] == ["CUDA out of memory on the second"]


def test_a_loss_that_is_no_number_in_one_process_stops_both_with_its_rows(both: list[dict[str, Any]]) -> None:
    first, second = (found["not_finite"] for found in both)
    assert first.partition("computed on")[2] == second.partition("computed on")[2]
    assert "step 1" in first
    assert "data.jsonl row" in first


def test_processes_agree_on_plain_values(both: list[dict[str, Any]]) -> None:
    for rank, found in enumerate(both):
        assert found["agreements"] == {
            "rank": rank,
            "count": 2,
            "main": rank == 0,
            "from_main": {"who": 0, "text": "ä", "none": None},
            "from_each": ["process 0", "process 1"],
            "any": [True, False],
            "largest": 1.0,
            "summed": [2.0, 2.0],
        }


def test_one_process_agrees_with_itself() -> None:
    assert (ranks.rank(), ranks.num_processes(), ranks.is_main()) == (0, 1, True)
    assert ranks.from_main((1, "a")) == (1, "a")
    assert ranks.from_each("me") == ["me"]
    assert ranks.any_rank(True) and not ranks.any_rank(False)
    assert ranks.summed([1.5]) == [1.5]
    assert ranks.largest(2.0) == 2.0
    ranks.barrier()
