"""Optimizers: Lion against numbers worked out by hand, decay groups, and states that a resumed run goes on with."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny_models import save_tiny_model, tiny_model
from torch import nn
from toy_run import toy_config, toy_trainer, write_toy_dataset
from training_callbacks import SaveAt

from phi_core.config.words import Optimizer
from phi_core.training.optimizers import ARGUMENT_NAMES, Lion, decay_groups, make_optimizer

OPTIMIZERS = sorted(ARGUMENT_NAMES)
pytestmark = pytest.mark.filterwarnings("ignore:Paged optimizers are not supported on CPU:UserWarning")


def test_lion_takes_the_steps_worked_out_by_hand() -> None:
    """η = 0.1, λ = 0.5, β = (0.9, 0.99), θ = (1, −2), g = (0.5, −0.25) and then (−0.02, 0.5).

    Step 1: m = 0, c = 0.1·g, sign (+, −); θ = (1 − 0.1·(1 + 0.5), −2 − 0.1·(−1 − 1)) = (0.85, −1.8); m = 0.01·g.
    Step 2: c = 0.9·m + 0.1·g = (0.0045 − 0.002, −0.00225 + 0.05), sign (+, +);
    θ = (0.85 − 0.1·(1 + 0.425), −1.8 − 0.1·(1 − 0.9)) = (0.7075, −1.81).
    """
    weights = nn.Parameter(torch.tensor([1.0, -2.0]))
    lion = Lion([weights], lr=0.1, weight_decay=0.5)
    for gradient, expected in (((0.5, -0.25), (0.85, -1.8)), ((-0.02, 0.5), (0.7075, -1.81))):
        weights.grad = torch.tensor(gradient)
        lion.step()
        torch.testing.assert_close(weights.detach(), torch.tensor(expected))
    momentum = 0.99 * 0.01 * torch.tensor([0.5, -0.25]) + 0.01 * torch.tensor([-0.02, 0.5])
    torch.testing.assert_close(lion.state[weights]["momentum"], momentum)


@pytest.mark.parametrize("use_dora", [False, True])
def test_only_matrices_decay(use_dora: bool) -> None:
    lora = LoraConfig(
        r=4, target_modules="all-linear", use_dora=use_dora, modules_to_save=["final_layernorm"]
    )
    model = get_peft_model(tiny_model("phi"), lora)
    names = {parameter: name for name, parameter in model.named_parameters()}
    groups = {group["decays"]: group for group in decay_groups(model, 0.1)}
    assert groups[True]["weight_decay"] == 0.1
    assert groups[False]["weight_decay"] == 0.0
    decayed = {names[parameter] for parameter in groups[True]["params"]}
    spared = {names[parameter] for parameter in groups[False]["params"]}
    assert decayed == {name for name in names.values() if ".lora_A." in name or ".lora_B." in name}
    assert any("layernorm" in name and name.endswith("bias") for name in spared)
    assert any("lora_magnitude_vector" in name for name in spared) is use_dora
    assert len(decayed) + len(spared) == sum(p.requires_grad for p in model.parameters())


def test_parameters_that_do_not_decay_keep_their_size_without_a_gradient() -> None:
    """A gradient of nothing: what moves is moved by weight decay alone."""
    layer = nn.Linear(3, 3)
    nn.init.ones_(layer.bias)
    before = layer.weight.detach().clone()
    optimizer = make_optimizer("adamw_torch", decay_groups(layer, 0.1), learning_rate=0.5)
    assert optimizer is not None
    for parameter in layer.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    torch.testing.assert_close(layer.weight.detach(), before * (1 - 0.5 * 0.1))
    torch.testing.assert_close(layer.bias.detach(), torch.ones(3))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_is_the_one_that_is_named(name: str) -> None:
    made = make_optimizer(ARGUMENT_NAMES[name], decay_groups(nn.Linear(64, 64), 0.1), learning_rate=1e-3)
    kind = type(made)
    assert ("Lion" in kind.__name__) is ("lion" in name)
    assert ("bitsandbytes" in kind.__module__) is ("8bit" in name or "paged" in name)
    assert bool(getattr(made, "is_paged", False)) is ("paged" in name)
    assert (getattr(made.args, "optim_bits", 32) == 8 if hasattr(made, "args") else False) is ("8bit" in name)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Wide enough for states in 8 bits: bitsandbytes keeps tensors below 4,096 elements in 32."""
    folder = tmp_path_factory.mktemp("toy")
    model = save_tiny_model(folder / "model", hidden_size=128, intermediate_size=512)
    return model, write_toy_dataset(folder / "data.jsonl")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_resumed_run_goes_on_exactly_with_every_optimizer(
    name: Optimizer, toy: tuple[Path, Path], tmp_path: Path
) -> None:
    config = toy_config(*toy, optimizer=name, lora_r=16, learning_rate=1e-3, weight_decay=0.1, max_steps=6)
    whole = toy_trainer(config, tmp_path / "whole")
    whole.add_callback(SaveAt(3))
    whole.train()
    resumed = toy_trainer(config, tmp_path / "resumed")
    resumed.train(resume_from_checkpoint=str(tmp_path / "whole" / "checkpoint-3"))
    assert resumed.state.global_step == 6
    if "8bit" in name:
        assert any(part.dtype == torch.uint8 for part in states(whole.optimizer))
    for ours, theirs in zip(trained(resumed.model), trained(whole.model), strict=True):
        assert torch.equal(ours, theirs)


def states(optimizer: Any) -> list[torch.Tensor]:
    return [part for state in optimizer.state.values() for part in state.values() if torch.is_tensor(part)]


def trained(model: nn.Module) -> list[torch.Tensor]:
    return [parameter.detach() for parameter in model.parameters() if parameter.requires_grad]
