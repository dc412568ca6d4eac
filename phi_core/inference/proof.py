"""The self-check at load: is what answers as the base the base, and does each adapter change something?

The logits of the bare model on a probe, taken before any adapter was attached, must equal those with the adapters off, to
the last bit. Among the rows of a batch, which are computed by other kernels, the base may differ by rounding only.
"""

from typing import Any

import torch

from phi_core.chat.engine import BASE, BaseProof
from phi_core.config.sampling import Sampling
from phi_core.inference.batched_generation import Row, first_logits
from phi_core.inference.loaded_models import LoadedModels

PROBE_LENGTH = 24
ROUNDING = {torch.float32: 1e-4}
"""What the largest logit may lose by another order of its sums, as a share of it."""
COARSE_ROUNDING = 5e-2
"""The same for 16-bit and quantised weights."""


def probe_ids(vocabulary: int) -> list[int]:
    """A fixed text of ids spread over the vocabulary."""
    return [(37 * position + 11) % vocabulary for position in range(PROBE_LENGTH)]


@torch.no_grad()
def probe_logits(model: Any) -> torch.Tensor:
    """Logits (PROBE_LENGTH, V) on the probe, float32."""
    ids = torch.tensor([probe_ids(model.config.vocab_size)], device=next(model.parameters()).device)
    return model(input_ids=ids, use_cache=False).logits[0].float().cpu()


def prove(models: LoadedModels, bare_TV: torch.Tensor) -> BaseProof:
    """`bare_TV`: what `probe_logits` gave before the first adapter was attached."""
    return BaseProof(
        base_difference=_difference(models, BASE, bare_TV),
        adapter_differences={label: _difference(models, label, bare_TV) for label in models.attached},
        mixed_difference=largest_difference(batched_base_logits(models), bare_TV[-1]),
        mixed_tolerance=_rounding(models) * float(bare_TV.abs().max()),
        apart={label: adapter.reason for label, adapter in models.attached.items() if adapter.reason},
    )


def _difference(models: LoadedModels, target: str, bare_TV: torch.Tensor) -> float:
    with models.switched(target) as model:
        return largest_difference(probe_logits(model), bare_TV)


def largest_difference(found: torch.Tensor, wanted: torch.Tensor) -> float:
    """NaN becomes infinite: it proves nothing."""
    return float((found - wanted).abs().max().nan_to_num(nan=torch.inf))


def batched_base_logits(models: LoadedModels) -> torch.Tensor:
    """Logits (V,) after the probe, of the base as answers are computed: in a batch with every adapter that can be there."""
    names = [adapter.name for adapter in models.attached.values() if adapter.serving == "mixed"]
    probe = tuple(probe_ids(models.shared.config.vocab_size))
    one = Sampling(temperature=0, max_new_tokens=1)
    rows = [Row(probe, name, one) for name in (None, *names)]
    return first_logits(models.shared, rows, device=models.base.device.name)[0]


def _rounding(models: LoadedModels) -> float:
    is_whole = models.base.quantization == "none"
    return ROUNDING.get(models.base.device.dtype, COARSE_ROUNDING) if is_whole else COARSE_ROUNDING
