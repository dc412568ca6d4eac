"""PiSSA and OLoRA: trained beside a changed base, kept as an adapter of the unchanged one; resumed at the same start."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file

from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.errors import AdapterError
from phi_core.inference.local_engine import LocalEngine
from phi_core.inference.proof import probe_logits
from phi_core.models.adapter import attach_adapter
from phi_core.models.base import load_base
from phi_core.models.conversion import FILE, Start, write_converted
from phi_core.models.device import Device

CPU = Device("cpu", torch.float32)
ModelFolder = Callable[..., Path]
STARTS: dict[str, dict[str, Any]] = {
    "pissa": {"lora_init": "pissa"},
    "pissa_fast": {"lora_init": "pissa_fast"},
    "olora": {"lora_init": "olora"},
    "pissa, rsLoRA": {"lora_init": "pissa", "use_rslora": True},
    "pissa, ranks": {"lora_init": "pissa", "rank_pattern": "0.mlp.fc1=7", "alpha_pattern": "1.mlp.fc1=5"},
    "pissa, one block, head whole": {"lora_init": "pissa", "lora_layers": "1", "modules_to_save": "lm_head"},
}


def configured(folder: Path, **options: Any) -> TrainingConfig:
    usual = {"model_name": str(folder), "dataset_path": "x.jsonl", "lora_r": 4, "lora_dropout": 0}
    return checked({**usual, **options})


def attached(folder: Path, config: TrainingConfig, start: Path | None = None) -> PeftModel:
    torch.manual_seed(3)
    return attach_adapter(load_base(str(folder), CPU).model, config, ("auto",), start_folder=start)


def trained(model: PeftModel, steps: int = 5) -> PeftModel:
    ids = torch.arange(40).view(2, 20)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(steps):
        model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()


@pytest.mark.parametrize("kind", STARTS)
def test_the_converted_adapter_on_a_fresh_base_is_the_trained_model(
    kind: str, model_folder: ModelFolder, tmp_path: Path
) -> None:
    folder = model_folder("phi")
    model = attached(folder, configured(folder, **STARTS[kind]))
    start = Start.prepare(model, tmp_path / "start")
    assert start is not None
    logits = probe_logits(trained(model))
    write_converted(model, start, tmp_path / "adapter")
    fresh = load_base(str(folder), CPU)
    bare = probe_logits(fresh.model)
    engine = LocalEngine(fresh, {"converted": tmp_path / "adapter"})
    assert engine.info.proof.base_difference == 0
    with engine._models.switched("converted") as served:
        found = probe_logits(served)
    scale = float(bare.abs().max())
    torch.testing.assert_close(found, logits, atol=1e-5 * scale, rtol=1e-5)
    assert float((found - bare).abs().max()) > 0.01


@pytest.mark.parametrize("layout", ["gpt2", "gpt_neox", "llama"])
def test_pissa_is_converted_on_other_layouts(layout: str, model_folder: ModelFolder, tmp_path: Path) -> None:
    folder = model_folder(layout)
    model = attached(folder, configured(folder, lora_init="pissa"))
    start = Start.prepare(model, tmp_path / "start")
    assert start is not None
    logits = probe_logits(trained(model))
    write_converted(model, start, tmp_path / "adapter")
    engine = LocalEngine(load_base(str(folder), CPU), {"converted": tmp_path / "adapter"})
    assert engine.info.proof.base_difference == 0
    with engine._models.switched("converted") as served:
        found = probe_logits(served)
    torch.testing.assert_close(found, logits, atol=1e-5 * float(logits.abs().max()), rtol=1e-5)


@pytest.mark.parametrize("kind", ["pissa", "olora"])
def test_the_start_itself_changes_no_answer(kind: str, model_folder: ModelFolder) -> None:
    folder = model_folder("phi")
    bare = probe_logits(load_base(str(folder), CPU).model)
    model = attached(folder, configured(folder, lora_init=kind)).eval()
    torch.testing.assert_close(probe_logits(model), bare, atol=1e-4, rtol=1e-4)
    with model.disable_adapter():  # what conversion is for
        assert float((probe_logits(model) - bare).abs().max()) > 0.01


@pytest.mark.parametrize("layout", ["phi", "gpt2"])
@pytest.mark.parametrize("kind", ["pissa", "pissa_fast", "olora"])
def test_a_kept_start_is_begun_at_to_the_last_bit(
    kind: str, layout: str, model_folder: ModelFolder, tmp_path: Path
) -> None:
    if (kind, layout) == ("olora", "gpt2"):
        pytest.skip("refused on transposed weights")
    folder = model_folder(layout)
    config = configured(folder, lora_init=kind)
    first = attached(folder, config)
    assert Start.prepare(first, tmp_path) == Start(tmp_path / FILE)
    torch.manual_seed(99)  # a randomised start would be another one
    again = attach_adapter(load_base(str(folder), CPU).model, config, ("auto",), start_folder=tmp_path)
    for (name, one), (_, other) in zip(first.named_parameters(), again.named_parameters(), strict=True):
        assert torch.equal(one, other), name
    assert again.peft_config["default"].init_lora_weights == first.peft_config["default"].init_lora_weights
    before = (tmp_path / FILE).read_bytes()
    assert Start.prepare(again, tmp_path) == Start(tmp_path / FILE)
    assert (tmp_path / FILE).read_bytes() == before


def test_stopping_and_going_on_is_the_same_as_not_stopping(model_folder: ModelFolder, tmp_path: Path) -> None:
    folder = model_folder("phi")
    config = configured(folder, lora_init="pissa_fast")
    whole = attached(folder, config, tmp_path)
    Start.prepare(whole, tmp_path)
    trained(whole, 1)
    whole.save_pretrained(str(tmp_path / "checkpoint"))
    trained(whole, 3)
    torch.manual_seed(5)
    resumed = attach_adapter(load_base(str(folder), CPU).model, config, ("auto",), start_folder=tmp_path)
    resumed.load_adapter(str(tmp_path / "checkpoint"), "default", is_trainable=True)  # as transformers does
    trained(resumed, 3)
    for (name, one), (_, other) in zip(whole.named_parameters(), resumed.named_parameters(), strict=True):
        assert torch.equal(one, other), name


def test_an_adapter_that_leaves_the_base_alone_has_no_start(
    model_folder: ModelFolder, tmp_path: Path
) -> None:
    folder = model_folder("phi")
    assert Start.prepare(attached(folder, configured(folder)), tmp_path / "start") is None
    assert not (tmp_path / "start").exists()


def test_an_adapter_that_was_not_converted_is_no_start_for_training(
    model_folder: ModelFolder, tmp_path: Path
) -> None:
    folder = model_folder("phi")
    attached(folder, configured(folder, lora_init="pissa")).save_pretrained(str(tmp_path))
    with pytest.raises(AdapterError, match="began as pissa and was not converted"):
        attached(folder, configured(folder, initial_adapter=str(tmp_path)))


@pytest.mark.parametrize(("kind", "serving"), [("pissa", "own base"), ("default", "mixed")])
def test_only_an_adapter_that_was_not_converted_is_served_on_a_base_of_its_own(
    kind: str, serving: str, model_folder: ModelFolder, tmp_path: Path
) -> None:
    folder = model_folder("phi")
    model = attached(folder, configured(folder, lora_init=kind))
    start = Start.prepare(model, tmp_path / "start")
    logits = probe_logits(trained(model))
    model.save_pretrained(str(tmp_path / "raw"))
    adapters = {"raw": tmp_path / "raw"}
    if start is not None:
        write_converted(model, start, tmp_path / "converted")
        adapters["converted"] = tmp_path / "converted"
    engine = LocalEngine(load_base(str(folder), CPU), adapters)
    assert engine.info.serving == {"base": "mixed", "raw": serving} | dict.fromkeys(
        adapters.keys() - {"raw"}, "mixed"
    )
    for label in adapters:
        with engine._models.switched(label) as served:
            torch.testing.assert_close(probe_logits(served), logits, atol=1e-4, rtol=1e-4)


def test_a_damaged_start_is_named(model_folder: ModelFolder, tmp_path: Path) -> None:
    folder = model_folder("phi")
    (tmp_path / FILE).write_bytes(b"broken")
    with pytest.raises(AdapterError, match="start of the adapter"):
        attached(folder, configured(folder, lora_init="pissa"), tmp_path)


def test_the_converted_file_holds_adapter_matrices_only(model_folder: ModelFolder, tmp_path: Path) -> None:
    folder = model_folder("phi")
    model = attached(folder, configured(folder, lora_init="olora"))
    start = Start.prepare(model, tmp_path)
    assert start is not None
    write_converted(model, start, tmp_path / "adapter")
    assert all(".lora_" in name for name in load_file(tmp_path / "adapter" / "adapter_model.safetensors"))
