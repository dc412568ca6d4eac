"""Which device a queued run goes to, by the memory that is free there. Pure: devices and live runs are given.

Memory that others hold is not free. What a live run of this folder has been promised and does not hold yet is not free
either. With `at_once` runs on a device it is full, whatever its memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from phi_core.jobs.devices import CPU, Device
from phi_core.jobs.queue import QueuedRun


@dataclass(frozen=True)
class LiveRun:
    """A run of the folder that has processes. `promised_gib` is its estimate a device; `held_gib` what it has taken."""

    name: str
    devices: tuple[str, ...]
    promised_gib: float
    held_gib: float


@dataclass(frozen=True)
class Placement:
    """`devices` to start on, () if it must wait: `why` says so. `is_hopeless`: no device here could ever hold it."""

    devices: tuple[str, ...] = ()
    why: str = ""
    is_hopeless: bool = False


def place(run: QueuedRun, devices: Sequence[Device], live: Sequence[LiveRun], *, at_once: int) -> Placement:
    """The devices that a run may start on now, the emptiest first."""
    candidates, count, needs = _demand(run, devices)
    large = [device for device in candidates if needs is None or device.total_gib >= needs]
    if len(large) < count:
        return Placement(why=_never(candidates, count, needs), is_hopeless=True)
    open_ones = [device for device in large if _num_live(device, live) < at_once]
    if len(open_ones) < count:
        return Placement(why=f"waits until {_names(large, live)} has ended")
    fitting = [device for device in open_ones if needs is None or _free(device, live) >= needs]
    if len(fitting) < count:
        return Placement(why=_later(open_ones, live, count, needs))
    emptiest = sorted(fitting, key=lambda device: -_free(device, live))
    return Placement(devices=tuple(device.name for device in emptiest[:count]))


def kind_of(run: QueuedRun, devices: Sequence[Device]) -> str:
    """`cpu` or `gpu`: runs of one kind wait for one another, so that a large one is not overtaken for ever."""
    return CPU if _demand(run, devices)[0][0:1] == [_cpu(devices)] else "gpu"


def _demand(run: QueuedRun, devices: Sequence[Device]) -> tuple[list[Device], int, float | None]:
    """Devices that the run may use, how many of them, and the GiB that it needs on each."""
    gpus = [device for device in devices if device.name != CPU]
    if run.device == "cuda" or (run.device == "auto" and gpus):
        return gpus, run.num_processes, run.needs_gib
    return [_cpu(devices)], 1, None if run.needs_gib is None else run.needs_gib * run.num_processes


def _cpu(devices: Sequence[Device]) -> Device:
    return next(device for device in devices if device.name == CPU)


def _num_live(device: Device, live: Sequence[LiveRun]) -> int:
    return sum(device.name in run.devices for run in live)


def _free(device: Device, live: Sequence[LiveRun]) -> float:
    """GiB that nobody holds and nobody was promised."""
    outstanding = sum(max(0.0, run.promised_gib - run.held_gib) for run in live if device.name in run.devices)
    return device.free_gib - outstanding


def _never(candidates: Sequence[Device], count: int, needs: float | None) -> str:
    if len(candidates) < count:
        return f"needs {count} GPUs, this machine shows {len(candidates)}: it cannot start here"
    largest = max((device.total_gib for device in candidates), default=0.0)
    each = f" on each of {count} devices" if count > 1 else ""
    return f"needs {needs:.1f} GiB{each}, the largest device has {largest:.1f}: it cannot start here"


def _later(open_ones: Sequence[Device], live: Sequence[LiveRun], count: int, needs: float | None) -> str:
    most = max(_free(device, live) for device in open_ones)
    each = f" on each of {count} devices" if count > 1 else ""
    return f"needs {needs:.1f} GiB{each}, {max(0.0, most):.1f} are free"


def _names(devices: Sequence[Device], live: Sequence[LiveRun]) -> str:
    names = {device.name for device in devices}
    found = [run.name for run in live if names & set(run.devices)]
    return " or ".join(found[:3]) or "another run"
