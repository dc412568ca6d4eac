"""Suggested settings of a run, from what was measured: memory of this machine, size and lengths of the data, the model.

    memory     < 16 GiB    16 to 47    48 and more
    rank       8           16          32
    micro-batch × accumulation = 16 records a step:  1 × 16, 2 × 8, 4 × 4

Rules of thumb to start from, each with the sentence that says why; none is a promise. Where a value was chosen
already, what hangs on it follows it: alpha is twice the chosen rank. Pure functions; nothing is read here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from phi_core.config.option import shown
from phi_core.config.problems import SPECS
from phi_core.config.training import TrainingConfig
from phi_core.model_files.architecture import Shape
from phi_core.planning.adapted_layers import adapter_parameters
from phi_core.planning.machine import Machine
from phi_core.planning.memory import estimate_memory

MEMORY_STEPS_GIB = (16, 48)
RANKS = (8, 16, 32)
BATCH_SIZES = (1, 2, 4)
RECORDS_PER_STEP = 16
LEAST_STEPS_PER_EPOCH = 10
USUAL_EPOCHS, MOST_EPOCHS = 3, 10
LEAST_STEPS = 100
LARGE_DATA_RECORDS = 50_000
STEPS_BETWEEN_LOOKS = 200
TINY_MODEL_PARAMETERS = 10_000_000
TINY_MODEL_LEARNING_RATE = 2e-3
COVERED_PERCENT = 99
LENGTH_MULTIPLE = 64
LEAST_LENGTH = 16


@dataclass(frozen=True)
class Lengths:
    """Tokens of the first `num_measured` records: percent → tokens. `is_exact`: counted, else characters / 4."""

    percentiles: Mapping[int, int]
    num_measured: int
    is_exact: bool


@dataclass(frozen=True)
class Memory:
    """What the rules go by: all that the device has, whatever is free at the moment."""

    gib: float
    of: str

    def __str__(self) -> str:
        return f"{self.gib:.1f} GiB of {self.of}"


@dataclass(frozen=True)
class Basis:
    """What suggestions rest on. `chosen` are options that are set already; `shape` is None for an unknown model."""

    memory: Memory
    dtype: str
    shape: Shape | None
    num_train: int
    has_validation: bool
    max_length: int
    chosen: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Suggestion:
    """`source` says where the value is from: memory, data, model or default."""

    name: str
    value: Any
    source: str
    why: str


def device_memory(machine: Machine, device: str) -> Memory:
    """The memory of the device that a run would use: the first GPU's, else the system's."""
    if machine.gpus and device in ("auto", "cuda"):
        return Memory(machine.gpus[0].total_gib, machine.gpus[0].name)
    return Memory(machine.total_gib, "main memory")


def suggested_max_length(lengths: Lengths, context: int | None) -> Suggestion:
    """The least round length that 99 % of the records fit into, within the model's context."""
    wanted = lengths.percentiles[COVERED_PERCENT]
    if lengths.is_exact:
        length, why = _round_up(wanted), f"covers {COVERED_PERCENT} % of the records: up to {wanted:,} tokens"
    else:
        length = _round_up(2 * wanted)
        why = f"twice the estimate for {COVERED_PERCENT} % of the records, {wanted:,} tokens (characters / 4)"
    if context is not None and length > context:
        return Suggestion("max_length", context, "model", f"the model's context; {why} would be {length:,}")
    return Suggestion("max_length", length, "data", why)


def suggestions(basis: Basis) -> tuple[Suggestion, ...]:
    """A value with its reason for each setting of a run that the data and the machine speak about."""
    found: list[Suggestion] = []
    chosen = dict(basis.chosen)
    for rule in _RULES:
        suggestion = rule(basis, chosen)
        found.append(suggestion)
        chosen.setdefault(suggestion.name, suggestion.value)
    return tuple(found)


def most_gib(basis: Basis, chosen: Mapping[str, Any], *, gradient_checkpointing: bool) -> float | None:
    """By formula, with every record of a micro-batch as long as max_length and trained as a whole. None: model unknown."""
    if basis.shape is None:
        return None
    values = {**chosen, "gradient_checkpointing": gradient_checkpointing}
    config = TrainingConfig.model_construct(**values)
    tokens = config.batch_size * basis.max_length
    return estimate_memory(
        config,
        basis.shape,
        trainable=adapter_parameters(config, basis.shape) or 0,
        tokens=tokens,
        trained_tokens=tokens,
        dtype=basis.dtype,
        device="cpu" if basis.memory.of == "main memory" else "cuda",
    ).total_gib


def steps_per_epoch(num_train: int, batch_size: int, accumulation: int) -> int:
    return max(1, ceil(num_train / (batch_size * accumulation)))


def _round_up(tokens: int) -> int:
    """To a multiple of 64, below that to a power of two."""
    if tokens > LENGTH_MULTIPLE:
        return -(-tokens // LENGTH_MULTIPLE) * LENGTH_MULTIPLE
    return max(LEAST_LENGTH, 1 << max(0, tokens - 1).bit_length())


_Chosen = Mapping[str, Any]


def _by_memory(memory: Memory, values: Sequence[int]) -> int:
    return values[sum(memory.gib >= bound for bound in MEMORY_STEPS_GIB)]


def _memory_words(memory: Memory) -> str:
    low, high = MEMORY_STEPS_GIB
    ranges = (f"below {low} GiB", f"from {low} to {high - 1} GiB", f"from {high} GiB")
    return f"{ranges[sum(memory.gib >= bound for bound in MEMORY_STEPS_GIB)]} (this machine: {memory})"


def _rank(basis: Basis, chosen: _Chosen) -> Suggestion:
    return Suggestion(
        "lora_r",
        _by_memory(basis.memory, RANKS),
        "memory",
        f"the rule for memory {_memory_words(basis.memory)}",
    )


def _alpha(basis: Basis, chosen: _Chosen) -> Suggestion:
    return Suggestion("lora_alpha", 2 * chosen["lora_r"], "model", "twice the rank: a scale of 2 at any rank")


def _dropout(basis: Basis, chosen: _Chosen) -> Suggestion:
    return _default("lora_dropout", "the usual value; 0 switches it off")


def _targets(basis: Basis, chosen: _Chosen) -> Suggestion:
    names = f": {', '.join(basis.shape.block_targets)}" if basis.shape else ", found when the model is loaded"
    return _default("lora_targets", f"attention and feed-forward layers of the architecture{names}")


def _epochs(basis: Basis, chosen: _Chosen) -> Suggestion:
    steps = steps_per_epoch(basis.num_train, chosen["batch_size"], chosen["gradient_accumulation_steps"])
    about = f"{basis.num_train:,} records to train on are about {steps:,} steps a pass"
    if basis.num_train >= LARGE_DATA_RECORDS:
        why = f"{about}; from {LARGE_DATA_RECORDS:,} records one pass is the start"
        return Suggestion("epochs", 1.0, "data", why)
    epochs = min(MOST_EPOCHS, max(USUAL_EPOCHS, ceil(LEAST_STEPS / steps)))
    rule = f"{USUAL_EPOCHS} passes, or more until there are {LEAST_STEPS} steps, at most {MOST_EPOCHS}"
    return Suggestion("epochs", float(epochs), "data", f"{about}; {rule}")


def _batch_size(basis: Basis, chosen: _Chosen) -> Suggestion:
    size = _by_memory(basis.memory, BATCH_SIZES)
    return Suggestion("batch_size", size, "memory", f"the rule for memory {_memory_words(basis.memory)}")


def _accumulation(basis: Basis, chosen: _Chosen) -> Suggestion:
    batch_size = chosen["batch_size"]
    usual = max(1, RECORDS_PER_STEP // batch_size)
    count = max(1, min(usual, basis.num_train // (LEAST_STEPS_PER_EPOCH * batch_size)))
    if count < usual:
        why = f"fewer than {RECORDS_PER_STEP} records a step, so that {basis.num_train:,} records make about {LEAST_STEPS_PER_EPOCH} steps a pass"
        return Suggestion("gradient_accumulation_steps", count, "data", why)
    why = f"with micro-batches of {batch_size}, a step has {count * batch_size} records whatever the memory"
    return Suggestion("gradient_accumulation_steps", count, "memory", why)


def _learning_rate(basis: Basis, chosen: _Chosen) -> Suggestion:
    if basis.shape is not None and basis.shape.num_parameters < TINY_MODEL_PARAMETERS:
        why = f"a model of {basis.shape.num_parameters:,} parameters is tiny: as in the demo's train.yaml"
        return Suggestion("learning_rate", TINY_MODEL_LEARNING_RATE, "model", why)
    return _default("learning_rate", "the usual start for LoRA; the first thing to vary")


def _schedule(basis: Basis, chosen: _Chosen) -> Suggestion:
    return _default("schedule", "down to zero at the end")


def _warmup(basis: Basis, chosen: _Chosen) -> Suggestion:
    return _default("warmup_ratio", "the usual share; the golden one, 0.1/φ, is warmup_ratio=0.0618")


def _weight_decay(basis: Basis, chosen: _Chosen) -> Suggestion:
    return _default("weight_decay", "a mild one, on matrices only; some guides take 0.1")


def _seed(basis: Basis, chosen: _Chosen) -> Suggestion:
    return _default("seed", "the same seed, the same run")


def _checkpointing(basis: Basis, chosen: _Chosen) -> Suggestion:
    needed = most_gib(basis, chosen, gradient_checkpointing=False)
    if needed is None:
        return _default("gradient_checkpointing", "the model's size is not known before it is loaded")
    figures = f"by formula a run without it takes {needed:.2g} GiB (this machine: {basis.memory})"
    if needed <= basis.memory.gib / 2:
        return Suggestion(
            "gradient_checkpointing", False, "memory", f"{figures}, so nothing need be recomputed"
        )
    return Suggestion("gradient_checkpointing", True, "memory", f"{figures}: more than half")


def _evaluate_every(basis: Basis, chosen: _Chosen) -> Suggestion:
    if not basis.has_validation:
        return _default("evaluate_every", "there is no validation data")
    return _every("evaluate_every", basis, chosen)


def _checkpoint_every(basis: Basis, chosen: _Chosen) -> Suggestion:
    return _every("checkpoint_every", basis, chosen)


def _every(name: str, basis: Basis, chosen: _Chosen) -> Suggestion:
    steps = steps_per_epoch(basis.num_train, chosen["batch_size"], chosen["gradient_accumulation_steps"])
    if steps <= 2 * STEPS_BETWEEN_LOOKS:
        return _default(name, f"once a pass, which has about {steps:,} steps")
    return Suggestion(name, STEPS_BETWEEN_LOOKS, "data", f"a pass has about {steps:,} steps")


def _default(name: str, why: str) -> Suggestion:
    default = SPECS[name].default
    return Suggestion(
        name, default, "default", why if default is None else f"{why} (default {shown(default)})"
    )


_RULES: tuple[Callable[[Basis, _Chosen], Suggestion], ...] = (
    _rank,
    _alpha,
    _dropout,
    _targets,
    _batch_size,
    _accumulation,
    _epochs,
    _learning_rate,
    _schedule,
    _warmup,
    _weight_decay,
    _seed,
    _checkpointing,
    _evaluate_every,
    _checkpoint_every,
)
"""In an order in which each finds chosen what it rests on."""
