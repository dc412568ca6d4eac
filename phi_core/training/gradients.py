"""Gradients of one optimizer step over all processes: summed in the same buckets everywhere, and judged.

Done after the whole step was computed, not during backward: so a process that ran out of memory, or that had no record
in this step, holds up nobody.
"""

from collections.abc import Iterable, Iterator

import torch
from torch import distributed, nn

BUCKET_ELEMENTS = 8 << 20
"""Elements reduced at once: 32 MiB of float32, what it costs in memory."""


def trained_parameters(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


@torch.no_grad()
def sum_over_processes(parameters: Iterable[nn.Parameter]) -> None:
    """Every process then holds the sum. A missing gradient counts as zero. Every process must call it."""
    for bucket in _buckets(parameters):
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in bucket]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        distributed.all_reduce(flat)
        for parameter, part in zip(bucket, flat.split([g.numel() for g in gradients]), strict=True):
            parameter.grad = part.reshape(parameter.shape).clone()


@torch.no_grad()
def are_finite(parameters: Iterable[nn.Parameter]) -> bool:
    """Whether the norm of all gradients is a number."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    return bool(torch.isfinite(nn.utils.get_total_norm(gradients))) if gradients else True


def _buckets(parameters: Iterable[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
    """Parameters of one type and device each, in the model's order."""
    bucket: list[nn.Parameter] = []
    for parameter in parameters:
        alike = not bucket or (bucket[0].dtype, bucket[0].device) == (parameter.dtype, parameter.device)
        if bucket and (not alike or sum(p.numel() for p in bucket) + parameter.numel() > BUCKET_ELEMENTS):
            yield bucket
            bucket = []
        bucket.append(parameter)
    if bucket:
        yield bucket
