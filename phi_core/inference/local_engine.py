"""LocalEngine: the Engine interface over one copy of the weights in this process.

The base answers with every adapter switched off by PEFT's own context. That this is the base is proved at load: the
logits of the bare model on a probe, taken before any adapter is attached, must equal those with adapters off, to the
last bit. Every target gets the same prompt, in the format recorded beside the adapter.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import PreTrainedModel

from phi_core.chat.engine import BASE, BaseProof, Chunk, EngineInfo, FinishReason, LogLikelihood
from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import PromptFormat, Tokenised, stop_ids, tokenise
from phi_core.config.sampling import Sampling
from phi_core.errors import AdapterError, EngineFailed
from phi_core.inference.generation import text_pieces, token_ids
from phi_core.models.adapter import load_adapter, peft_name
from phi_core.models.adapter_record import recorded_fingerprint, recorded_format, require_same_ids
from phi_core.models.base import BaseModel, weights_fingerprint

PROBE_LENGTH = 24


class LocalEngine:
    """Takes the base over: adapters are attached to it in place. AdapterError if one does not belong to it.

    Messages become text in the format recorded beside the adapters, or else in that of `base`.
    """

    def __init__(
        self,
        base: BaseModel,
        adapters: Mapping[str, Path],
        *,
        use_recorded_format: bool = True,
        versions: Mapping[str, str] | None = None,
    ) -> None:
        _require_same_base(base, adapters)
        self._base = base
        self._form = _agreed_format(base, adapters) if use_recorded_format else base.form
        self._stop_ids = stop_ids(self._form, base.tokenizer)
        loaded, proof = _with_adapters(base.model, adapters)
        self._loaded: PreTrainedModel | PeftModel | None = loaded
        self._fingerprints = {BASE: base.fingerprint}
        self._fingerprints |= {label: weights_fingerprint(path) for label, path in adapters.items()}
        self._info = self._describe(tuple(adapters), proof, dict(versions or {}))

    @property
    def info(self) -> EngineInfo:
        return self._info

    def stream(self, messages: Sequence[Message], target: str, sampling: Sampling) -> Iterator[Chunk]:
        prompt = self._prompt(messages, sampling)
        room = self._base.context_length - len(prompt)
        limit = sampling.model_copy(update={"max_new_tokens": min(sampling.max_new_tokens, room)})
        with _switched(self._model, target):
            ids = token_ids(
                self._model, prompt, limit, stop_ids=self._stop_ids, device=self._base.device.name
            )
            yield from self._chunks(ids)

    def log_likelihood(self, messages: Sequence[Message], target: str) -> LogLikelihood:
        return self.sample_log_likelihood(tokenise(self._form, messages, self._base.tokenizer), target)

    @torch.no_grad()
    def sample_log_likelihood(self, sample: Tokenised, target: str) -> LogLikelihood:
        sample = sample.cut(self._base.context_length)
        if not sample.num_trained:
            raise EngineFailed("there is no answer to score within the model's context")
        ids = torch.tensor([sample.ids], device=self._base.device.name)
        with _switched(self._model, target):
            logits = self._model(input_ids=ids, use_cache=False).logits[0, :-1].float()
        scored = torch.tensor(sample.trained[1:])
        chosen = logits.log_softmax(-1).gather(-1, ids[0, 1:, None])[:, 0].cpu()
        return LogLikelihood(float(chosen[scored].double().sum()), sample.num_trained)

    def close(self) -> None:
        """Answer nothing any more; the last weights are freed with this object."""
        self._loaded = None

    @property
    def _model(self) -> PreTrainedModel | PeftModel:
        if self._loaded is None:
            raise EngineFailed("the engine was closed")
        return self._loaded

    def _prompt(self, messages: Sequence[Message], sampling: Sampling) -> tuple[int, ...]:
        """Ids of the conversation; if it is too long its oldest turns go, never the last question."""
        room = self._base.context_length - min(sampling.max_new_tokens, self._base.context_length // 2)
        kept = list(messages)
        while len(ids := tokenise(self._form, kept, self._base.tokenizer, generation=True).ids) > room:
            shorter = _without_oldest_turn(kept)
            if len(shorter) == len(kept):
                raise EngineFailed(
                    f"the prompt has {len(ids)} tokens; {room} fit before the answer", "Shorten it"
                )
            kept = shorter
        return ids

    def _chunks(self, ids: Iterator[int]) -> Iterator[Chunk]:
        """The answer without the space between "Output:" and it, which belongs to the format."""
        start, first = time.monotonic(), self._form.name == "instruct"
        finish: FinishReason = "length"
        pieces = text_pieces(ids, self._base.tokenizer, stop_ids=self._stop_ids)
        for before, (text, token_id) in enumerate(pieces):
            if first and text:
                text, first = text.removeprefix(" "), False
            if token_id is None:
                yield Chunk(text, before, time.monotonic() - start, finish)
                return
            finish = "stop" if token_id in self._stop_ids else "length"
            yield Chunk(text, before + 1, time.monotonic() - start)

    def _describe(self, labels: tuple[str, ...], proof: BaseProof, versions: dict[str, str]) -> EngineInfo:
        base = self._base
        return EngineInfo(
            model_name=base.name,
            targets=(BASE, *labels),
            device=base.device.name,
            dtype=base.device.dtype_name,
            num_parameters=sum(parameter.numel() for parameter in self._model.parameters()),
            prompt_format=self._form.name,
            prompt_format_hash=self._form.hash,
            context_length=base.context_length,
            proof=proof,
            fingerprints=self._fingerprints,
            versions=versions,
        )


def probe_logits(model: Any) -> torch.Tensor:
    """Logits (PROBE_LENGTH, V) on a fixed text of ids spread over the vocabulary."""
    vocabulary = model.config.vocab_size
    ids = [(37 * position + 11) % vocabulary for position in range(PROBE_LENGTH)]
    with torch.no_grad():
        device = next(model.parameters()).device
        return model(input_ids=torch.tensor([ids], device=device), use_cache=False).logits[0].float().cpu()


def _with_adapters(
    model: PreTrainedModel, adapters: Mapping[str, Path]
) -> tuple[PreTrainedModel | PeftModel, BaseProof]:
    bare = probe_logits(model)
    loaded: PreTrainedModel | PeftModel = model
    for label, path in adapters.items():
        loaded = load_adapter(loaded, path, label=label)
    loaded.requires_grad_(False).eval()
    return loaded, BaseProof(
        base_difference=_difference(loaded, BASE, bare),
        adapter_differences={label: _difference(loaded, label, bare) for label in adapters},
    )


def _difference(model: PreTrainedModel | PeftModel, target: str, bare: torch.Tensor) -> float:
    with _switched(model, target):
        return float((probe_logits(model) - bare).abs().max())


def _switched(model: PreTrainedModel | PeftModel, target: str) -> AbstractContextManager[None]:
    """The context in which `target` answers."""
    if not isinstance(model, PeftModel):
        if target != BASE:
            raise EngineFailed(f"there is no adapter {target!r}", "Only the base is loaded")
        return nullcontext()
    if target == BASE:
        return model.disable_adapter()
    if peft_name(target) not in model.peft_config:
        raise EngineFailed(f"there is no adapter {target!r}")
    model.set_adapter(peft_name(target), inference_mode=True)
    return nullcontext()


def _agreed_format(base: BaseModel, adapters: Mapping[str, Path]) -> PromptFormat:
    """The format that the adapters were trained with; the base's own if none is recorded.

    Where they differ only in the date that a template is told, the first adapter's date is told to all.
    """
    found = [form for path in adapters.values() if (form := recorded_format(path))]
    if not all(found[0].equals_but_for_date(form) for form in found):
        raise AdapterError(
            "the adapters were trained with different prompt formats", "Compare them one at a time"
        )
    return found[0] if found else base.form


def _require_same_base(base: BaseModel, adapters: Mapping[str, Path]) -> None:
    if BASE in adapters:
        raise AdapterError(
            f"an adapter is labelled {BASE!r}, which means the base model", "Use another label"
        )
    for path in adapters.values():
        recorded = recorded_fingerprint(path)
        if recorded and recorded != base.fingerprint:
            raise AdapterError(
                f"adapter {path} was trained on other weights than those of {base.name}",
                "Name the base that it was trained on",
            )
        require_same_ids(path, base.tokenizer)


def _without_oldest_turn(messages: list[Message]) -> list[Message]:
    """Without the first question and its answer; the system message and the last question stay."""
    questions = [position for position, message in enumerate(messages) if message.role == "user"]
    if len(questions) < 2:
        return messages
    return messages[: questions[0]] + messages[questions[1] :]
