"""LocalEngine: the Engine interface over one copy of the weights in this process.

Base and adapters answer from the same batch where their kind allows it. That the base is the base is proved at load and
after each further adapter (`proof`). Every target gets the same prompt, in the format recorded beside the adapters.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from phi_core.chat.engine import BASE, Ask, Chunk, EngineInfo, LogLikelihood, TokenChange
from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import PromptFormat, Tokenised, stop_ids, tokenise
from phi_core.chat.rendering import answer_begins_with_space
from phi_core.errors import EngineFailed
from phi_core.inference.answering import Answering, Asked
from phi_core.inference.likelihood import log_likelihood, token_changes
from phi_core.inference.loaded_models import LoadedModels
from phi_core.inference.proof import probe_logits, prove
from phi_core.models.adapter_agreement import agreed_format, require_same_base
from phi_core.models.base import BaseModel


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
        require_same_base(base, adapters)
        self._base, self._versions = base, dict(versions or {})
        self._use_recorded_format = use_recorded_format
        self._form = self._agreed_format(adapters)
        self._loaded: LoadedModels | None = LoadedModels(base)
        self._bare = probe_logits(base.model)
        for label, path in adapters.items():
            self._models.attach(label, path)
        self._info = self._describe()

    @property
    def info(self) -> EngineInfo:
        return self._info

    def stream(self, ask: Ask) -> Iterator[Chunk]:
        answering = self._answering
        for _, chunk in answering.pieces([answering.asked(0, ask)], whole=False):
            yield chunk

    def stream_batch(
        self, asks: Sequence[Ask], *, whole: bool = False
    ) -> Iterator[tuple[int, Chunk | EngineFailed]]:
        answering, asked = self._answering, list[Asked]()
        for position, ask in enumerate(asks):
            try:
                asked.append(answering.asked(position, ask))
            except EngineFailed as error:
                yield position, error
        yield from answering.pieces(asked, whole=whole)

    def token_changes(self, messages: Sequence[Message], target: str) -> tuple[TokenChange, ...]:
        sample = tokenise(self._form, messages, self._base.tokenizer).cut(self._base.context_length)
        if messages[-1:] and messages[-1].role != "assistant":
            raise EngineFailed("the conversation ends without an answer to look at")
        return token_changes(self._models, BASE, target, sample, self._base.tokenizer)

    def log_likelihood(self, messages: Sequence[Message], target: str) -> LogLikelihood:
        return self.sample_log_likelihood(tokenise(self._form, messages, self._base.tokenizer), target)

    def sample_log_likelihood(self, sample: Tokenised, target: str) -> LogLikelihood:
        return log_likelihood(self._models, target, sample.cut(self._base.context_length))

    def add(self, label: str, adapter: Path) -> EngineInfo:
        models = self._models
        require_same_base(self._base, {label: adapter})
        paths = {name: attached.path for name, attached in models.attached.items()}
        form = self._agreed_format({**paths, label: adapter})
        models.attach(label, adapter)
        self._form, self._info = form, self._describe()
        return self._info

    def close(self) -> None:
        """Answer nothing any more; the last weights are freed with this object."""
        self._loaded = None

    @property
    def _models(self) -> LoadedModels:
        if self._loaded is None:
            raise EngineFailed("the engine was closed")
        return self._loaded

    @property
    def _answering(self) -> Answering:
        form, tokenizer = self._form, self._base.tokenizer
        return Answering(
            self._models,
            form,
            tokenizer,
            stop_ids=stop_ids(form, tokenizer),
            drops_space=answer_begins_with_space(form),
        )

    def _agreed_format(self, adapters: Mapping[str, Path]) -> PromptFormat:
        return agreed_format(self._base, adapters.values()) if self._use_recorded_format else self._base.form

    def _describe(self) -> EngineInfo:
        base, attached = self._base, self._models.attached
        return EngineInfo(
            model_name=base.name,
            targets=(BASE, *attached),
            device=base.device.name,
            dtype=base.device.dtype_name,
            num_parameters=self._models.num_parameters,
            prompt_format=self._form.name,
            prompt_format_hash=self._form.hash,
            context_length=base.context_length,
            proof=prove(self._models, self._bare),
            fingerprints={BASE: base.fingerprint}
            | {label: adapter.fingerprint for label, adapter in attached.items()},
            serving={BASE: "mixed", **{label: adapter.serving for label, adapter in attached.items()}},
            quantization=base.quantization,
            versions=self._versions,
        )
