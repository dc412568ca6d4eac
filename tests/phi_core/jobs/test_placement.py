"""Which device a queued run goes to: by the memory that nobody holds and nobody was promised."""

from pathlib import Path

import pytest

from phi_core.jobs.devices import CPU, Device
from phi_core.jobs.placement import LiveRun, Placement, kind_of, place
from phi_core.jobs.queue import QueuedRun
from phi_core.planning.gpus import visible

MAIN_MEMORY = Device(CPU, free_gib=12.0, total_gib=16.0)
A, B = Device("GPU-a", 20.0, 24.0), Device("GPU-b", 70.0, 80.0)


def wanted(needs: float | None, device: str = "auto", num_processes: int = 1) -> QueuedRun:
    return QueuedRun(Path("r"), 0, needs, device, num_processes, 0.0, "")


def placed(run: QueuedRun, *devices: Device, live: tuple[LiveRun, ...] = (), at_once: int = 1) -> Placement:
    return place(run, (*devices, MAIN_MEMORY), live, at_once=at_once)


def test_a_run_goes_to_the_emptiest_device_that_holds_it() -> None:
    assert placed(wanted(10), A, B).devices == ("GPU-b",)
    assert placed(wanted(10)).devices == (CPU,)
    assert placed(wanted(10, "cpu"), A, B).devices == (CPU,)
    assert placed(wanted(None), A, B).devices == ("GPU-b",)


def test_memory_that_others_hold_is_not_free() -> None:
    found = placed(wanted(22), A)
    assert found == Placement(why="needs 22.0 GiB, 20.0 are free")
    assert placed(wanted(12.5)).why == "needs 12.5 GiB, 12.0 are free"


def test_what_was_promised_and_is_not_held_yet_is_not_free() -> None:
    fresh = LiveRun("x", ("GPU-a",), promised_gib=15.0, held_gib=1.0)
    assert placed(wanted(7), A, live=(fresh,), at_once=2).why == "needs 7.0 GiB, 6.0 are free"
    grown = LiveRun("x", ("GPU-a",), promised_gib=15.0, held_gib=17.0)
    assert placed(wanted(7), A, live=(grown,), at_once=2).devices == ("GPU-a",)


def test_a_device_takes_so_many_runs_at_once() -> None:
    live = (LiveRun("first", ("GPU-a",), 1.0, 1.0),)
    assert placed(wanted(1), A, live=live).why == "waits until first has ended"
    assert placed(wanted(1), A, B, live=live).devices == ("GPU-b",)
    assert placed(wanted(1), A, live=live, at_once=2).devices == ("GPU-a",)


def test_what_can_never_fit_says_so() -> None:
    found = placed(wanted(100), A, B)
    assert found.is_hopeless and found.why == (
        "needs 100.0 GiB, the largest device has 80.0: it cannot start here"
    )
    assert placed(wanted(1, num_processes=3), A, B).why.startswith("needs 3 GPUs, this machine shows 2")
    assert placed(wanted(1, "cuda")).is_hopeless
    assert placed(wanted(30, num_processes=2), A, B).is_hopeless


def test_processes_get_a_gpu_each_and_share_main_memory() -> None:
    assert set(placed(wanted(18, num_processes=2), A, B).devices) == {"GPU-a", "GPU-b"}
    assert placed(wanted(5, "cpu", num_processes=2)).devices == (CPU,)
    assert placed(wanted(7, "cpu", num_processes=2)).why == "needs 14.0 GiB, 12.0 are free"


def test_runs_of_one_kind_wait_for_one_another() -> None:
    assert kind_of(wanted(1), (A, MAIN_MEMORY)) == kind_of(wanted(1, "cuda"), (A, MAIN_MEMORY)) == "gpu"
    assert kind_of(wanted(1), (MAIN_MEMORY,)) == kind_of(wanted(1, "cpu"), (A, MAIN_MEMORY)) == CPU


@pytest.mark.parametrize(
    ("wish", "places"),
    [(None, [0, 1]), ("", []), ("1", [1]), ("1,0", [1, 0]), ("GPU-b", [1]), ("0,7,1", [0]), ("-1", [])],
)
def test_cuda_visible_devices_is_read_as_cuda_reads_it(wish: str | None, places: list[int]) -> None:
    assert visible(wish, ["GPU-a1", "GPU-b1"]) == places
