"""What memory can still be had, and how it is recognised that it could not be had. Bytes."""

import psutil
import torch

ALLOCATOR_WORDS = (
    "out of memory",  # CUDA, MPS, XPU
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "Cannot allocate memory",
)


def free_bytes(device: str) -> int:
    """What the device can still give, what torch holds in reserve there included; elsewhere the main memory."""
    if torch.device(device).type == "cuda":
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0] + held)
    return int(psutil.virtual_memory().available)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed, on a device or in main memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in ALLOCATOR_WORDS)
