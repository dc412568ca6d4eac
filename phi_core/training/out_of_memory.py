"""Running out of memory: what is recorded, what to say when nothing is left to give up.

Knows nothing about steps and processes; `memory_ladder` does.
"""

import gc
from dataclasses import dataclass

import torch

from phi_core.errors import TrainingFailed


@dataclass(frozen=True)
class OutOfMemoryEvent:
    """One rung taken: micro-batches in records, before and after; `message` is what the allocator said."""

    step: int
    micro_batch_before: int
    micro_batch_after: int
    checkpointing_switched_on: bool
    message: str


@dataclass(frozen=True)
class Diagnosis:
    """The micro-batch that did not fit. Tokens without padding; `fitted_tokens` is the largest that did fit, 0: none."""

    activity: str
    step: int
    micro_batch: int
    tokens: int
    longest: int
    fitted_tokens: int
    checkpointing: bool
    accumulation: int
    message: str


class OutOfMemory(TrainingFailed):
    """Nothing is left to give up, or nothing may be."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(_what(diagnosis), _remedy(diagnosis))
        self.diagnosis = diagnosis


def first_line(error: BaseException) -> str:
    """What the allocator said, without its advice and stack."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def free_caches() -> None:
    """Give back what only caches hold. Call it when no exception holds frames any more: those hold tensors."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _what(found: Diagnosis) -> str:
    tried = " with gradient checkpointing" if found.checkpointing else ""
    records = "1 record" if found.micro_batch == 1 else f"{found.micro_batch:,} records"
    return (
        f"out of memory in {found.activity} of step {found.step}: a micro-batch of {records} and {found.tokens:,} tokens, "
        f"the longest of {found.longest:,}, does not fit{tried} ({found.message})"
    )


def _remedy(found: Diagnosis) -> str:
    if found.micro_batch > 1:
        half = found.micro_batch // 2
        smaller = f"batch_size={half} with gradient_accumulation_steps={found.accumulation * 2}"
        return f"Same steps with less memory: {smaller}, or on_out_of_memory=adapt, which finds it"
    if not found.checkpointing:
        return "Set gradient_checkpointing=true, or lower max_length"
    known = f" (micro-batches of {found.fitted_tokens:,} tokens did fit)" if found.fitted_tokens else ""
    shorter = found.fitted_tokens if 0 < found.fitted_tokens < found.longest else max(1, found.longest // 2)
    return f"Set max_length={shorter}{known}, or quantization=4bit, or adapt fewer layers (lora_targets)"


@dataclass(frozen=True)
class RandomState:
    """The generators that dropout draws from."""

    cpu: torch.Tensor
    device: torch.Tensor | None


def random_state(device: torch.device) -> RandomState:
    return RandomState(torch.get_rng_state(), _device_state(device))


def restore(state: RandomState, device: torch.device) -> None:
    torch.set_rng_state(state.cpu)
    if state.device is not None and device.type == "cuda":
        torch.cuda.set_rng_state(state.device, device)
    elif state.device is not None:
        torch.mps.set_rng_state(state.device)


def _device_state(device: torch.device) -> torch.Tensor | None:
    if device.type == "cuda":
        return torch.cuda.get_rng_state(device)
    return torch.mps.get_rng_state() if device.type == "mps" else None
