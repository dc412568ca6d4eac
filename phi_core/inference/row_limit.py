"""How many rows are computed at once.

An estimate: keys and values of rows that are as long as they may become, and their logits, in half of the free memory,
for the device is seldom ours alone; in main memory never more than a second copy of the weights would take, or
`SMALL_BYTES`. Where it was too much, the caller goes on with half as many rows.
"""

from collections.abc import Sequence
from typing import Any

import torch

from phi_core.models.free_memory import free_bytes

MOST = {"cpu": 48, "mps": 64}
"""More rows at once are hardly faster there."""
MOST_ELSEWHERE = 256
SHARE = 0.5
LOGITS_COPIES = 3
SMALL_BYTES = 2**27


def rows_at_once(network: Any, *, device: str, lengths: Sequence[int], free: int | None = None) -> int:
    """At least one row. `lengths` are tokens of prompt and longest answer; `free` bytes, None: what there is."""
    size = _row_bytes(network.config.get_text_config(), network.dtype.itemsize, max(lengths))
    room = int(SHARE * (free_bytes(device) if free is None else free))
    kind = torch.device(device).type
    if kind in MOST:
        room = min(room, max(SMALL_BYTES, network.get_memory_footprint()))
    return max(1, min(room // size, MOST.get(kind, MOST_ELSEWHERE), len(lengths)))


def _row_bytes(config: Any, item_bytes: int, length: int) -> int:
    heads = config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    kept = getattr(config, "num_key_value_heads", None) or heads
    keys_and_values = 2 * config.num_hidden_layers * kept * size * item_bytes
    return int(keys_and_values * length + LOGITS_COPIES * 4 * config.vocab_size)
