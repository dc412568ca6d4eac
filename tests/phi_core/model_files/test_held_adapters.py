"""A checkpoint that its run removes while a model loads can still be read; what stays by itself is not touched."""

import os
import shutil
from pathlib import Path

import pytest

from phi_core.model_files.held_adapters import held_adapters


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "run" / "checkpoints" / "step-000020"
    folder.mkdir(parents=True)
    for name in ("adapter_config.json", "adapter_model.safetensors", "optimizer.pt"):
        (folder / name).write_text(name)
    return folder


@pytest.mark.parametrize("has_links", [True, False])
def test_a_removed_checkpoint_is_read_from_where_it_is_held(
    has_links: bool, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError("no links between file systems")

    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    with held_adapters({"step-20": checkpoint}) as held:
        shutil.rmtree(checkpoint)
        place = held["step-20"]
        assert {file.name: file.read_text() for file in place.iterdir()} == {
            "adapter_config.json": "adapter_config.json",
            "adapter_model.safetensors": "adapter_model.safetensors",
        }
    assert not place.exists()


def test_an_adapter_beside_the_state_in_a_checkpoint_is_held_too(checkpoint: Path) -> None:
    (checkpoint / "adapter").mkdir()
    with held_adapters({"step-20": checkpoint / "adapter"}) as held:
        assert held["step-20"].is_dir()


def test_an_adapter_that_stays_and_one_that_is_gone_are_left_alone(checkpoint: Path) -> None:
    final = checkpoint.parent.parent / "final_adapter"
    final.mkdir()
    asked = {"final": final, "step-40": checkpoint.parent / "step-000040"}
    with held_adapters(asked) as held:
        assert held == {}
