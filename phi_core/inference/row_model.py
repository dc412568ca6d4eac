"""A model called on rows that several voices answer: the base and adapters in one batch, one copy of the weights.

Which models can be called so is decided here: attention over keys that are kept, positions given from outside. Others
(state-space layers, positions that depend on the longest row, code from elsewhere) are answered one row at a time.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from peft import PeftModel
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import Cache

from phi_core.inference.cpu_kernels import cpu_kernels
from phi_core.inference.module_calls import replaced
from phi_core.inference.row_adapters import RowAdapters, Slice

KEPT = frozenset({"full_attention", "sliding_attention"})
"""Kinds of layers whose past is keys and values of each token and nothing else."""
EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")
STRETCHED = frozenset({"dynamic", "longrope"})
"""Rotary embeddings that change for the whole batch when its longest row passes the trained length."""


class RowModel:
    """`faster_kernels` False: the kernels that transformers would use."""

    def __init__(
        self, model: PreTrainedModel | PeftModel, *, device: str, faster_kernels: bool = True
    ) -> None:
        self.network: PreTrainedModel = model.get_base_model() if isinstance(model, PeftModel) else model
        self.device = device
        self._adapters = RowAdapters(self.network)
        kernels = cpu_kernels(self.network) if faster_kernels and device == "cpu" else {}
        self._forwards = {**kernels, **self._adapters.forwards}

    @property
    def config(self) -> Any:
        return self.network.config.get_text_config()

    @property
    def mixes(self) -> bool:
        """Whether rows of several voices may share a batch: experts see tokens without their rows."""
        return not any(getattr(self.config, name, None) for name in EXPERTS)

    def batches(self, longest: int) -> bool:
        """Whether several rows of at most `longest` tokens, answers included, can be computed together."""
        config = self.config
        kinds = set(getattr(config, "layer_types", None) or ())
        return (
            type(self.network).__module__.startswith("transformers.models.")
            and kinds <= KEPT
            and not self.network._is_stateful
            and not getattr(config, "num_kv_shared_layers", None)
            and "position_ids" in inspect.signature(self.network.forward).parameters
            and self.network.get_output_embeddings() is not None
            and longest <= _trained_length(config, longest)
        )

    def one_voice(self, slices: Sequence[Slice], **inputs: Any) -> Any:
        """The model's own output."""
        with self._adapters.speaking(slices), replaced(self._forwards):
            return self.network(**inputs)

    def read(
        self, ids: torch.Tensor, cache: DynamicCache, slices: Sequence[Slice], *, last: Sequence[int]
    ) -> torch.Tensor:
        """Logits (rows, V) after column `last[row]` of each row of `ids` (rows, columns), which go on from `cache`.

        No column is padding for those before it, so what stands behind a row's last one does not matter.
        """
        begin = cache.get_seq_length()
        positions = torch.arange(begin, begin + ids.shape[1], device=self.device).expand(ids.shape)
        rows, columns = torch.arange(len(last), device=self.device), torch.tensor(last, device=self.device)
        head = self.network.get_output_embeddings()
        hook = head.register_forward_pre_hook(
            lambda _, inputs: (inputs[0][rows, columns].unsqueeze(1), *inputs[1:])
        )
        try:
            return self._logits(slices, ids, positions, cache, None, keep=0)
        finally:
            hook.remove()

    def step(
        self, ids: Sequence[int], lengths: Sequence[int], cache: Cache, slices: Sequence[Slice]
    ) -> torch.Tensor:
        """Logits (rows, V) after one more token of each row, of which `lengths` are in the cache, right-aligned."""
        positions = torch.tensor(lengths, device=self.device)[:, None]
        width = max(lengths) + 1
        mask = None
        if min(lengths) + 1 < width:
            mask = torch.arange(width, device=self.device) >= width - 1 - positions
        tokens = torch.tensor(ids, device=self.device)[:, None]
        return self._logits(slices, tokens, positions, cache, mask, keep=1)

    def _logits(
        self,
        slices: Sequence[Slice],
        ids: torch.Tensor,
        positions: torch.Tensor,
        cache: Cache,
        mask: torch.Tensor | None,
        *,
        keep: int,
    ) -> torch.Tensor:
        logits: torch.Tensor = self.one_voice(
            slices,
            input_ids=ids,
            position_ids=positions,
            attention_mask=mask,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=keep,
        ).logits
        return logits[:, -1]


def _trained_length(config: Any, longest: int) -> int:
    """Tokens up to which positions mean the same in every batch; `longest` where nothing limits them."""
    rope = getattr(config, "rope_parameters", None) or {}
    per_kind = [part for part in rope.values() if isinstance(part, dict)] or [rope]
    limits = [
        part.get("original_max_position_embeddings") or config.max_position_embeddings
        for part in per_kind
        if part.get("rope_type") in STRETCHED
    ]
    return min([longest, *limits])
