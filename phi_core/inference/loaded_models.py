"""The base with its adapters: one copy of the weights for all that can share it, a copy each for those that alter it.

A target is switched to by PEFT's own contexts. Knows nothing about prompts and answers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from peft import PeftModel
from transformers import PreTrainedModel

from phi_core.chat.engine import BASE, Serving
from phi_core.errors import AdapterError, EngineFailed
from phi_core.models.adapter import is_bare, load_adapter, peft_name, remove_adapter
from phi_core.models.adapter_serving import reason_of, serving_of
from phi_core.models.base import BaseModel, second_copy, weights_fingerprint

Model: TypeAlias = PreTrainedModel | PeftModel


@dataclass(frozen=True)
class Attached:
    """An adapter in place. `key` tells it from an earlier one of the same label; `name` is PEFT's name for it."""

    path: Path
    key: str
    model: PeftModel
    serving: Serving
    reason: str
    fingerprint: str

    @property
    def name(self) -> str:
        return peft_name(self.key)


class LoadedModels:
    """Takes the base over: adapters are attached to it in place. AdapterError if one stands in it already."""

    def __init__(self, base: BaseModel) -> None:
        if not is_bare(base.model):
            raise AdapterError(
                f"{base.name} has an adapter inside it already: what answers as the base would not be the base",
                "Load the base anew and name the adapter",
            )
        self.base = base
        self.shared: Model = base.model
        self.attached: dict[str, Attached] = {}
        self._count = 0

    def attach(self, label: str, path: Path) -> None:
        """Load an adapter; one of the same label is freed once the new one stands. AdapterError leaves all as it was."""
        new = self._load(path, f"{label}\0{self._count}")
        self._count += 1
        old, self.attached[label] = self.attached.get(label), new
        if old is not None and old.model is self.shared and isinstance(self.shared, PeftModel):
            remove_adapter(self.shared, name=old.name)

    def _load(self, path: Path, key: str) -> Attached:
        serving = serving_of(path)
        if serving == "own base":
            model = load_adapter(second_copy(self.base), path, label=key, may_alter_base=True)
        else:
            self.shared = model = load_adapter(self.shared, path, label=key)
        model.requires_grad_(False).eval()
        return Attached(path, key, model, serving, reason_of(path, serving), weights_fingerprint(path))

    @property
    def num_parameters(self) -> int:
        """Of all copies."""
        own = [adapter.model for adapter in self.attached.values() if adapter.serving == "own base"]
        return sum(parameter.numel() for model in (self.shared, *own) for parameter in model.parameters())

    @property
    def unmixable(self) -> frozenset[str]:
        """PEFT's names of adapters of the shared base that need passes of their own."""
        return frozenset(
            adapter.name for adapter in self.attached.values() if adapter.serving == "separate pass"
        )

    def place_of(self, target: str) -> tuple[Model, str | None]:
        """(the model that answers for `target`, PEFT's name of the adapter). EngineFailed for an unknown target."""
        if target == BASE:
            return self.shared, None
        if target not in self.attached:
            known = ", ".join((BASE, *self.attached))
            raise EngineFailed(f"there is no adapter {target!r}", f"Loaded are {known}")
        return self.attached[target].model, self.attached[target].name

    @contextmanager
    def switched(self, target: str) -> Iterator[Model]:
        """The model, answering as `target`."""
        model, name = self.place_of(target)
        if name is not None:
            assert isinstance(model, PeftModel)
            model.set_adapter(name, inference_mode=True)
            yield model
        elif isinstance(model, PeftModel):
            with model.disable_adapter():
                yield model
        else:
            yield model
