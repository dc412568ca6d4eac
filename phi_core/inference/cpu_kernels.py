"""Faster kernels for modules on the CPU, float32: the same functions, equal up to the rounding of sums.

A linear layer over few rows goes through oneDNN, on the weights as they are (nothing is packed, so nothing is held
twice): MKL is slow between a few rows and a few dozen. The tanh form of GELU is one kernel, where transformers has
seven. `benchmarks/compare.py` measures both.
"""

from torch import Tensor, float32, nn, ops
from torch.backends import mkldnn
from torch.nn.functional import gelu, linear
from transformers.activations import FastGELUActivation, NewGELUActivation

from phi_core.inference.module_calls import Forward

FEWEST_ROWS, MOST_ROWS = 9, 48
"""Rows for which oneDNN's linear was the faster one."""
WIDE = 8192
"""From so many outputs on, as of a head, it is the faster one for any number of rows above `FEWEST_ROWS`."""


def cpu_kernels(model: nn.Module) -> dict[nn.Module, Forward]:
    """For each module that has a faster way, that way. Modules that somebody hooked into are left alone."""
    found: dict[nn.Module, Forward] = {}
    for module in model.modules():
        if "forward" in module.__dict__:
            continue
        if isinstance(module, NewGELUActivation | FastGELUActivation):
            found[module] = _one_gelu
        elif type(module) is nn.Linear and _is_plain(module.weight) and mkldnn.is_available():
            found[module] = _linear(module)
    return found


def _is_plain(weight: Tensor) -> bool:
    return weight.device.type == "cpu" and weight.dtype == float32


def _one_gelu(x: Tensor) -> Tensor:
    return gelu(x, approximate="tanh")


def _linear(module: nn.Linear) -> Forward:
    def forward(x: Tensor) -> Tensor:
        rows = x.numel() // x.shape[-1]
        most = rows if module.out_features >= WIDE else MOST_ROWS
        if FEWEST_ROWS <= rows <= most and x.dtype == float32:
            product: Tensor = ops.mkldnn._linear_pointwise(x, module.weight, module.bias, "none", [], "")
            return product
        return linear(x, module.weight, module.bias)

    return forward
