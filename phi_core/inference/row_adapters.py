"""Adapters on slices of the rows of a batch: each row is answered by its own one, at its own strength, or by the base.

PEFT can mix adapters in a batch too (`adapter_names`); here rows of one adapter lie beside each other, so that a
slice of the batch is a view and LoRA is added into it in place. What a layer adds is strength · (W_adapted - W), also
where the adapter is no sum (DoRA, whole modules). PEFT's own switches are neither asked nor changed between calls.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from peft.tuners.lora import Linear as LoraLinear
from peft.tuners.lora import LoraLayer
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils.other import AuxiliaryTrainingWrapper
from torch import nn

from phi_core.inference.module_calls import Forward

QUANTIZED = ("Linear4bit", "Linear8bitLt")
"""PEFT's layers over bitsandbytes, which are there only where bitsandbytes is."""


@dataclass(frozen=True)
class Voice:
    """Who answers: a PEFT adapter at a strength, or None for the base."""

    adapter: str | None
    strength: float = 1.0


BASE_VOICE = Voice(None)


@dataclass(frozen=True)
class Slice:
    """Rows `begin` to `end` of the batch belong to `voice`."""

    voice: Voice
    begin: int
    end: int


class RowAdapters:
    """The layers of a model that adapters changed, and how to compute them for slices of rows."""

    def __init__(self, model: nn.Module) -> None:
        self._slices: Sequence[Slice] = ()
        self.forwards: dict[nn.Module, Forward] = {
            module: self._linear(module) if _is_linear(module) else self._any(module)
            for module in _outermost(model)
        }

    @contextmanager
    def speaking(self, slices: Sequence[Slice]) -> Iterator[None]:
        """Inside, `forwards` compute for these slices, which cover the batch in order."""
        self._slices = slices
        try:
            yield
        finally:
            self._slices = ()

    def _linear(self, module: Any) -> Forward:
        other = self._any(module)

        def forward(x: torch.Tensor) -> torch.Tensor:
            if any(_is_special(module, part.voice.adapter) for part in self._slices):
                result: torch.Tensor = other(x)
                return result
            return self._with_lora(module, x)

        return forward

    def _with_lora(self, module: Any, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = module.base_layer(x)
        for part in self._slices:
            name = part.voice.adapter
            if name is not None and name in module.lora_A:
                scale = module.scaling[name] * part.voice.strength
                rows, added = self._rows(x, part), self._rows(result, part)
                _add_lora(added, rows, module.lora_A[name].weight, module.lora_B[name].weight, scale)
        return result

    def _any(self, module: nn.Module) -> Forward:
        """By the module's own way, slice by slice."""
        inner = [
            part for part in module.modules() if isinstance(part, BaseTunerLayer | AuxiliaryTrainingWrapper)
        ]

        def forward(x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
            def spoken(rows: torch.Tensor, voice: Voice) -> torch.Tensor:
                with _switched(inner, voice.adapter):
                    result: torch.Tensor = type(module).forward(module, rows, *args, **kwargs)
                    return result

            pieces = [_at_strength(spoken, self._rows(x, part), part.voice) for part in self._slices]
            return torch.cat(pieces) if len(pieces) > 1 else pieces[0]

        return forward

    def _rows(self, x: torch.Tensor, part: Slice) -> torch.Tensor:
        """The rows of a slice; all there is where one voice speaks alone, whatever shape it has."""
        if len(self._slices) == 1:
            return x
        if x.shape[0] != self._slices[-1].end:
            raise RuntimeError(f"a layer sees {x.shape[0]} rows of a batch of {self._slices[-1].end}")
        return x[part.begin : part.end]


def _outermost(model: nn.Module) -> list[nn.Module]:
    """PEFT's modules that lie in no other of its modules."""
    found: list[nn.Module] = []
    for child in model.children():
        ours = isinstance(child, BaseTunerLayer | AuxiliaryTrainingWrapper)
        found += [child] if ours else _outermost(child)
    return found


def _is_linear(module: nn.Module) -> bool:
    return type(module) is LoraLinear or (
        isinstance(module, LoraLayer) and type(module).__name__ in QUANTIZED
    )


def _is_special(module: Any, name: str | None) -> bool:
    """Whether the adapter is more here than B·A: DoRA and its like, or a bias of its own."""
    if name is None or name not in module.lora_A:
        return False
    return name in module.lora_variant or module.lora_B[name].bias is not None


def _add_lora(
    added: torch.Tensor, x: torch.Tensor, down: torch.Tensor, up: torch.Tensor, scale: float
) -> None:
    """added += scale · x Aᵀ Bᵀ, in place; in one kernel after the first where all is of one type."""
    low = nn.functional.linear(x.to(down.dtype), down)
    if added.dtype == low.dtype and added.is_contiguous():
        flat = added.view(-1, added.shape[-1])
        flat.addmm_(low.view(-1, low.shape[-1]), up.t(), alpha=scale)
    else:
        added.add_(nn.functional.linear(low, up), alpha=scale)


def _at_strength(spoken: Any, rows: torch.Tensor, voice: Voice) -> torch.Tensor:
    if voice.strength == 1 or voice.adapter is None:
        full: torch.Tensor = spoken(rows, voice)
        return full
    base: torch.Tensor = spoken(rows, BASE_VOICE)
    return base + voice.strength * (spoken(rows, voice) - base)


@contextmanager
def _switched(modules: Sequence[Any], name: str | None) -> Iterator[None]:
    """PEFT's switches inside one module, without what its own functions do to gradients."""
    before = [(module._active_adapter, module._disable_adapters) for module in modules]
    try:
        for module in modules:
            module._disable_adapters = name is None
            if name is not None:
                module._active_adapter = [name]
        yield
    finally:
        for module, (active, disabled) in zip(modules, before, strict=True):
            module._active_adapter, module._disable_adapters = active, disabled
