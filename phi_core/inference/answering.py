"""From asks to pieces of answers: rows for the batched generation, its token ids back into text.

Asks that one model answers go to it together. Knows nothing about how a batch is computed.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from phi_core.chat.engine import BASE, Ask, Chunk
from phi_core.chat.prompt_format import PromptFormat
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.errors import EngineFailed
from phi_core.inference.answer_text import AnswerText
from phi_core.inference.batched_generation import Row, answers
from phi_core.inference.loaded_models import LoadedModels, Model
from phi_core.inference.prompt_window import Prompt, prompt_of

MAX_STRENGTH = 2.0


@dataclass(frozen=True)
class Asked:
    """An ask that can be answered: its place in the caller's list, the row of the batch, the model for it."""

    position: int
    model: Model
    row: Row
    prompt: Prompt


@dataclass(frozen=True)
class Answering:
    """What all answers of an engine have in common."""

    models: LoadedModels
    form: PromptFormat
    tokenizer: TextTokenizer
    stop_ids: frozenset[int]
    drops_space: bool
    """Whether the space before an answer belongs to the format."""

    def asked(self, position: int, ask: Ask) -> Asked:
        """EngineFailed for an unknown target, a strength that it cannot have, or a prompt that is too long."""
        target = self._target(ask)
        model, adapter = self.models.place_of(target)
        context = self.models.base.context_length
        wanted = ask.sampling.max_new_tokens
        prompt = prompt_of(
            ask.messages, self.form, self.tokenizer, context_length=context, max_new_tokens=wanted
        )
        sampling = ask.sampling.model_copy(update={"max_new_tokens": min(wanted, context - len(prompt.ids))})
        return Asked(position, model, Row(prompt.ids, adapter, sampling, ask.strength), prompt)

    def pieces(self, asked: Sequence[Asked], *, whole: bool) -> Iterator[tuple[int, Chunk]]:
        """(position of the ask, piece of its answer) as they come; the models one after the other."""
        for model in {id(each.model): each.model for each in asked}.values():
            yield from self._of_one_model(model, [each for each in asked if each.model is model], whole)

    def _of_one_model(self, model: Model, asked: Sequence[Asked], whole: bool) -> Iterator[tuple[int, Chunk]]:
        texts: dict[int, AnswerText] = {}
        read = time.monotonic()  # when the rows whose first ids come next began to be read
        for place, token_id in self._ids(model, [each.row for each in asked]):
            if place not in texts:
                texts[place] = self._text(asked[place], read)
            else:
                read = time.monotonic()
            chunk = texts[place].add(token_id)
            if not whole:
                yield asked[place].position, chunk
            elif chunk.finish_reason is not None:
                yield asked[place].position, texts[place].whole(chunk)

    def _ids(self, model: Model, rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
        return answers(
            model,
            rows,
            stop_ids=self.stop_ids,
            device=self.models.base.device.name,
            unmixable=self.models.unmixable,
        )

    def _text(self, asked: Asked, start: float) -> AnswerText:
        return AnswerText(
            tokenizer=self.tokenizer,
            stop_ids=self.stop_ids,
            limit=asked.row.sampling.max_new_tokens,
            prompt_tokens=len(asked.prompt.ids),
            dropped_turns=asked.prompt.dropped_turns,
            start=start,
            drops_space=self.drops_space,
        )

    def _target(self, ask: Ask) -> str:
        """Who answers: at strength 0 the base, though only for a target that is there."""
        self.models.place_of(ask.target)
        if not 0 <= ask.strength <= MAX_STRENGTH:
            raise EngineFailed(f"strength {ask.strength:g} is not between 0 and {MAX_STRENGTH:g}")
        if ask.target == BASE or not ask.strength:
            return BASE
        if ask.strength != 1 and self.models.attached[ask.target].serving == "own base":
            raise EngineFailed(
                f"{ask.target} altered its base: what it adds cannot be told from it and made {ask.strength:g} of it",
                "Strength 0 and 1 can be had; convert the adapter for others",
            )
        return ask.target
