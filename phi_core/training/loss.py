"""The summed next-token loss of a micro-batch: a fast form, its slow twin, and the check that chooses.

    slow   the model's own logits at every position, then cross-entropy at the labelled ones
    fast   hidden states at the labelled positions only, then `linear_cross_entropy`, which never holds all logits
           (with an adapted head, or weights below float32: logits at those positions in chunks, summed in float32)

The fast form needs a plain linear head with nothing between it and the logits; `choose_loss` finds out by comparing
both on the loaded model. Sums, not means: the trainer divides by the trained tokens of the whole optimizer step.

Letters: T tokens, N labelled tokens, H hidden size, V vocabulary.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from phi_core.chat.prompt_format import Tokenised
from phi_core.planning.memory import CHUNK
from phi_core.training.batches import Batch, padded, padding_free

Loss = Callable[[nn.Module, Batch], torch.Tensor]
TOLERANCE = 1e-3
"""Relative difference up to which two forms count as equal in the model's own precision."""


def slow_loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    logits_TV = model(**batch.inputs, use_cache=False).logits.flatten(0, 1)
    return F.cross_entropy(logits_TV[batch.positions].float(), batch.labels, reduction="sum")


def fast_loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    trunk, head = parts(model)
    hidden_NH = trunk(**batch.inputs, use_cache=False).last_hidden_state.flatten(0, 1)[batch.positions]
    if type(head) is not nn.Linear or head.weight.dtype != torch.float32:
        # An adapted head is more than its weight; and linear_cross_entropy would sum in the low precision, too.
        return _in_chunks(head, hidden_NH, batch.labels)
    return F.linear_cross_entropy(
        hidden_NH.float(),  # autocast may have made it less
        head.weight,
        batch.labels,
        linear_bias=head.bias,
        reduction="sum",
        options=_options(len(batch.labels), head),
    )


def _in_chunks(head: nn.Module, hidden_NH: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy summed in float32; the logits of CHUNK positions exist at once, in backward too."""

    def chunk_loss(hidden: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(head(hidden).float(), wanted, reduction="sum")

    chunks = zip(hidden_NH.split(CHUNK), labels.split(CHUNK), strict=True)
    return torch.stack([checkpoint(chunk_loss, *chunk, use_reentrant=False) for chunk in chunks]).sum()


def parts(model: Any) -> tuple[nn.Module, nn.Linear]:
    """The transformer without its head, and the head."""
    whole = model.get_base_model() if hasattr(model, "get_base_model") else model
    return getattr(whole, whole.base_model_prefix), whole.get_output_embeddings()


@torch.no_grad()
def choose_loss(model: nn.Module) -> tuple[Loss, str]:
    """The fast form if it equals the slow one on this model, and a sentence that says which and why."""
    batch = padded(_probe(model), _device(model))
    try:
        slow, fast = slow_loss(model, batch), fast_loss(model, batch)
    except (AttributeError, TypeError, RuntimeError) as error:
        return slow_loss, f"full logits: the head cannot be used alone ({type(error).__name__})"
    if not _equal(slow, fast):
        return (
            slow_loss,
            f"full logits: the head alone gives {float(fast):.6g} where the model gives {float(slow):.6g}",
        )
    return fast_loss, "logits at trained tokens only"


@torch.no_grad()
def keeps_documents_apart(model: nn.Module) -> bool:
    """Whether documents laid end to end have the loss of documents one by one: else batches must be padded."""
    samples, device = _probe(model), _device(model)
    try:
        together = slow_loss(model, padding_free(samples, device))
    except (TypeError, RuntimeError):  # a model that takes no position ids
        return False
    one_by_one = [slow_loss(model, padded([sample], device)) for sample in samples]
    return _equal(together, torch.stack(one_by_one).sum())


def _probe(model: Any) -> list[Tokenised]:
    """Three short documents of ids spread over the vocabulary."""
    vocabulary = model.config.vocab_size
    return [
        Tokenised(tuple((step * place + 7) % vocabulary for place in range(1, length)), ((0, length - 1),))
        for step, length in ((37, 9), (101, 6), (13, 12))
    ]


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    return bool(torch.isclose(one.double(), other.double(), rtol=TOLERANCE))


def _device(model: Any) -> str:
    return next(model.parameters()).device.type


def _options(num_labels: int, head: nn.Linear) -> torch.nn.LinearCrossEntropyOptions | None:
    """Chunks pay where there are many rows and more classes than inputs (torch's own advice)."""
    chunked = num_labels >= head.in_features and head.out_features > head.in_features
    return torch.nn.LinearCrossEntropyOptions() if chunked else None
