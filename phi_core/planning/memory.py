"""A first estimate of memory from configuration alone. A formula, not a measurement; front ends say so.

    weights      parameters × bytes of the dtype
    adapter      trainable × 16 bytes: float32 weight, gradient and AdamW's two moments (weights, grad + 8)
    activations  tokens of the largest micro-batch × elements kept per token and block × bytes of the dtype;
                 kept are input and output of every linear layer and four hidden states, with gradient checkpointing
                 one hidden state a block and one whole block
    logits       trained tokens of that micro-batch, at most CHUNK at a time, × vocabulary × 8 bytes (logits and their
                 gradient), 14 with weights below float32 (also the low-precision logits and the log-softmax)

Fixed costs of the process (libraries, CUDA context) are not in it.
"""

from dataclasses import dataclass

from phi_core.model_files.architecture import Shape

CHUNK = 1024
"""Rows of logits that exist at once."""
GIB = 2**30
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class MemoryEstimate:
    """All in GiB."""

    weights_gib: float
    adapter_gib: float
    activations_gib: float
    logits_gib: float

    @property
    def total_gib(self) -> float:
        return self.weights_gib + self.adapter_gib + self.activations_gib + self.logits_gib


def estimate_memory(
    shape: Shape,
    *,
    trainable: int,
    tokens: int,
    trained_tokens: int,
    dtype: str,
    gradient_checkpointing: bool,
) -> MemoryEstimate:
    """`tokens` and `trained_tokens` are those of the largest micro-batch."""
    size = BYTES[dtype]
    block = sum(linear.inputs + linear.outputs for linear in shape.linears) + 4 * shape.hidden
    kept = shape.num_layers * shape.hidden + block if gradient_checkpointing else shape.num_layers * block
    return MemoryEstimate(
        weights_gib=shape.num_parameters * size / GIB,
        adapter_gib=trainable * 16 / GIB,
        activations_gib=tokens * kept * size / GIB,
        logits_gib=min(trained_tokens, CHUNK) * shape.vocabulary * (8 if size == 4 else 14) / GIB,
    )
