"""Presets are data with a source; a person's own are files that stay in their folder."""

from pathlib import Path

import pytest
import yaml

from phi_core.errors import ConfigError, RequestError
from phi_core.model_files.base_models import base_model
from phi_core.planning.machine import Machine
from phi_core.planning.preset_memory import preset_memory
from phi_core.planning.presets import (
    BUILT_IN,
    Preset,
    delete_preset,
    find_preset,
    preset_config,
    preset_file,
    presets,
    save_preset,
)

MACHINE = Machine(cores=2, free_gib=8.0, total_gib=16.0, gpus=())


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHI_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path / "config" / "presets"


def test_the_memory_presets_are_those_of_the_toolkit() -> None:
    names = ("batch_size", "gradient_accumulation_steps", "max_length")
    table = {
        preset.name: tuple(preset.values[name] for name in names) for preset in BUILT_IN if preset.machine
    }
    assert table == {
        "gpu24-high": (8, 4, 2048),
        "gpu24-balanced": (4, 8, 1024),
        "gpu24-low": (2, 16, 768),
        "mac18-high": (3, 8, 1024),
        "mac18-balanced": (2, 16, 1024),
        "mac18-low": (2, 16, 768),
        "mac18-safe": (1, 32, 768),
    }


@pytest.mark.parametrize("preset", BUILT_IN, ids=lambda preset: preset.name)
def test_every_built_in_preset_is_a_sound_configuration_with_a_source(preset: Preset) -> None:
    config = preset_config(preset.values)
    assert all(getattr(config, name) == value for name, value in preset.values.items())
    assert preset.source and preset.about


def test_no_preset_promises_anything() -> None:
    for preset in BUILT_IN:
        assert not any(word in preset.about.lower() for word in ("%", "better", "faster", "gain", "improve"))


def test_the_expectation_is_the_estimate_and_says_where_the_named_machine_is_too_small() -> None:
    shape = base_model("microsoft/phi-2").shape  # type: ignore[union-attr]
    tight = Preset("tight", "", {"batch_size": 1, "max_length": 768}, "test", "8 GB GPU", 8.0)
    found = preset_memory(tight, "microsoft/phi-2", shape, MACHINE)
    assert found.expected is not None and found.expected.needed_gib > 11  # float32 weights alone
    assert found.note == "more than the 8 GB GPU that it was named for"
    roomy = Preset("roomy", "", tight.values, "test", "80 GB GPU", 80.0)
    assert preset_memory(roomy, "microsoft/phi-2", shape, MACHINE).note == ""


def test_saved_is_what_was_given_and_nothing_else(own_folder: Path) -> None:
    save_preset("mine", {"lora_r": "16", "schedule": "cosine", "dataset_path": "secret/records.jsonl"})
    assert yaml.safe_load((own_folder / "mine.yaml").read_text()) == {"lora_r": 16, "schedule": "cosine"}
    assert find_preset("mine").values == {"lora_r": 16, "schedule": "cosine"}
    assert presets()[-1].name == "mine"


def test_paths_of_one_project_are_left_out_and_named() -> None:
    saved = save_preset("mine", {"lora_r": 16, "dataset_path": "d.jsonl", "output_dir": "here"})
    assert saved.left_out == ("dataset_path", "output_dir")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        ".hidden",
        "-x",
        "x.yaml",
        "a b",
        "x" * 65,
        "é",
        "nul",
        "a\0b",
        "~",
        "x\n",
    ],
)
def test_no_name_leads_out_of_the_folder(name: str, own_folder: Path) -> None:
    for action in (preset_file, find_preset, delete_preset, lambda name: save_preset(name, {"lora_r": 8})):
        with pytest.raises(RequestError):
            action(name)
    assert not own_folder.exists()


def test_built_in_ones_can_be_neither_replaced_nor_deleted() -> None:
    with pytest.raises(RequestError, match="built in"):
        save_preset("quick", {"lora_r": 8}, overwrite=True)
    with pytest.raises(RequestError, match="built in"):
        delete_preset("quick")


def test_a_taken_name_is_kept_unless_told() -> None:
    save_preset("mine", {"lora_r": 8})
    with pytest.raises(RequestError, match="exists"):
        save_preset("mine", {"lora_r": 16})
    assert find_preset("mine").values == {"lora_r": 8}
    save_preset("mine", {"lora_r": 16}, overwrite=True)
    assert find_preset("mine").values == {"lora_r": 16}


def test_a_deleted_preset_is_gone() -> None:
    save_preset("mine", {"lora_r": 8})
    delete_preset("mine")
    with pytest.raises(RequestError, match="there is no preset 'mine'"):
        find_preset("mine")


@pytest.mark.parametrize("values", [{"lora_r": 0}, {"lora_rank": 8}, {"optimizer": "sgd"}])
def test_values_that_no_run_could_have_are_refused(values: dict[str, object], own_folder: Path) -> None:
    with pytest.raises(ConfigError):
        save_preset("mine", values)
    assert not own_folder.exists()


def test_a_broken_file_is_told_when_asked_for_and_left_out_of_the_list(own_folder: Path) -> None:
    own_folder.mkdir(parents=True)
    (own_folder / "broken.yaml").write_text("lora_r: [")
    (own_folder / "wrong.yaml").write_text("lora_r: -3")
    assert [preset.name for preset in presets()] == [preset.name for preset in BUILT_IN]
    for name in ("broken", "wrong"):
        with pytest.raises(ConfigError, match=name):
            find_preset(name)
