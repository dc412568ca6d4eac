"""Optimizers by their configuration names: AdamW and Lion, in 32 and 8 bits, their states paged or not.

Weight decay acts on matrices only (two dimensions or more): never on biases, norms and DoRA magnitudes. The 8-bit and
paged forms are those of bitsandbytes. Learning rate and decay are set anew before each step by the trainer.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn
from transformers import TrainingArguments

from phi_core.errors import ConfigError

ARGUMENT_NAMES = {
    "adamw": "adamw_torch",
    "adamw_8bit": "adamw_8bit",
    "paged_adamw": "paged_adamw_32bit",
    "paged_adamw_8bit": "paged_adamw_8bit",
    "lion": "lion_32bit",
    "lion_8bit": "lion_8bit",
    "paged_lion_8bit": "paged_lion_8bit",
}
"""Our name → the `optim` of transformers' TrainingArguments. (`lion_32bit` is then our own Lion: no package needed.)"""
_BITSANDBYTES = {
    "adamw_8bit": "AdamW8bit",
    "paged_adamw": "PagedAdamW",
    "paged_adamw_8bit": "PagedAdamW8bit",
    "lion_8bit": "Lion8bit",
    "paged_lion_8bit": "PagedLion8bit",
}
_MAGNITUDE = "lora_magnitude_vector"
"""PEFT's name of a DoRA magnitude; it has one dimension on linear layers, more on others."""
ADAM_BETAS, LION_BETAS, ADAM_EPSILON = (0.9, 0.999), (0.9, 0.99), 1e-8


class Lion(torch.optim.Optimizer):
    """EvoLved Sign Momentum (Chen et al. 2023, arXiv 2302.06675, algorithm 2), with decoupled weight decay λ:

        c = β1·m + (1 − β1)·g        θ ← θ − η·(sign(c) + λ·θ)        m ← β2·m + (1 − β2)·g

    One state a parameter. Its steps are all of size η: it wants a 3 to 10 times lower learning rate than AdamW, and as
    much more weight decay.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-4,
        betas: tuple[float, float] = LION_BETAS,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, group)
        return loss

    def _move(self, parameter: nn.Parameter, group: dict[str, Any]) -> None:
        gradient, state, (beta1, beta2) = parameter.grad, self.state[parameter], group["betas"]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum = state["momentum"]
        direction = momentum.mul(beta1).add_(gradient, alpha=1 - beta1).sign_()
        parameter.mul_(1 - group["lr"] * group["weight_decay"]).add_(direction, alpha=-group["lr"])
        momentum.mul_(beta2).add_(gradient, alpha=1 - beta2)


def decays(name: str, parameter: torch.Tensor) -> bool:
    """Whether weight decay acts on a parameter. (Biases and norms have one dimension.)"""
    return parameter.ndim >= 2 and _MAGNITUDE not in name


def decay_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """The trainable parameters in at most two groups; `decays` tells them apart, also after a resume."""
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for name, p in trained if decays(name, p) is wanted], "decays": wanted}
        for wanted in (True, False)
    ]
    return [
        {**group, "weight_decay": weight_decay if group["decays"] else 0.0}
        for group in groups
        if group["params"]
    ]


def optimizer_for(
    model: nn.Module, args: TrainingArguments, of_transformers: Callable[..., tuple[Any, dict[str, Any]]]
) -> Any:
    """With the decay groups of a model; of transformers' class and settings for a name that is none of ours.

    ConfigError if there is nothing to train, or the class forms groups of its own.
    """
    groups = decay_groups(model, args.weight_decay)
    if not groups:
        raise ConfigError("the model has no parameter to train", remedy="Attach an adapter first")
    made = make_optimizer(
        args.optim,
        groups,
        learning_rate=args.learning_rate,
        betas=(args.adam_beta1, args.adam_beta2),
        epsilon=args.adam_epsilon,
    )
    if made is not None:
        return made
    kind, settings = of_transformers(args, model)
    if not isinstance(kind, type) or {"params", "model", "optimizer_dict"} & settings.keys():
        found = f"optim {args.optim} forms parameter groups of its own, and courses could not reach them"
        raise ConfigError(found, remedy="Choose another")
    return kind(groups, **settings)


def make_optimizer(
    optim: Any,
    groups: Iterable[dict[str, Any]],
    *,
    learning_rate: float,
    betas: tuple[float, float] = ADAM_BETAS,
    epsilon: float = ADAM_EPSILON,
) -> torch.optim.Optimizer | None:
    """By transformers' name for it; None for one that is not ours. ConfigError if its package is missing.

    `betas` are for Lion only where they are not AdamW's usual ones, which transformers names unasked.
    """
    optim = getattr(optim, "value", optim)
    names = {value: name for name, value in ARGUMENT_NAMES.items()} | {"adamw_bnb_8bit": "adamw_8bit"}
    if optim == "adamw_torch_fused":
        return torch.optim.AdamW(list(groups), lr=learning_rate, betas=betas, eps=epsilon, fused=True)
    name = names.get(optim)
    if name is None:
        return None
    if name == "adamw":
        return torch.optim.AdamW(list(groups), lr=learning_rate, betas=betas, eps=epsilon)
    if "lion" in name:
        kind: Callable[..., torch.optim.Optimizer] = Lion if name == "lion" else _of_bitsandbytes(name)
        return kind(list(groups), lr=learning_rate, betas=LION_BETAS if betas == ADAM_BETAS else betas)
    return _of_bitsandbytes(name)(list(groups), lr=learning_rate, betas=betas, eps=epsilon)


def _of_bitsandbytes(name: str) -> Callable[..., torch.optim.Optimizer]:
    try:
        from bitsandbytes import optim
    except ImportError as error:
        raise ConfigError(
            f"optimizer {name} needs bitsandbytes ({error})", remedy="pip install 'phi-trainer[quant]'"
        ) from None
    return getattr(optim, _BITSANDBYTES[name])
