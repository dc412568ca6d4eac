"""Answers to the probe prompts by the model in training: how it speaks, beside what its loss says.

Greedy, with the adapter on and dropout off, in the run's own prompt format; as LocalEngine would answer. No random
number is drawn, so a run with probes has the losses of one without.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import stop_ids, tokenise
from phi_core.chat.rendering import answer_begins_with_space
from phi_core.config.sampling import Sampling
from phi_core.inference.generation import text_pieces, token_ids
from phi_core.models.base import BaseModel


@dataclass(frozen=True)
class ProbeAnswer:
    """`tokens` that were generated, the stop token included; `seconds` that it took."""

    prompt: str
    answer: str
    tokens: int
    seconds: float


class Probes:
    """The prompts of a run, with what is needed to put them to its model."""

    def __init__(self, prompts: Sequence[str], base: BaseModel, *, max_new_tokens: int) -> None:
        self.prompts = tuple(prompts)
        self._base, self._max_new_tokens = base, max_new_tokens

    def too_long(self) -> list[str]:
        """Sentences on the prompts that leave no room for an answer."""
        return [
            f"probe prompt {prompt[:40]!r} is not answered: it fills the model's context of {self._base.context_length} tokens"
            for prompt in self.prompts
            if self._room(prompt) < 1
        ]

    def answers(self, model: Any, *, without: Collection[str] = ()) -> Iterator[ProbeAnswer]:
        """An answer for each prompt that leaves room for one. The model stays in evaluation mode, as after validation."""
        model.eval()
        for prompt in self.prompts:
            if prompt not in without and self._room(prompt) >= 1:
                yield self._answer(model, prompt)

    def _answer(self, model: Any, prompt: str) -> ProbeAnswer:
        base, start = self._base, time.monotonic()
        stops = stop_ids(base.form, base.tokenizer)
        sampling = Sampling(temperature=0, max_new_tokens=min(self._max_new_tokens, self._room(prompt)))
        with torch.compiler.set_stance("force_eager"):  # growing caches would be compiled anew and anew
            ids = list(token_ids(model, self._ids(prompt), sampling, stop_ids=stops, device=base.device.name))
        text = "".join(piece for piece, _ in text_pieces(iter(ids), base.tokenizer, stop_ids=stops))
        text = text.removeprefix(" ") if answer_begins_with_space(base.form) else text
        return ProbeAnswer(prompt, text, len(ids), time.monotonic() - start)

    def _room(self, prompt: str) -> int:
        return self._base.context_length - len(self._ids(prompt))

    def _ids(self, prompt: str) -> tuple[int, ...]:
        form, tokenizer = self._base.form, self._base.tokenizer
        return tokenise(form, [Message("user", prompt)], tokenizer, generation=True).ids
