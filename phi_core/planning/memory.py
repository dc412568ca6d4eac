"""Memory of a run by formula, from configuration and architecture alone. No measurement; front ends say so.

    weights      parameters × bytes of the dtype. Quantised, the matrices of the blocks take 1 byte an element and 4 a
                 row (LLM.int8(), arXiv 2208.07339), or 1/2 byte an element, 1 byte a block of 64 and 4 bytes 256 such
                 blocks (NF4 with double quantisation, QLoRA, arXiv 2305.14314, 3); embeddings, head, norms and biases
                 stay. One matrix at a time exists dequantised besides.
    adapter      trainable × 4 bytes: adapters are float32 whatever the base is
    gradients    trainable × 4 bytes
    optimizer    trainable × 8 bytes (AdamW: two moments), 4 (Lion: one); in 8 bits 2 and 1, and 4 bytes a block of 256
    activations  tokens of the largest micro-batch × bytes kept per token and block:
                     norms      input of each
                     attention  queries, keys, values and output
                     adapter    input of each adapted layer in float32, with dropout one a layer, and its mask; A's output
                     feed-forward  what its activation keeps: KEPT_BY_ACTIVATION × its inner size
                 and the mask that keeps records apart, tokens² elements a block where a micro-batch has several.
                 With gradient checkpointing: one hidden state a block, and all of this for one block.
    logits       trained tokens of that micro-batch, at most CHUNK at a time, × vocabulary × 8 bytes (logits and their
                 gradient), 14 with weights below float32 (also the low-precision logits and the log-softmax)
    process      what libraries take before a model is loaded (CPU), or the CUDA context; named, not in the total

Assumed: an attention kernel that keeps no matrix of scores, the activation functions that the families are trained
with, no dropout in the base model (GPT-2 has some), nothing kept by the allocator. FSDP and ZeRO-3 divide weights, adapter, gradients and optimizer by the processes
(and gather one block at a time), ZeRO-2 gradients and optimizer; activations are each process's own.
`docs/memory.md` compares the formula with measurements.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from phi_core.config.training import TrainingConfig
from phi_core.files import GIB
from phi_core.model_files.architecture import Shape
from phi_core.model_files.layers import OUTER, Layer, group_of
from phi_core.planning.adapted_layers import adapted_layers
from phi_core.planning.longest_batch import LongestBatch

CHUNK = 1024
"""Rows of logits that exist at once."""
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
OPTIMIZER_BYTES = {"adamw": 8.0, "lion": 4.0}
OPTIMIZER_BYTES_8BIT = {"adamw": 2 + 2 * 4 / 256, "lion": 1 + 4 / 256}
KEPT_BY_ACTIVATION = {"phi": 4, "gpt2": 4, "gptj": 4, "gpt_neo": 4, "gpt_neox": 1}
"""Tensors of the inner size: 4 for transformers' gelu_new, 1 for one kernel, 3 for a gate (gate, its activation, up)."""
GATED = 3
PROCESS_GIB = {"cpu": 0.5, "cuda": 0.6}
"""Measured on the CPU (torch, transformers and peft imported); on CUDA an allowance for context and libraries."""


@dataclass(frozen=True)
class MemoryEstimate:
    """All in GiB, for one process. `process_gib` is not in the total: it does not depend on the run."""

    weights_gib: float
    adapter_gib: float
    gradients_gib: float
    optimizer_gib: float
    activations_gib: float
    logits_gib: float
    process_gib: float = 0.0

    @property
    def total_gib(self) -> float:
        return sum(gib for _, gib in self.parts)

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """What the total is made of, by name."""
        return (
            ("weights", self.weights_gib),
            ("adapter", self.adapter_gib),
            ("gradients", self.gradients_gib),
            ("optimizer", self.optimizer_gib),
            ("activations", self.activations_gib),
            ("logits", self.logits_gib),
        )


def estimate_memory(
    config: TrainingConfig,
    shape: Shape,
    *,
    tokens: int,
    trained_tokens: int,
    dtype: str,
    trainable: int,
    records: int | None = None,
    device: str = "cuda",
) -> MemoryEstimate:
    """`tokens`, `trained_tokens` and `records` are those of the largest micro-batch; `records` None: as many as it may have.

    ConfigError if the configuration adapts layers that the model has not.
    """
    size, share = BYTES[dtype], _Shares.of(config)
    trunk = weight_bytes(shape, dtype, config.quantization)
    gathered = trunk / shape.num_layers if share.weights < 1 else 0
    records = config.batch_size if records is None else records
    return MemoryEstimate(
        weights_gib=(trunk * share.weights + gathered + _dequantised(shape, config, size)) / GIB,
        adapter_gib=trainable * 4 * share.weights / GIB,
        gradients_gib=trainable * 4 * share.gradients / GIB,
        optimizer_gib=trainable * optimizer_bytes(config.optimizer) * share.gradients / GIB,
        activations_gib=_activations(config, shape, tokens, records, size=size, device=device) / GIB,
        logits_gib=min(trained_tokens, CHUNK) * shape.vocabulary * (8 if size == 4 else 14) / GIB,
        process_gib=PROCESS_GIB.get(device, PROCESS_GIB["cpu"]),
    )


def estimate_of_batch(
    config: TrainingConfig, shape: Shape, batch: LongestBatch, *, dtype: str, trainable: int, device: str
) -> MemoryEstimate:
    """As `estimate_memory`, of the largest micro-batch of a plan."""
    return estimate_memory(
        config,
        shape,
        tokens=batch.tokens,
        trained_tokens=batch.trained_tokens,
        records=batch.records,
        dtype=dtype,
        trainable=trainable,
        device=device,
    )


def weight_bytes(shape: Shape, dtype: str, quantization: str) -> float:
    """The frozen base at rest: matrices of the blocks in their quantised form, the rest in the dtype."""
    size = BYTES[dtype]
    if quantization == "none":
        return shape.num_parameters * size
    matrices = shape.num_layers * sum(linear.inputs * linear.outputs for linear in shape.linears)
    rows = shape.num_layers * sum(linear.outputs for linear in shape.linears)
    rest = (shape.num_parameters - matrices) * size
    if quantization == "8bit":
        return matrices + rows * 4 + rest
    blocks = matrices / 64
    return matrices / 2 + blocks + blocks / 256 * 4 + rest


def optimizer_bytes(optimizer: str) -> float:
    """Bytes of optimizer state a trainable parameter (tensors below 4,096 elements stay in 32 bits; not counted)."""
    kind = "lion" if "lion" in optimizer else "adamw"
    return (OPTIMIZER_BYTES_8BIT if optimizer.endswith("8bit") else OPTIMIZER_BYTES)[kind]


def estimate_notes(config: TrainingConfig) -> tuple[str, ...]:
    """What a reader of the estimate should know about it, as sentences."""
    notes = []
    if config.optimizer.startswith("paged"):
        notes.append("a paged optimizer's state may leave the GPU for main memory; it is counted in full")
    if config.quantization != "none":
        notes.append(f"{config.quantization}: embeddings, head, norms and biases stay unquantised")
    if config.num_processes > 1:
        notes.append(f"for each of {config.num_processes} processes, sharding {config.sharding}")
    return tuple(notes)


@dataclass(frozen=True)
class _Shares:
    """What of each part one process holds."""

    weights: float = 1.0
    gradients: float = 1.0

    @classmethod
    def of(cls, config: TrainingConfig) -> "_Shares":
        share = 1 / config.num_processes
        whole = {"fsdp": cls(share, share), "zero3": cls(share, share), "zero2": cls(1.0, share)}
        return whole.get(config.sharding, cls())


def _dequantised(shape: Shape, config: TrainingConfig, size: int) -> float:
    """One matrix in the dtype, where the matrices are kept in another form; two in float32 where DoRA takes norms."""
    largest = max(linear.inputs * linear.outputs for linear in shape.linears)
    dora = 2 * largest * 4 if config.use_dora else 0
    return dora + (largest * size if config.quantization != "none" else 0)


def _activations(
    config: TrainingConfig, shape: Shape, tokens: int, records: int, *, size: int, device: str
) -> float:
    layers = tuple(layer for layer in adapted_layers(config, shape) if layer.group not in OUTER)
    blocks = {_block(layer, shape) for layer in layers}
    mask = _mask_elements(config, tokens, records)
    block = tokens * _kept_by_block(shape, size) + mask * size
    adapters = tokens * sum(_kept_by_adapter(config, layers, block, shape, device) for block in blocks)
    if config.gradient_checkpointing:
        hidden = shape.num_layers * tokens * shape.hidden * size
        return hidden + block + adapters / max(1, len(blocks)) + mask
    reached = shape.num_layers - min(
        blocks, default=0
    )  # nothing below the lowest adapter needs a backward pass
    return reached * block + adapters + mask


def _block(layer: Layer, shape: Shape) -> int:
    return int(layer.path.removeprefix(f"{shape.blocks}.").partition(".")[0])


def _kept_by_block(shape: Shape, size: int) -> float:
    """Bytes that a block without adapters keeps of one token for its backward pass."""
    attention_out = next(linear for linear in shape.linears if group_of(linear.path) == "attention_out")
    inner = shape.linears[-1].inputs
    kept = 4 * attention_out.inputs + KEPT_BY_ACTIVATION.get(shape.family, GATED) * inner
    return kept * size + _kept_by_norms(shape, size)


def _kept_by_norms(shape: Shape, size: int) -> float:
    """LayerNorm (weight and bias) keeps its input; RMSNorm (weight alone) a copy of it in float32."""
    if shape.family in KEPT_BY_ACTIVATION:
        return shape.block_norm_parameters // (2 * shape.hidden) * shape.hidden * size
    return shape.block_norm_parameters // shape.hidden * shape.hidden * 4


def _kept_by_adapter(
    config: TrainingConfig, layers: Sequence[Layer], block: int, shape: Shape, device: str
) -> float:
    """Bytes that the adapters of one block keep of one token."""
    own = [layer for layer in layers if _block(layer, shape) == block]
    low_rank = len(own) * config.lora_r * 4
    magnitudes = sum(layer.outputs for layer in own) * 8 if config.use_dora else 0
    if not config.lora_dropout:  # layers that read the same hidden state keep it once
        inputs = {(layer.inputs, layer.group.endswith("out")) for layer in own}
        return low_rank + magnitudes + sum(width for width, _ in inputs) * 4
    mask = 1 if device == "cuda" else 4
    return low_rank + magnitudes + sum(layer.inputs for layer in own) * (4 + mask)


def _mask_elements(config: TrainingConfig, tokens: int, records: int) -> float:
    """Elements of the mask that keeps records (or padding) apart; none where one record is alone."""
    if records <= 1:
        return 0
    return tokens**2 if config.padding_free else tokens**2 / records
