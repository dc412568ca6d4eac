"""The processes of a run, as plain values: who am I, how many are we, and what do we agree on.

Works without torch.distributed too: one process then, which is the main one. Values travel over the process group
that Accelerate sets up; they are tensors on the device that the group's backend serves. Knows nothing about training.
"""

import json
import os
from typing import Any, TypeVar, cast

import torch
from torch import distributed

T = TypeVar("T")


def rank() -> int:
    """This process among all of them, from 0; before the group exists, what the launcher said."""
    return distributed.get_rank() if _grouped() else int(os.environ.get("RANK", "0"))


def num_processes() -> int:
    """Processes of this run, on all machines."""
    return distributed.get_world_size() if _grouped() else int(os.environ.get("WORLD_SIZE", "1"))


def is_main() -> bool:
    """Whether this process is the one that writes the run directory."""
    return rank() == 0


def from_main(value: T) -> T:
    """The value that the main process has, on every process. Anything that JSON can hold; tuples become lists.

    No pickle travels between machines.
    """
    return _from(0, value) if _grouped() else value


def from_each(value: T) -> list[T]:
    """The values of all processes in their order, on every process. Anything that JSON can hold."""
    return [_from(sender, value) for sender in range(num_processes())] if _grouped() else [value]


def any_rank(flag: bool) -> bool:
    """Whether the flag is up on one process at least. Every process must ask."""
    return bool(_reduced(int(flag), distributed.ReduceOp.MAX)) if _grouped() else flag


def largest(value: float) -> float:
    """The largest of the processes' values."""
    return float(_reduced(value, distributed.ReduceOp.MAX)) if _grouped() else value


def summed(values: list[float]) -> list[float]:
    """The sum over all processes, value by value, in float64."""
    if not _grouped():
        return values
    tensor = torch.tensor(values, dtype=torch.float64, device=_device())
    distributed.all_reduce(tensor)
    return cast(list[float], tensor.tolist())


def barrier() -> None:
    """Wait until every process is here."""
    if _grouped():
        any_rank(False)  # a reduction that is read: waits on gloo and NCCL alike


def _from(sender: int, value: T) -> T:
    is_own = rank() == sender
    text = json.dumps(value).encode() if is_own else b""
    length = torch.tensor([len(text)], device=_device())
    distributed.broadcast(length, src=sender)
    data = torch.zeros(int(length), dtype=torch.uint8, device=_device())
    if is_own:
        data.copy_(torch.frombuffer(bytearray(text), dtype=torch.uint8))
    distributed.broadcast(data, src=sender)
    return value if is_own else cast(T, json.loads(bytes(data.cpu().tolist())))


def _reduced(value: Any, how: Any) -> float:
    tensor = torch.tensor([float(value)], dtype=torch.float64, device=_device())
    distributed.all_reduce(tensor, op=how)
    return float(tensor)


def _grouped() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def _device() -> str:
    """NCCL moves CUDA tensors only."""
    return "cuda" if "nccl" in distributed.get_backend() else "cpu"
