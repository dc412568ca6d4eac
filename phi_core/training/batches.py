"""Samples → tensors of one micro-batch, in two forms that give the same loss.

`padding_free` lays the samples end to end in one row; position ids that restart tell the model where a document
begins. `padded` is its slow twin: one row a sample, filled up to the longest, with an attention mask.

Letters: B samples, L longest sample, T all tokens of the micro-batch, N labelled tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from phi_core.chat.prompt_format import Tokenised
from phi_core.samples.token_view import PAD_ID


@dataclass(frozen=True)
class Batch:
    """`inputs` are the model's arguments. The logits at flat position `positions[i]` predict `labels[i]`; both (N,)."""

    inputs: dict[str, torch.Tensor]
    positions: torch.Tensor
    labels: torch.Tensor


def padding_free(samples: Sequence[Tokenised], device: str) -> Batch:
    """input_ids and position_ids are (1, T). No mask: transformers then keeps documents apart by the positions."""
    ids = [token_id for sample in samples for token_id in sample.ids]
    places = [place for sample in samples for place in range(len(sample.ids))]
    inputs = {
        "input_ids": torch.tensor([ids], device=device),
        "position_ids": torch.tensor([places], device=device),
    }
    return _labelled(inputs, samples, _starts(samples), device)


def padded(samples: Sequence[Tokenised], device: str) -> Batch:
    """input_ids and attention_mask are (B, L); filled on the right with PAD_ID, which nothing attends to."""
    longest = max(len(sample.ids) for sample in samples)
    ids = [list(sample.ids) + [PAD_ID] * (longest - len(sample.ids)) for sample in samples]
    mask = [[1] * len(sample.ids) + [0] * (longest - len(sample.ids)) for sample in samples]
    inputs = {
        "input_ids": torch.tensor(ids, device=device),
        "attention_mask": torch.tensor(mask, device=device),
    }
    return _labelled(inputs, samples, [longest * row for row in range(len(samples))], device)


def _starts(samples: Sequence[Tokenised]) -> list[int]:
    starts, place = [], 0
    for sample in samples:
        starts.append(place)
        place += len(sample.ids)
    return starts


def _labelled(
    inputs: dict[str, torch.Tensor], samples: Sequence[Tokenised], starts: Sequence[int], device: str
) -> Batch:
    """The token at place p is predicted at p − 1; a document's first token is predicted nowhere."""
    pairs = [
        (start + place - 1, sample.ids[place])
        for sample, start in zip(samples, starts, strict=True)
        for first, end in sample.answers
        for place in range(max(first, 1), end)
    ]
    positions, labels = (torch.tensor(column, device=device) for column in zip(*pairs, strict=True))
    return Batch(inputs, positions, labels)
