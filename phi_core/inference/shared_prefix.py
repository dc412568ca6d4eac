"""The tokens that all prompts begin with, read once for each voice and then copied for every row."""

from collections.abc import Sequence

import torch
from transformers import DynamicCache

from phi_core.inference.row_adapters import Slice, Voice
from phi_core.inference.row_cache import copies
from phi_core.inference.row_model import RowModel


class SharedPrefix:
    """Keys and values of `ids` for each of `voices`, whose ranks are their places."""

    def __init__(self, model: RowModel, ids: Sequence[int], voices: Sequence[Voice]) -> None:
        self.length = len(ids)
        self._device = model.device
        self._read = DynamicCache()
        if ids:
            slices = [Slice(voice, row, row + 1) for row, voice in enumerate(voices)]
            tokens = torch.tensor([list(ids)] * len(voices), device=model.device)
            model.read(tokens, self._read, slices, last=[len(ids) - 1] * len(voices))

    def begun(self, ranks: Sequence[int]) -> DynamicCache:
        """A cache of rows of these voices, which have all read the prefix."""
        if not self.length:
            return DynamicCache()
        return copies(self._read, torch.tensor(ranks, device=self._device))


def common_prefix(prompts: Sequence[Sequence[int]]) -> Sequence[int]:
    """What all begin with, leaving each at least its last token; empty for a single prompt."""
    if len(prompts) < 2:
        return ()
    first, last = min(prompts, key=tuple), max(prompts, key=tuple)  # the two that differ first, if any do
    longest = min(len(prompt) for prompt in prompts) - 1
    differing = (at for at in range(longest) if first[at] != last[at])
    return first[: next(differing, longest)]
