"""Every kind of adapter on every layout: the planned size is the real one, the file holds it, and the base stays the base."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file

from phi_core.chat.engine import BASE
from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.errors import AdapterError, ConfigError
from phi_core.inference.local_engine import LocalEngine
from phi_core.inference.proof import probe_logits
from phi_core.model_files.architecture import shape_of
from phi_core.model_files.folder import read_json
from phi_core.models.adapter import attach_adapter, num_trainable
from phi_core.models.base import load_base
from phi_core.models.device import Device
from phi_core.models.quantization import quantization_fault
from phi_core.planning.adapted_layers import adapter_parameters, require_layers, target_names

CPU = Device("cpu", torch.float32)
MODELS: dict[str, dict[str, Any]] = {
    **{layout: {} for layout in ("phi", "phi3", "llama", "gpt_neox", "gpt2")},
    "gptj": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256, "rotary_dim": 4},
    "gpt_neo": {
        "hidden_size": 32,
        "num_layers": 2,
        "num_heads": 4,
        "max_position_embeddings": 256,
        "attention_types": [[["global"], 2]],
    },
}
KINDS: dict[str, dict[str, Any]] = {
    "lora": {},
    "rslora": {"use_rslora": True},
    "dora": {"use_dora": True},
    "knowledge": {"lora_goal": "knowledge"},
    "structure": {"lora_goal": "structure"},
    "personas with DoRA": {"lora_goal": "personas", "use_dora": True},
    "domain with DoRA": {"lora_goal": "domain", "use_dora": True},
    "one block": {"lora_layers": "1-"},
    "embedding and one block": {"lora_layers": "0", "lora_goal": "domain"},
    "ranks": {"rank_pattern": "layers.0.mlp=3"},
    "head whole": {"modules_to_save": "lm_head"},
    "pissa": {"lora_init": "pissa"},
}
ModelFolder = Callable[..., Path]


def configured(folder: Path, **options: Any) -> TrainingConfig:
    usual = {"model_name": str(folder), "dataset_path": "x.jsonl", "lora_r": 4, "lora_dropout": 0}
    return checked({**usual, **options})


def attached(folder: Path, config: TrainingConfig) -> PeftModel:
    shape = shape_of(read_json(folder, "config.json"))
    require_layers(config, shape)
    return attach_adapter(load_base(str(folder), CPU).model, config, target_names(config, shape))


def strengthened(model: PeftModel) -> PeftModel:
    """As after training: every trainable tensor moved."""
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval()


@pytest.fixture(params=MODELS)
def folder(request: pytest.FixtureRequest, model_folder: ModelFolder) -> Path:
    return model_folder(request.param, **MODELS[request.param])


@pytest.mark.parametrize("kind", KINDS)
def test_the_planned_size_is_the_real_one(kind: str, folder: Path) -> None:
    options = dict(KINDS[kind])
    if kind == "ranks":
        shape = shape_of(read_json(folder, "config.json"))
        assert shape is not None
        options = {"rank_pattern": f"{shape.linears[-1].path}=7,0.{shape.linears[-1].path}=3"}
    config = configured(folder, **options)
    shape = shape_of(read_json(folder, "config.json"))
    assert shape is not None
    assert adapter_parameters(config, shape) == num_trainable(attached(folder, config)) > 0


@pytest.mark.parametrize("kind", ["lora", "dora", "knowledge", "structure", "domain with DoRA", "head whole"])
def test_the_file_holds_what_was_trained_and_nothing_else(kind: str, folder: Path, tmp_path: Path) -> None:
    model = attached(folder, configured(folder, **KINDS[kind]))
    model.save_pretrained(str(tmp_path))
    tensors = load_file(tmp_path / "adapter_model.safetensors")
    assert sum(tensor.numel() for tensor in tensors.values()) == num_trainable(model)
    assert all(".lora_" in name or (kind == "head whole" and "lm_head" in name) for name in tensors)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("ranks", "pissa")])
def test_a_loaded_adapter_answers_as_the_trained_model_and_the_base_as_a_fresh_one(
    kind: str, folder: Path, tmp_path: Path
) -> None:
    model = strengthened(attached(folder, configured(folder, **KINDS[kind])))
    trained = probe_logits(model)
    model.save_pretrained(str(tmp_path))
    loaded = LocalEngine(load_base(str(folder), CPU), {"one": tmp_path, "two": tmp_path})
    assert loaded.info.proof.holds
    fresh = probe_logits(load_base(str(folder), CPU).model)
    difference = float((trained - fresh).abs().max())
    assert difference > 0.01
    assert loaded.info.proof.adapter_differences == pytest.approx({"one": difference, "two": difference})
    assert loaded.info.proof.base_difference == 0
    assert BASE in loaded.info.targets


@pytest.mark.parametrize(
    "options",
    [
        {"rank_pattern": "fc1=2,layers.0.mlp.fc1=6"},
        {"alpha_pattern": "fc1=64,layers.0.mlp.fc1=1"},
        {"rank_pattern": "0.mlp.fc1=3,fc1=2,layers.1.mlp.fc1=5", "use_rslora": True},
        {"alpha_pattern": "fc1=64,layers.0.mlp.fc1=1", "lora_layers": "0"},
    ],
)
def test_patterns_are_the_same_in_the_loaded_adapter(
    options: dict[str, Any], model_folder: ModelFolder, tmp_path: Path
) -> None:
    folder = model_folder("phi")
    model = strengthened(attached(folder, configured(folder, **options)))
    model.save_pretrained(str(tmp_path))  # which sorts the patterns
    trained = probe_logits(model)
    loaded = LocalEngine(load_base(str(folder), CPU), {"one": tmp_path})
    difference = float((trained - probe_logits(load_base(str(folder), CPU).model)).abs().max())
    assert loaded.info.proof.adapter_differences == pytest.approx({"one": difference})


def test_an_adapter_with_a_module_kept_whole_does_not_touch_another_one(
    model_folder: ModelFolder, tmp_path: Path
) -> None:
    folder = model_folder("phi")
    differences = {}
    for label, options in {"whole": {"modules_to_save": "lm_head"}, "plain": {"lora_targets": "fc1"}}.items():
        model = strengthened(attached(folder, configured(folder, **options)))
        model.save_pretrained(str(tmp_path / label))
        bare = probe_logits(load_base(str(folder), CPU).model)
        differences[label] = float((probe_logits(model) - bare).abs().max())
    for labels in (("whole", "plain"), ("plain", "whole")):
        loaded = LocalEngine(load_base(str(folder), CPU), {label: tmp_path / label for label in labels})
        assert loaded.info.proof.adapter_differences == pytest.approx(differences)
        assert loaded.info.proof.base_difference == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"r": 7}, "cannot be loaded: .*size mismatch"),
        ({"target_modules": "("}, "cannot be loaded"),
        ({"lora_alpha": "much"}, "cannot be loaded"),
        ({"rank_pattern": {"(": 3}}, "cannot be loaded"),
        ({"modules_to_save": 5}, "cannot be loaded"),
        ({"layer_replication": [[0, 1], [0, 2]]}, "layer_replication, which changes the base"),
        ({"megatron_config": {"a": 1}, "megatron_core": "antigravity"}, "megatron_config, which changes"),
    ],
)
def test_settings_that_do_not_fit_are_refused_and_never_a_traceback(
    changes: dict[str, Any], message: str, model_folder: ModelFolder, tmp_path: Path
) -> None:
    folder = model_folder("phi")
    attached(folder, configured(folder)).save_pretrained(str(tmp_path))
    settings = tmp_path / "adapter_config.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), **changes}))
    with pytest.raises(AdapterError, match=message):
        LocalEngine(load_base(str(folder), CPU), {"adapter": tmp_path})


def test_a_kept_module_that_the_settings_do_not_name_is_refused(
    model_folder: ModelFolder, tmp_path: Path
) -> None:
    folder = model_folder("phi")
    attached(folder, configured(folder, modules_to_save="lm_head")).save_pretrained(str(tmp_path))
    settings = tmp_path / "adapter_config.json"
    settings.write_text(settings.read_text().replace('"lm_head"', '"fc1"'))
    with pytest.raises(AdapterError, match="replaces parts of the base model"):
        LocalEngine(load_base(str(folder), CPU), {"adapter": tmp_path})


def test_a_kept_module_of_another_shape_is_refused(model_folder: ModelFolder, tmp_path: Path) -> None:
    folder = model_folder("phi")
    attached(folder, configured(folder, modules_to_save="lm_head")).save_pretrained(str(tmp_path))
    other = model_folder("phi", vocab_size=300)
    with pytest.raises(AdapterError, match="belongs to another base model"):
        LocalEngine(load_base(str(other), CPU), {"adapter": tmp_path})


def test_longer_names_win_over_shorter_ones(model_folder: ModelFolder) -> None:
    folder = model_folder("phi")
    config = configured(
        folder, rank_pattern="fc1=2,layers.0.mlp.fc1=6,0.mlp.fc1=5", alpha_pattern="mlp.fc1=64,fc1=1"
    )
    ranks = {
        name.partition(".lora_A")[0]: parameter.shape[0]
        for name, parameter in attached(folder, config).named_parameters()
        if ".lora_A" in name and "fc" in name
    }
    base = "base_model.model.model.layers"
    assert ranks == {
        f"{base}.0.mlp.fc1": 6,
        f"{base}.1.mlp.fc1": 2,
        f"{base}.0.mlp.fc2": 4,
        f"{base}.1.mlp.fc2": 4,
    }
    scaling = {
        name: module.scaling["default"]
        for name, module in attached(folder, config).named_modules()
        if hasattr(module, "scaling") and name.endswith("fc1")
    }
    assert scaling == {f"{base}.0.mlp.fc1": 64 / 6, f"{base}.1.mlp.fc1": 64 / 2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lora_layers": "1-2"}, "2 blocks, 0 to 1"),
        (
            {"lora_layers": "1", "lora_targets": "layers.0.mlp.fc1"},
            "lora_layers: layers.0.mlp.fc1.* blocks 1",
        ),
        ({"lora_targets": "mlp"}, "lora_targets: "),
        ({"rank_pattern": "fc3=4"}, "fc3 fits no adapted module"),
        ({"lora_targets": "q_proj", "alpha_pattern": "fc1=4"}, "fc1 fits no adapted module.*q_proj"),
        ({"lora_goal": "structure", "modules_to_save": "lm_head"}, "lm_head is trained whole and adapted"),
        ({"lora_goal": "knowledge", "lora_init": "pissa"}, "blocks, not for embed_tokens"),
        ({"lora_r": 64, "lora_init": "pissa"}, "32 components"),
    ],
)
def test_what_does_not_fit_is_refused_with_and_without_the_model(
    options: dict[str, Any], message: str, model_folder: ModelFolder
) -> None:
    folder = model_folder("phi")
    config = configured(folder, **options)
    shape = shape_of(read_json(folder, "config.json"))
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        require_layers(config, shape)
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        attach_adapter(load_base(str(folder), CPU).model, config, config.lora_targets)


def test_a_module_to_save_that_is_none_is_refused(model_folder: ModelFolder) -> None:
    folder = model_folder("phi")
    config = configured(folder, modules_to_save="head")
    with pytest.raises(ConfigError, match=r"(?s)head names no layer of this phi model.*fc1, fc2.*lm_head"):
        require_layers(config, shape_of(read_json(folder, "config.json")))
    with pytest.raises(ConfigError, match=r"head is no module.*fc1, fc2, .*lm_head"):
        attach_adapter(load_base(str(folder), CPU).model, config, ("auto",))


def test_olora_is_refused_on_transposed_weights(model_folder: ModelFolder) -> None:
    folder = model_folder("gpt2")
    config = configured(folder, lora_init="olora")
    with pytest.raises(ConfigError, match="transposed weights"):
        require_layers(config, shape_of(read_json(folder, "config.json")))
    with pytest.raises(ConfigError, match="transposed weights"):
        attach_adapter(load_base(str(folder), CPU).model, config, ("auto",))


def test_a_module_made_of_parts_is_not_trained_whole(model_folder: ModelFolder) -> None:
    folder = model_folder("phi")
    config = configured(folder, lora_targets="q_proj", modules_to_save="mlp")
    with pytest.raises(ConfigError, match="mlp names no layer"):
        require_layers(config, shape_of(read_json(folder, "config.json")))
    with pytest.raises(ConfigError, match=r"mlp is made of .*fc1"):
        attach_adapter(load_base(str(folder), CPU).model, config, ("q_proj",))


@pytest.mark.parametrize("quantization", ["8bit", "4bit"])
def test_a_quantised_module_is_not_trained_whole(quantization: Any, model_folder: ModelFolder) -> None:
    if fault := quantization_fault(quantization, CPU):
        pytest.skip(fault)
    folder = model_folder("phi")
    config = configured(folder, lora_targets="q_proj", modules_to_save="fc1", quantization=quantization)
    with pytest.raises(ConfigError, match=r"fc1 is held in . bits"):
        require_layers(config, shape_of(read_json(folder, "config.json")))
    with pytest.raises(ConfigError, match="fc1 is held in a few bits"):
        attach_adapter(load_base(str(folder), CPU, quantization=quantization).model, config, ("q_proj",))


@pytest.mark.parametrize("layout", ["phi", "llama", "gpt2"])
def test_whole_modules_take_small_steps_in_a_16_bit_base(
    layout: str, model_folder: ModelFolder, tmp_path: Path
) -> None:
    """Steps of 1e-4 are below what bfloat16 shows of most weights."""
    folder = model_folder(layout)
    embedding = "wte" if layout == "gpt2" else "embed_tokens"
    names = f"lm_head,{embedding},{'ln_f' if layout == 'gpt2' else 'input_layernorm'}"
    config = configured(folder, modules_to_save=names, dtype="bfloat16")
    base = load_base(str(folder), Device("cpu", torch.bfloat16))
    model = attach_adapter(base.model, config, ("auto",))
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert {p.dtype for p in trainable.values()} == {torch.float32}
    before = {name: p.detach().clone() for name, p in trainable.items()}
    ids = torch.arange(40).view(2, 20)
    optimizer = torch.optim.AdamW(trainable.values(), lr=1e-4)
    for _ in range(2):
        output = model(input_ids=ids, labels=ids, use_cache=False)
        output.loss.backward()
        optimizer.step()
    assert output.logits.dtype == torch.bfloat16
    head = next(name for name in before if "lm_head" in name and name.endswith("weight"))
    assert float((before[head] != trainable[head]).float().mean()) > 0.9
    with model.disable_adapter():
        assert torch.equal(
            probe_logits(model), probe_logits(load_base(str(folder), Device("cpu", torch.bfloat16)).model)
        )
    model.save_pretrained(str(tmp_path))
    engine = LocalEngine(load_base(str(folder), Device("cpu", torch.bfloat16)), {"whole": tmp_path})
    assert engine.info.proof.holds


@pytest.mark.parametrize("goal", [None, "attention", "domain", "structure"])
def test_names_found_on_the_loaded_model_are_those_of_the_plan(goal: str | None, folder: Path) -> None:
    """A family without a row in the table is resolved by the worker; here on families whose answer is known."""
    config = configured(folder, lora_goal=goal)
    shape = shape_of(read_json(folder, "config.json"))
    assert shape is not None
    by_worker = attach_adapter(load_base(str(folder), CPU).model, config, ("auto",))
    assert num_trainable(by_worker) == adapter_parameters(config, shape)


UNKNOWN: dict[str, dict[str, Any]] = {
    "stablelm": {"num_key_value_heads": 4},
    "phimoe": {"num_key_value_heads": 2, "num_local_experts": 2, "num_experts_per_tok": 1},
    "bloom": {"n_layer": 2, "n_head": 4},
}
SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


@pytest.mark.parametrize(
    ("layout", "goal", "names"),
    [
        ("stablelm", None, "down_proj gate_proj k_proj o_proj q_proj up_proj v_proj"),
        ("stablelm", "fluency", "down_proj gate_proj lm_head o_proj up_proj"),
        ("stablelm", "attention", "k_proj q_proj v_proj"),
        ("phimoe", None, "k_proj o_proj q_proj v_proj"),
        ("bloom", "attention", "query_key_value"),
        ("bloom", None, "dense dense_4h_to_h dense_h_to_4h query_key_value"),
    ],
)
def test_a_family_that_is_not_in_the_table_is_adapted_by_its_names(
    layout: str, goal: str | None, names: str, model_folder: ModelFolder
) -> None:
    folder = model_folder(layout, **SMALL, **UNKNOWN[layout])
    config = configured(folder, lora_goal=goal, lora_layers="1")
    assert shape_of(read_json(folder, "config.json")) is None
    model = attached(folder, config)
    found = {name.partition(".lora_A")[0] for name, _ in model.named_parameters() if ".lora_A" in name}
    assert " ".join(sorted({path.rpartition(".")[2] for path in found})) == names
    assert {path.split(".")[4] for path in found if "lm_head" not in path} == {"1"}
