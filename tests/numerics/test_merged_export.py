"""A merged folder, loaded by plain transformers, has the logits of base + adapter; for every kind of adapter."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from tiny_models import LAYOUTS, TEMPLATE, save_tiny_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import FILE, tokenise
from phi_core.config.problems import checked
from phi_core.errors import AdapterError, ModelError, WorkError
from phi_core.models.adapter import attach_adapter
from phi_core.models.adapter_record import format_record
from phi_core.models.base import load_base
from phi_core.models.conversion import Start, write_converted
from phi_core.models.device import Device
from phi_core.models.export import Merged, stored_dtype, write_merged

CPU = Device("cpu", torch.float32)
IDS = torch.tensor([[72, 101, 108, 108, 111, 32, 119, 111, 114, 108, 100]])
Folder = Callable[..., Path]


def strong(model: PeftModel) -> PeftModel:
    """Every trainable weight moved, so that nothing merges by being nothing."""
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def peft_adapter(model_folder: Path, target: Path, **settings: Any) -> Path:
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    own = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", "task_type": "CAUSAL_LM", **settings}
    strong(get_peft_model(model, LoraConfig(**own))).save_pretrained(str(target))
    return target


def merge(model_folder: Path, adapter: Path, target: Path, **changes: Any) -> Merged:
    target.mkdir()
    values = {"dtype": "auto", "device": "cpu", "trust_remote_code": False, "probes": [], "revision": None}
    steps: list[str] = []
    found = write_merged(
        adapter, target, model=str(model_folder), on_progress=steps.append, **{**values, **changes}
    )
    assert len(steps) == 4
    return found


@torch.no_grad()
def logits(model: torch.nn.Module) -> torch.Tensor:
    return model.eval()(input_ids=IDS).logits


def plain(folder: Path) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def with_adapter(model_folder: Path, adapter: Path) -> torch.nn.Module:
    """What PEFT alone makes of base and adapter."""
    return PeftModel.from_pretrained(plain(model_folder), str(adapter))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_plain_transformers_loads_it_with_equal_logits(
    layout: str, model_folder: Folder, tmp_path: Path
) -> None:
    base = model_folder(layout)
    adapter = peft_adapter(base, tmp_path / "adapter", fan_in_fan_out=layout == "gpt2")
    found = merge(base, adapter, tmp_path / "merged")
    wanted, got = logits(with_adapter(base, adapter)), logits(plain(tmp_path / "merged"))
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-4 * float(wanted.abs().max()))
    assert (wanted - logits(plain(base))).abs().max() > 1, "an adapter that changes nothing proves nothing"
    assert found.equality.relative < 1e-4 and found.equality.same_choice == 1
    assert found.equality.positions >= 4 * 10 and found.equality.texts == 4


@pytest.mark.parametrize(
    "settings",
    [
        {"use_dora": True},
        {"use_rslora": True},
        {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"q_proj": 3}},
        {"modules_to_save": ["lm_head"], "target_modules": ["q_proj", "v_proj"]},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_other_kinds_of_adapters(settings: dict[str, Any], tiny_phi: Path, tmp_path: Path) -> None:
    adapter = peft_adapter(tiny_phi, tmp_path / "adapter", **settings)
    found = merge(tiny_phi, adapter, tmp_path / "merged")
    wanted, got = logits(with_adapter(tiny_phi, adapter)), logits(plain(tmp_path / "merged"))
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-4 * float(wanted.abs().max()))
    assert found.equality.relative < 1e-4


@pytest.mark.filterwarnings("ignore:Model has .tie_word_embeddings")
def test_a_tied_head_that_was_trained_apart_stays_apart(tmp_path: Path) -> None:
    base = save_tiny_model(tmp_path / "base", "llama", tie_word_embeddings=True)
    settings = {"modules_to_save": ["lm_head"], "target_modules": ["q_proj"]}
    adapter = peft_adapter(base, tmp_path / "adapter", **settings)
    found = merge(base, adapter, tmp_path / "merged")
    assert found.equality.relative < 1e-4
    merged = plain(tmp_path / "merged")
    assert not torch.equal(merged.get_output_embeddings().weight, merged.get_input_embeddings().weight)
    assert torch.equal(merged.get_input_embeddings().weight, plain(base).get_input_embeddings().weight)


@pytest.mark.parametrize("start", ["pissa", "olora"])
def test_a_converted_start_merges_into_the_untouched_base(start: str, tiny_phi: Path, tmp_path: Path) -> None:
    config = checked(
        {
            "model_name": str(tiny_phi),
            "dataset_path": "x.jsonl",
            "lora_r": 4,
            "lora_init": start,
            "device": "cpu",
        }
    )
    model = attach_adapter(load_base(str(tiny_phi), CPU).model, config, ("q_proj", "fc1"))
    begun = Start.prepare(model, tmp_path / "start")
    assert begun is not None
    trained = strong(model)
    write_converted(trained, begun, tmp_path / "adapter")
    found = merge(tiny_phi, tmp_path / "adapter", tmp_path / "merged")
    wanted, got = logits(trained), logits(plain(tmp_path / "merged"))
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-3 * float(wanted.abs().max()))
    assert found.equality.relative < 1e-4


@pytest.mark.parametrize(("dtype", "most"), [("bfloat16", 5e-2), ("float16", 1e-2)])
def test_half_precision_is_rounded_once_and_measured(
    dtype: str, most: float, tiny_phi: Path, tiny_adapter: Path, tmp_path: Path
) -> None:
    found = merge(tiny_phi, tiny_adapter, tmp_path / "merged", dtype=dtype)
    tensors = load_file(tmp_path / "merged" / "model.safetensors")
    assert {str(tensor.dtype) for tensor in tensors.values()} == {f"torch.{dtype}"}
    assert stored_dtype(tmp_path / "merged") == dtype
    assert found.dtype == dtype and 1e-6 < found.equality.relative < most


def test_the_base_stays_as_it_was(tiny_phi: Path, tiny_adapter: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in tiny_phi.iterdir()}
    merge(tiny_phi, tiny_adapter, tmp_path / "merged")
    assert {path.name: path.read_bytes() for path in tiny_phi.iterdir()} == before


def test_the_chat_template_of_a_format_is_that_of_training(tmp_path: Path, tiny_phi: Path) -> None:
    """The base has no template; the adapter was trained in the instruct format: the merged model knows it."""
    base = load_base(str(tiny_phi), CPU)
    adapter = peft_adapter(tiny_phi, tmp_path / "adapter")
    (adapter / FILE).write_text(format_record(base.form, base.tokenizer, base_fingerprint=base.fingerprint))
    found = merge(tiny_phi, adapter, tmp_path / "merged")
    assert base.form.name == "instruct" and "gives the token ids of training" in found.notes[0]
    loaded = AutoTokenizer.from_pretrained(tmp_path / "merged")
    ids = loaded.apply_chat_template([{"role": "user", "content": "Hi?"}], add_generation_prompt=True)[
        "input_ids"
    ]
    assert tuple(ids) == tokenise(base.form, [Message("user", "Hi?")], base.tokenizer, generation=True).ids
    generation = json.loads((tmp_path / "merged" / "generation_config.json").read_text())
    assert generation["eos_token_id"] == 256
    assert json.loads((tmp_path / "merged" / FILE).read_text())["hash"] == base.form.hash


def test_a_template_of_the_base_is_kept(tmp_path: Path, model_folder: Folder) -> None:
    folder = model_folder("phi", template=TEMPLATE)
    base = load_base(str(folder), CPU)
    adapter = peft_adapter(folder, tmp_path / "adapter")
    (adapter / FILE).write_text(format_record(base.form, base.tokenizer, base_fingerprint=base.fingerprint))
    found = merge(folder, adapter, tmp_path / "merged")
    assert AutoTokenizer.from_pretrained(tmp_path / "merged").chat_template == TEMPLATE
    assert found.notes[0].startswith("its chat template is format chat_template; it gives the token ids")


def test_a_quantised_training_base_is_told_of(tmp_path: Path, tiny_phi: Path) -> None:
    base = load_base(str(tiny_phi), CPU)
    adapter = peft_adapter(tiny_phi, tmp_path / "adapter")
    record = format_record(
        base.form, base.tokenizer, base_fingerprint=base.fingerprint, base_quantization="4bit"
    )
    (adapter / FILE).write_text(record)
    found = merge(tiny_phi, adapter, tmp_path / "merged")
    assert any(
        "trained on the base in 4bit, merged into the full-precision base" in note for note in found.notes
    )


def test_another_base_is_refused(tmp_path: Path, tiny_phi: Path) -> None:
    base, other = load_base(str(tiny_phi), CPU), save_tiny_model(tmp_path / "other", "phi", seed=7)
    adapter = peft_adapter(tiny_phi, tmp_path / "adapter")
    (adapter / FILE).write_text(format_record(base.form, base.tokenizer, base_fingerprint=base.fingerprint))
    with pytest.raises(AdapterError, match="trained on other weights"):
        merge(other, adapter, tmp_path / "merged")


def test_a_base_that_is_stored_quantised_is_refused(
    tmp_path: Path, tiny_phi: Path, tiny_adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from phi_core.models import export

    loaded = load_base(str(tiny_phi), CPU)
    loaded.model.config.quantization_config = {"load_in_4bit": True}
    monkeypatch.setattr(export, "load_base", lambda *_, **__: loaded)
    with pytest.raises(ModelError, match="stored quantised"):
        merge(tiny_phi, tiny_adapter, tmp_path / "merged")


def test_weights_beyond_half_precision_are_refused(
    tmp_path: Path, tiny_phi: Path, tiny_adapter: Path
) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    tensors = load_file(tiny_adapter / "adapter_model.safetensors")
    save_file({name: tensor * 1e4 for name, tensor in tensors.items()}, adapter / "adapter_model.safetensors")
    (adapter / "adapter_config.json").write_bytes((tiny_adapter / "adapter_config.json").read_bytes())
    with pytest.raises(WorkError, match="beyond float16"):
        merge(tiny_phi, adapter, tmp_path / "merged", dtype="float16")
