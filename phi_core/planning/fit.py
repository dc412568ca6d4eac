"""Choose a micro-batch, accumulation, checkpointing and, if nothing else helps, quantisation that fit into memory.

The effective batch stays exactly what it was: micro-batch × accumulation is kept, so the run takes the same steps on
the same records. Tried in this order, the first that fits within MARGIN of the free memory is taken:

    as the base is, then in 8 bits, then in 4 (only where bitsandbytes can run, and only if the base as it is does not fit)
    without gradient checkpointing, which recomputes a third of the work, then with it
    the largest micro-batch, then smaller divisors of the records of a process

Options in `given` stay as they are. Pure: the caller says what is free and what past runs taught.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from phi_core.config.problems import check
from phi_core.config.training import TrainingConfig
from phi_core.model_files.architecture import Shape
from phi_core.planning.adapted_layers import adapter_parameters
from phi_core.planning.extras import is_installed
from phi_core.planning.longest_batch import LongestBatch
from phi_core.planning.memory import MemoryEstimate, estimate_of_batch

MARGIN = 0.9
"""Share of the free memory that a choice may need: the formula is not exact, and others use the device too."""
FITTED = ("batch_size", "gradient_accumulation_steps", "gradient_checkpointing", "quantization")
"""The options that a choice may change."""
LEAST_SAVING = 0.25
"""Share of a micro-batch's memory that makes a difference after it did not fit; half a micro-batch saves about half."""
LARGEST_MICRO_BATCH = 64
"""Beyond it a larger micro-batch brings no speed that is worth its memory."""
LENGTHS = (2048, 1536, 1024, 768, 512, 384, 256, 128)
"""Values of max_length that are tried as advice where nothing fits."""

Sizes = Callable[[int], LongestBatch]
"""Micro-batch → the largest one of the run."""


@dataclass(frozen=True)
class Limit:
    """`free_gib` of one process, of which a choice may need the share `margin`; what it needs is its estimate × `factor`."""

    free_gib: float
    factor: float = 1.0
    dtype: str = "float32"
    device: str = "cpu"
    margin: float = MARGIN

    @property
    def gib(self) -> float:
        return self.free_gib * self.margin


@dataclass(frozen=True)
class Fit:
    """`config` fits, or needs least where `fits` is false. `reasons` are sentences for people."""

    config: TrainingConfig
    estimate: MemoryEstimate
    needed_gib: float
    fits: bool
    reasons: tuple[str, ...]


def fitting(
    config: TrainingConfig, shape: Shape, sizes: Sizes, limit: Limit, *, given: Collection[str] = ()
) -> Fit:
    """The first candidate that fits; else the one that needs least, with what would help."""
    tried = []
    for candidate in candidates(config, given, limit.device):
        estimate, needed = _needed(candidate, shape, sizes(candidate.batch_size), limit)
        if needed <= limit.gib:
            return Fit(candidate, estimate, needed, True, (_why(config, candidate, needed, limit),))
        tried.append((needed, candidate, estimate))
    needed, least, estimate = min(tried, key=lambda attempt: attempt[0])
    found = f"nothing fits: the smallest configuration needs about {needed:.2f} GiB, {_limit_text(limit)}"
    return Fit(least, estimate, needed, False, (found, *_help(least, shape, sizes, limit, estimate)))


def what_fits(
    config: TrainingConfig, shape: Shape, sizes: Sizes, failed: LongestBatch, *, dtype: str, device: str
) -> Fit:
    """A configuration that saves LEAST_SAVING of what the micro-batch `failed`, which did not fit, took under this one.

    The formula is compared with itself: where it is wrong by a factor, it is so on both sides.
    """
    estimate, too_much = _needed(config, shape, failed, Limit(0.0, 1.0, dtype, device))
    saved = LEAST_SAVING * (estimate.activations_gib + estimate.logits_gib)
    return fitting(config, shape, sizes, Limit(too_much - saved, 1.0, dtype, device, margin=1.0))


def changes(before: TrainingConfig, after: TrainingConfig) -> dict[str, Any]:
    """What a choice changes, by option."""
    return {name: getattr(after, name) for name in FITTED if getattr(after, name) != getattr(before, name)}


def settings_words(values: dict[str, Any]) -> str:
    """Options and values in one line."""
    return ", ".join(f"{name} {_word(value)}" for name, value in values.items())


def candidates(config: TrainingConfig, given: Collection[str], device: str) -> Iterator[TrainingConfig]:
    """Every configuration with the same effective batch that may be tried, in the order of preference."""
    for quantization in _quantizations(config, given, device):
        for checkpointing in _checkpointing(config, given):
            for micro in _micro_batches(config, given):
                changes = {
                    "batch_size": micro,
                    "gradient_accumulation_steps": config.effective_batch_size // micro,
                    "gradient_checkpointing": checkpointing,
                    "quantization": quantization,
                }
                candidate = config.model_copy(update=changes)
                if check(candidate.model_dump()).config is not None:
                    yield candidate


def _micro_batches(config: TrainingConfig, given: Collection[str]) -> list[int]:
    """Divisors of the effective batch, the largest first; the one there is if it was given, or its accumulation."""
    if {"batch_size", "gradient_accumulation_steps"} & set(given):
        return [config.batch_size]
    whole = config.effective_batch_size
    most = max(LARGEST_MICRO_BATCH, config.batch_size)
    return [size for size in range(min(whole, most), 0, -1) if whole % size == 0]


def _checkpointing(config: TrainingConfig, given: Collection[str]) -> list[bool]:
    return [config.gradient_checkpointing] if "gradient_checkpointing" in given else [False, True]


def _quantizations(config: TrainingConfig, given: Collection[str], device: str) -> list[str]:
    if "quantization" in given or config.quantization == "4bit" or not can_quantise(device):
        return [config.quantization]
    return ["8bit", "4bit"] if config.quantization == "8bit" else ["none", "8bit", "4bit"]


def can_quantise(device: str) -> bool:
    """Whether bitsandbytes is here and runs on such a device."""
    return device in ("cuda", "cpu") and is_installed("bitsandbytes")


def _needed(
    config: TrainingConfig, shape: Shape, batch: LongestBatch, limit: Limit
) -> tuple[MemoryEstimate, float]:
    trainable = adapter_parameters(config, shape) or 0
    estimate = estimate_of_batch(
        config, shape, batch, dtype=limit.dtype, trainable=trainable, device=limit.device
    )
    return estimate, estimate.total_gib * limit.factor + estimate.process_gib


def _why(config: TrainingConfig, chosen: TrainingConfig, needed_gib: float, limit: Limit) -> str:
    what = settings_words(changes(config, chosen)) or "nothing to change"
    return (
        f"{what}: about {needed_gib:.2f} GiB, {_limit_text(limit)}; "
        f"still {chosen.effective_batch_size} records a step"
    )


def _help(
    config: TrainingConfig, shape: Shape, sizes: Sizes, limit: Limit, estimate: MemoryEstimate
) -> Iterator[str]:
    """What would make the smallest configuration fit, checked by the same formula."""
    batch = sizes(config.batch_size)
    fixed = (estimate.weights_gib + estimate.adapter_gib) * limit.factor + estimate.process_gib
    if fixed > limit.gib:
        more = "" if config.quantization == "4bit" or not can_quantise(limit.device) else ", or quantise it"
        yield f"the model's weights alone take more: choose a smaller model{more}"
        return
    for length in LENGTHS:
        longest = _cut(batch, length)
        shorter = config.model_copy(update={"max_length": length})
        if length < batch.tokens / batch.records and _needed(shorter, shape, longest, limit)[1] <= limit.gib:
            yield f"max_length {length} would fit"
            return
    yield "fewer adapted layers or a lower lora_r would help; so would an 8-bit optimizer"


def _cut(batch: LongestBatch, length: int) -> LongestBatch:
    most = length * batch.records
    return LongestBatch(batch.step, min(batch.tokens, most), batch.records, min(batch.trained_tokens, most))


def _limit_text(limit: Limit) -> str:
    return f"{limit.gib:.2f} GiB may be used ({limit.margin:.0%} of {limit.free_gib:.2f} GiB free)"


def _word(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
