"""`phi layers`: from config.json alone, from the curated table, or from the names in the weights."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from command_line import phi
from safetensors.torch import save_file

from phi_core.model_files.layers import GOALS


def test_phi_2_is_told_without_its_files() -> None:
    done = phi("layers", "microsoft/phi-2", "--json")
    assert done.status == 0, done.err
    told = json.loads(done.out)
    goals = {goal["name"]: goal for goal in told["goals"]}
    assert (told["family"], told["blocks"], told["parameters"]) == ("phi", 32, 2_779_683_840)
    assert list(goals) == list(GOALS)
    assert goals["concepts"]["lora_parameters"] == 11_796_480
    assert goals["concepts"]["adapter_megabytes"] == 47.2
    assert goals["fluency"]["targets"] == ["dense", "fc1", "fc2", "lm_head"]


def test_the_tables_name_every_group_and_goal_at_the_asked_rank(tmp_path: Path) -> None:
    config = {"model_type": "gpt2", "n_embd": 32, "n_layer": 2, "n_head": 4}
    (tmp_path / "config.json").write_text(json.dumps({**config, "vocab_size": 64, "n_positions": 40}))
    done = phi("layers", tmp_path, "--lora_r", "4")
    assert done.status == 0, done.err
    assert "gpt2: 2 blocks" in done.out
    assert "LoRA r=4" in done.out
    assert "c_attn,attn.c_proj,c_fc,mlp.c_proj" in done.out
    assert "the embedding's own matrix" in done.out
    assert all(goal in done.out for goal in GOALS)


def test_an_unknown_family_is_told_by_its_weights(tmp_path: Path, model_folder: Callable[..., Path]) -> None:
    folder = model_folder("llama")
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "llama\x1b[2Jnew"}))
    found, known = (json.loads(phi("layers", path, "--json").out) for path in (tmp_path, folder))
    for part in ("groups", "goals"):
        assert [_in_any_order(entry) for entry in found[part]] == [_in_any_order(one) for one in known[part]]
    assert found["blocks"] == 2
    assert "\x1b" not in phi("layers", tmp_path).out


def test_experts_are_no_blocks(tmp_path: Path) -> None:
    paths = [f"model.layers.{block}.mlp.experts.{expert}.w1" for block in range(2) for expert in range(5)]
    save_file({f"{path}.weight": torch.zeros(4, 4) for path in paths}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text('{"model_type": "many"}')
    told = json.loads(phi("layers", tmp_path, "--json").out)
    assert told["blocks"] == 2
    assert told["groups"][0]["modules"] == 10


def _in_any_order(entry: dict[str, Any]) -> dict[str, Any]:
    """Weight files name tensors in an order of their own."""
    return {name: sorted(value) if isinstance(value, list) else value for name, value in entry.items()}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("demo", "--lora_r", "0"), "lora_r must be ≥ 1"),
        (("./missing",), "does not exist"),
        (("microsoft/phi-2", "--revision", "nonsense"), "not on this machine"),
    ],
)
def test_what_cannot_be_told_is_refused(words: tuple[str, ...], message: str) -> None:
    done = phi("layers", *words)
    assert done.status == 2
    assert message in done.err


def test_a_family_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "mamba"}')
    done = phi("layers", tmp_path)
    assert done.status == 2
    assert "layers of" in done.err and "mamba" in done.err
