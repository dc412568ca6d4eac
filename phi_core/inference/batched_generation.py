"""Many answers at once, of the base and of adapters: the fast twin of `generation.token_ids`.

Rows are taken longest prompt first. A row that ends leaves the batch at once, and as soon as a share of the places
is free, waiting rows are read together and take them. What an answer says does not depend on its neighbours: greedy
answers are those of the slow twin, and drawn ones use random numbers of their own.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from peft import PeftModel
from transformers import PreTrainedModel

from phi_core.config.sampling import Sampling
from phi_core.errors import EngineFailed
from phi_core.inference.drawing import Draws, likeliest_ids
from phi_core.inference.generation import token_ids
from phi_core.inference.row_adapters import BASE_VOICE, Slice, Voice
from phi_core.inference.row_limit import rows_at_once
from phi_core.inference.row_model import RowModel
from phi_core.inference.rows_in_flight import Answer, RowsInFlight, slices
from phi_core.inference.shared_prefix import SharedPrefix, common_prefix
from phi_core.models.free_memory import is_out_of_memory

READ_TOKENS = 2048
"""Prompts are read in parts of at most so many tokens, but at least one prompt."""
FREE_SHARE = 4
"""Waiting rows join when one in so many places is free: reading few costs about as much as reading many."""


@dataclass(frozen=True)
class Row:
    """One answer that is wanted. `adapter` is PEFT's name, None the base; `strength` multiplies what it adds.

    `max_new_tokens` of `sampling` must fit into the context after the prompt.
    """

    prompt: tuple[int, ...]
    adapter: str | None
    sampling: Sampling
    strength: float = 1.0

    @property
    def voice(self) -> Voice:
        return BASE_VOICE if self.adapter is None or not self.strength else Voice(self.adapter, self.strength)

    @property
    def longest(self) -> int:
        """Tokens of prompt and answer if it never stops."""
        return len(self.prompt) + self.sampling.max_new_tokens


@torch.no_grad()
def answers(
    model: PreTrainedModel | PeftModel,
    rows: Sequence[Row],
    *,
    stop_ids: frozenset[int],
    device: str,
    unmixable: frozenset[str] = frozenset(),
    max_rows: int | None = None,
    share_prefix: bool = True,
    faster_kernels: bool = True,
) -> Generator[tuple[int, int]]:
    """(position of the row, token id) as they come; a row's last id is a stop id or its `max_new_tokens`-th.

    Adapters named in `unmixable` answer in passes of their own. `max_rows` limits the rows computed at once; None: by
    the free memory. Closing the iterator stops the model, which between two ids is as it was given. EngineFailed if
    even one row does not fit into memory.
    """
    rowed = RowModel(model, device=device, faster_kernels=faster_kernels)
    for positions in _passes(rows, unmixable, mixes=rowed.mixes):
        wanted = {position: rows[position] for position in positions}
        if rowed.batches(max(row.longest for row in wanted.values())):
            limit = max_rows or len(rows)
            fitting = rows_at_once(
                rowed.network, device=device, lengths=[row.longest for row in wanted.values()]
            )
            batch = _Batch(rowed, wanted, stop_ids, limit=min(limit, fitting), share_prefix=share_prefix)
            yield from batch.run()
        else:
            yield from _one_by_one(rowed, wanted, stop_ids)


@torch.no_grad()
def first_logits(
    model: PreTrainedModel | PeftModel,
    rows: Sequence[Row],
    *,
    device: str,
    unmixable: frozenset[str] = frozenset(),
) -> list[torch.Tensor]:
    """Logits (V,), float32 on the CPU, from which `answers` would choose each row's first token, by the way it takes."""
    rowed = RowModel(model, device=device)
    found: dict[int, torch.Tensor] = {}
    for positions in _passes(rows, unmixable, mixes=rowed.mixes):
        wanted = {position: rows[position] for position in positions}
        if rowed.batches(max(row.longest for row in wanted.values())):
            found |= _Batch(rowed, wanted, frozenset(), limit=len(wanted), share_prefix=True).first()
        else:
            found |= {position: _first(rowed, row) for position, row in wanted.items()}
    return [found[position].float().cpu() for position in range(len(rows))]


def _first(model: RowModel, row: Row) -> torch.Tensor:
    ids = torch.tensor([row.prompt], device=model.device)
    logits: torch.Tensor = model.one_voice([Slice(row.voice, 0, 1)], input_ids=ids, use_cache=False).logits
    return logits[0, -1]


def _passes(rows: Sequence[Row], unmixable: frozenset[str], *, mixes: bool) -> list[list[int]]:
    """Positions of rows that may be in a batch together."""
    parts: dict[Voice | None, list[int]] = {}
    for position, row in enumerate(rows):
        alone = not mixes or row.voice.adapter in unmixable
        parts.setdefault(row.voice if alone else None, []).append(position)
    return list(parts.values())


def _one_by_one(model: RowModel, rows: dict[int, Row], stop_ids: frozenset[int]) -> Iterator[tuple[int, int]]:
    for position, row in rows.items():
        voice = [Slice(row.voice, 0, 1)]

        def forward(voice: Sequence[Slice] = voice, **inputs: Any) -> Any:
            return model.one_voice(voice, **inputs)

        said = token_ids(
            model.network, row.prompt, row.sampling, stop_ids=stop_ids, device=model.device, forward=forward
        )
        for token_id in said:
            yield position, token_id


class _Batch:
    """One pass: rows that may share a batch."""

    def __init__(
        self,
        model: RowModel,
        rows: dict[int, Row],
        stop_ids: frozenset[int],
        *,
        limit: int,
        share_prefix: bool,
    ) -> None:
        voices = sorted(
            {row.voice for row in rows.values()}, key=lambda voice: (voice.adapter or "", voice.strength)
        )
        self._model, self._stop_ids = model, stop_ids
        self._waiting = [
            Answer(
                position=position,
                voice=row.voice,
                rank=voices.index(row.voice),
                ids=list(row.prompt),
                left=row.sampling.max_new_tokens,
                draws=Draws(row.sampling, row.prompt),
            )
            for position, row in rows.items()
        ]
        self._waiting.sort(key=_by_length)
        self._flying = RowsInFlight(limit)
        shared = common_prefix([row.prompt for row in rows.values()]) if share_prefix else ()
        self._prefix = SharedPrefix(model, shared, voices)

    def run(self) -> Iterator[tuple[int, int]]:
        while self._waiting or self._flying.answers:
            joining = self._joining()
            try:
                logits = self._read(joining) if joining else self._step()
            except (RuntimeError, MemoryError) as error:
                self._give_way(joining, error)
                continue
            yield from self._draw(joining or list(self._flying.answers), logits)

    def first(self) -> dict[int, torch.Tensor]:
        """Position → logits after the prompt."""
        found: dict[int, torch.Tensor] = {}
        while joining := self._joining():
            positions = [answer.position for answer in joining]
            found |= dict(zip(positions, self._read(joining), strict=True))
        return found

    def _joining(self) -> list[Answer]:
        """Waiting rows that are read next, the longest first; none while too few places are free."""
        free, waiting = self._flying.free, self._waiting
        if not waiting or free < min(len(waiting), max(1, self._flying.limit // FREE_SHARE)):
            return []
        longest = len(waiting[-1].ids) - self._prefix.length
        num = max(1, min(free, len(waiting), READ_TOKENS // longest))
        joining, self._waiting = waiting[-num:], waiting[:-num]
        return sorted(joining, key=lambda answer: answer.rank)

    def _read(self, joining: Sequence[Answer]) -> torch.Tensor:
        """Logits after the prompts, whose rows then fly."""
        own = [answer.ids[self._prefix.length :] for answer in joining]
        longest = max(map(len, own))
        ids = torch.tensor([part + [0] * (longest - len(part)) for part in own], device=self._model.device)
        cache = self._prefix.begun([answer.rank for answer in joining])
        logits = self._model.read(ids, cache, slices(joining), last=[len(part) - 1 for part in own])
        self._flying.join(joining, cache)
        return logits

    def _step(self) -> torch.Tensor:
        """Logits after one more token of every row in flight."""
        flying = self._flying
        flying.before_step()
        rows = flying.answers
        last = [answer.ids[-1] for answer in rows]
        logits = self._model.step(last, flying.lengths, flying.cache, slices(rows))
        flying.cache.advance()
        return logits

    def _draw(self, rows: Sequence[Answer], logits: torch.Tensor) -> Iterator[tuple[int, int]]:
        likeliest = likeliest_ids(logits)
        drawn = [
            likeliest[row] if answer.draws.are_plain else answer.draws.choose(logits[row])
            for row, answer in enumerate(rows)
        ]
        for answer, token_id in zip(rows, drawn, strict=True):
            answer.ids.append(token_id)
            answer.left -= 1
            if not answer.left or token_id in self._stop_ids:
                self._flying.leave(answer)
        for answer, token_id in zip(rows, drawn, strict=True):
            yield answer.position, token_id

    def _give_way(self, joining: Sequence[Answer], error: Exception) -> None:
        """Half as many rows after memory ran out; those in flight are read again with what they have said."""
        if not is_out_of_memory(error):
            raise error
        flying = [answer for answer in self._flying.answers if answer not in joining]
        limit = min(self._flying.limit, len(flying) + len(joining)) // 2
        if not limit:
            raise EngineFailed(
                "one answer alone does not fit into memory", "Ask for shorter answers"
            ) from error
        self._waiting = sorted([*self._waiting, *joining, *flying], key=_by_length)
        self._flying = RowsInFlight(limit)


def _by_length(answer: Answer) -> int:
    return len(answer.ids)
