"""What a run leaves: which checkpoint it is, and a card that can be read by the hub and holds no path."""

import json
import math
from pathlib import Path

import pytest
import yaml
from run_factory import add_event, make_run

from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run
from phi_core.runs.storage import best_step
from phi_core.training.checkpoint import best
from phi_core.training.final import chosen_checkpoint, model_card


def add_checkpoint(path: Path, step: int, validation_loss: float | None) -> None:
    folder = RunLayout(path).checkpoint(step)
    folder.mkdir(parents=True)
    settings = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "use_dora": True}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    (folder / "adapter_model.safetensors").write_bytes(b"")
    manifest = {"step": step, "plan_hash": "x", "validation_loss": validation_loss}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("no_number", [math.nan, -math.inf])
def test_a_validation_loss_that_is_no_number_is_never_the_best(tmp_path: Path, no_number: float) -> None:
    path = make_run(tmp_path, "a")
    for step, loss in ((5, no_number), (10, 0.5), (15, 0.7)):
        add_checkpoint(path, step, loss)
    lowest = best(RunLayout(path))
    assert lowest is not None and lowest.step == 10 == best_step(RunLayout(path))
    assert chosen_checkpoint(RunLayout(path), "best").step == 10


def test_without_a_finite_validation_loss_the_last_one_is_the_result(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a")
    add_checkpoint(path, 5, None)
    add_checkpoint(path, 10, math.nan)
    assert best(RunLayout(path)) is None and chosen_checkpoint(RunLayout(path), "best").step == 10


def test_the_card_of_a_final_adapter_is_that_of_an_export(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", state="running")
    add_event(path, "plan", 0, trainable_parameters=73_728)
    add_checkpoint(path, 10, 0.5)
    add_checkpoint(path, 20, 0.6)
    folder = tmp_path / "model: \n# evil | x"
    folder.mkdir()
    card = model_card(read_run(path), str(folder), 10)
    assert yaml.safe_load(card.split("---")[1]) == {"library_name": "peft", "tags": ["lora"]}
    assert "| This adapter is that of step | 10 |" in card and "| Adapter | DoRA, r=8, alpha=16 |" in card
    assert str(tmp_path) not in card and "\n# evil" not in card and "73,728" in card
    assert yaml.safe_load(model_card(read_run(path), "microsoft/phi-2", 10).split("---")[1])[
        "base_model"
    ] == ("microsoft/phi-2")
