"""Base weights in 8 bits (LLM.int8, arXiv 2208.07339) or 4 (NF4 with double quantisation, arXiv 2305.14314).

The arithmetic is bitsandbytes': whether it runs here is tried on a small matrix, and what does not run is refused with the
reason. Only what stands in the blocks is quantised; embedding and head keep the dtype of the base.
"""

import logging
from functools import cache
from typing import Any

import torch
from torch import nn
from transformers import BitsAndBytesConfig

from phi_core.config.words import Quantization
from phi_core.errors import ConfigError
from phi_core.models.device import Device

TRIAL_WIDTH = 64
FLAG = "support_avx512bf16_for_cpu"
"""bitsandbytes' attribute of a 4-bit layer."""


def quantization_settings(quantization: Quantization, device: Device) -> BitsAndBytesConfig | None:
    """What transformers loads the weights with; None for whole weights. ConfigError where it cannot run."""
    if quantization == "none":
        return None
    if fault := quantization_fault(quantization, device):
        raise ConfigError(
            f"quantization: {quantization} does not run on {device.name} here: {fault}",
            remedy="Set quantization to none",
        )
    if quantization == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=device.dtype,
    )


@cache
def quantization_fault(quantization: Quantization, device: Device) -> str:
    """Why weights cannot be held so on this device, "" if they can: found by a product and its gradient."""
    if device.name == "mps":
        return "bitsandbytes has no kernels for Apple's GPU"
    try:
        _try(quantization, device)
    except ImportError:
        return "bitsandbytes is not installed: pip install 'phi-trainer[quant]'"
    except (RuntimeError, ValueError, AttributeError, NotImplementedError, OSError) as error:
        return f"bitsandbytes fails: {str(error).strip().splitlines()[0] if str(error) else type(error).__name__}"
    return ""


def keep_gradients(model: nn.Module) -> None:
    """Keep the layout of 4-bit weights through evaluations.

    On CPUs with AVX512-BF16 bitsandbytes (0.50) lays 4-bit weights out anew at the first product without gradients; a
    later product with gradients then fails (layers with a bias) or loses the gradient of its input without a word.
    """
    for module in model.modules():
        if hasattr(module, FLAG):
            setattr(module, FLAG, False)


def keep_scales(model: nn.Module) -> None:
    """Let 8-bit layers go on with the scales that they computed with.

    At its first product a layer of bitsandbytes (0.50) takes weights and scales over into its state. PEFT moves the weights
    at each product with DoRA, which makes them look new to the layer, without scales: its next product would fail.
    """
    for module in model.modules():
        if hasattr(getattr(module, "weight", None), "SCB"):
            module.register_forward_pre_hook(_forget_moved_weights)


def _forget_moved_weights(layer: Any, _: Any) -> None:
    if layer.weight.CB is not None and layer.weight.SCB is None and layer.state.SCB is not None:
        layer.weight.CB = None


def _try(quantization: Quantization, device: Device) -> None:
    # It speaks of casts at every single layer, and of a kernel package that nobody needs.
    logging.getLogger("bitsandbytes").setLevel(logging.CRITICAL)
    import bitsandbytes as bnb

    if quantization == "8bit":
        layer = bnb.nn.Linear8bitLt(TRIAL_WIDTH, TRIAL_WIDTH, has_fp16_weights=False)
    else:
        layer = bnb.nn.Linear4bit(
            TRIAL_WIDTH, TRIAL_WIDTH, compute_dtype=device.dtype, compress_statistics=True, quant_type="nf4"
        )
    layer = layer.to(device.name)
    keep_gradients(layer)
    inputs = torch.ones(2, TRIAL_WIDTH, device=device.name, dtype=device.dtype, requires_grad=True)
    layer(inputs).float().sum().backward()
    if inputs.grad is None or not torch.isfinite(inputs.grad).all():
        raise RuntimeError("the gradient of a product is not finite")
