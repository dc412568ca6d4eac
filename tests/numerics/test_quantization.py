"""8-bit and 4-bit bases: they train where bitsandbytes works, as well after an evaluation as before, and say why where not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel

from phi_core.config.problems import checked
from phi_core.config.words import Quantization
from phi_core.errors import ConfigError
from phi_core.inference.local_engine import LocalEngine
from phi_core.inference.proof import probe_logits
from phi_core.models import quantization as quantization_module
from phi_core.models.adapter import attach_adapter, num_trainable
from phi_core.models.base import BaseModel, load_base
from phi_core.models.device import Device, choose_device
from phi_core.models.quantization import quantization_fault
from phi_core.workers import doctor

DEVICE = choose_device("auto")
CPU = Device("cpu", torch.float32)
ModelFolder = Callable[..., Path]
KINDS = [("8bit", False), ("4bit", False), ("4bit", True)]
SIZES = {"hidden_size": 64, "intermediate_size": 128}
LAYER = {"8bit": "Linear8bitLt", "4bit": "Linear4bit"}
LAYOUTS = ["phi", "llama"]
"""With a bias and without: bitsandbytes takes two ways."""


def require(kind: Quantization, device: Device) -> None:
    if fault := quantization_fault(kind, device):
        pytest.skip(f"{kind} on {device.name}: {fault}")


def attached(folder: Path, kind: Quantization, device: Device, *, dora: bool) -> tuple[BaseModel, PeftModel]:
    base = load_base(str(folder), device, quantization=kind)
    values: dict[str, Any] = {"lora_r": 4, "lora_dropout": 0, "quantization": kind, "use_dora": dora}
    config = checked({"model_name": str(folder), "dataset_path": "x.jsonl", **values})
    return base, attach_adapter(base.model, config, ("auto",))


def loss(model: PeftModel) -> torch.Tensor:
    ids = torch.arange(40, device=next(model.parameters()).device).view(2, 20)
    return model(input_ids=ids, labels=ids, use_cache=False).loss


def gradients(model: PeftModel) -> torch.Tensor:
    model.zero_grad()
    loss(model).backward()
    return torch.cat([p.grad.flatten().clone() for p in model.parameters() if p.grad is not None])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("kind", "dora"), KINDS)
def test_a_quantised_run_trains(
    kind: Quantization, dora: bool, layout: str, model_folder: ModelFolder
) -> None:
    require(kind, DEVICE)
    base, model = attached(model_folder(layout, **SIZES), kind, DEVICE, dora=dora)
    held = {type(module).__name__ for module in base.model.modules()}
    assert LAYER[kind] in held
    assert base.quantization == kind
    frozen = {name: p.detach().clone() for name, p in model.named_parameters() if not p.requires_grad}
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    first = loss(model.train()).item()
    for _ in range(8):
        gradients(model)
        optimizer.step()
    assert loss(model).item() < 0.8 * first
    assert all(torch.equal(p, frozen[name]) for name, p in model.named_parameters() if name in frozen)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("kind", "dora"), KINDS)
def test_gradients_after_an_evaluation_are_those_before(
    kind: Quantization, dora: bool, layout: str, model_folder: ModelFolder
) -> None:
    """bitsandbytes 0.50 on CPUs with AVX512-BF16 loses them: see `keep_gradients`."""
    require(kind, DEVICE)
    _, model = attached(model_folder(layout, **SIZES), kind, DEVICE, dora=dora)
    with torch.no_grad():  # so that the gradients of A are not zero
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.1)
    before = gradients(model.train())
    model.eval()
    with torch.no_grad():
        loss(model)
        probe_logits(model)
    after = gradients(model.train())
    assert float(before.norm()) > 0
    assert torch.equal(before, after)


@pytest.mark.parametrize("kind", ["8bit", "4bit"])
def test_quantised_weights_are_near_the_whole_ones_and_smaller(
    kind: Quantization, model_folder: ModelFolder
) -> None:
    require(kind, CPU)
    folder = model_folder("phi", **SIZES)
    whole, held = load_base(str(folder), CPU), load_base(str(folder), CPU, quantization=kind)
    wanted, found = probe_logits(whole.model), probe_logits(held.model)
    distance = float((wanted - found).norm() / wanted.norm())
    assert 0 < distance < {"8bit": 0.1, "4bit": 0.5}[kind]
    weight = held.model.get_submodule("model.layers.0.mlp.fc1").weight
    assert weight.nbytes == 128 * 64 * {"8bit": 1, "4bit": 0.5}[kind]
    assert held.fingerprint == whole.fingerprint


def test_an_adapter_of_a_4_bit_run_is_loaded_on_the_whole_base(
    model_folder: ModelFolder, tmp_path: Path
) -> None:
    require("4bit", CPU)
    folder = model_folder("phi", **SIZES)
    _, model = attached(folder, "4bit", CPU, dora=False)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.1)
    model.save_pretrained(str(tmp_path))
    engine = LocalEngine(load_base(str(folder), CPU), {"adapter": tmp_path})
    assert engine.info.proof.holds
    again = LocalEngine(load_base(str(folder), CPU, quantization="4bit"), {"adapter": tmp_path})
    assert again.info.proof.holds
    assert num_trainable(model) > 0


def test_apple_s_gpu_is_refused_with_the_reason() -> None:
    assert "no kernels for Apple's GPU" in quantization_fault("4bit", Device("mps", torch.float32))


def test_what_does_not_run_is_refused_before_the_weights_are_read(
    tiny_phi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(kind: Quantization, device: Device) -> None:
        raise RuntimeError("no kernel image\nis available")

    quantization_fault.cache_clear()
    monkeypatch.setattr(quantization_module, "_try", broken)
    with pytest.raises(ConfigError, match=r"quantization: 4bit does not run on cpu here: .*no kernel image"):
        load_base(str(tiny_phi), CPU, quantization="4bit")
    quantization_fault.cache_clear()


def test_a_missing_package_is_named_with_its_extra(tiny_phi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(kind: Quantization, device: Device) -> None:
        raise ImportError("No module named 'bitsandbytes'")

    quantization_fault.cache_clear()
    monkeypatch.setattr(quantization_module, "_try", missing)
    with pytest.raises(ConfigError, match=r"not installed: pip install 'phi-trainer\[quant\]'"):
        load_base(str(tiny_phi), CPU, quantization="8bit")
    quantization_fault.cache_clear()


def test_the_doctor_says_for_both_widths_whether_they_run() -> None:
    told = doctor.facts()
    device = Device(told["device"], getattr(torch, told["dtype"]))
    for kind in ("8bit", "4bit"):
        assert told[kind] == (quantization_fault(kind, device) or "runs")
