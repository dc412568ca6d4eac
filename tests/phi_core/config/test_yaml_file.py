"""Configuration files: what is written is read, and faults are named with file and line."""

from pathlib import Path

import pytest

from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import dump, parse_values, read_values
from phi_core.errors import ConfigError


def test_a_configuration_comes_back_from_its_file(tmp_path: Path) -> None:
    config = TrainingConfig(
        dataset_path="dätä #1.jsonl",
        lora_targets=("q_proj",),
        max_steps=None,
        torch_compile=False,
        lora_dropout=0,
    )
    path = tmp_path / "config.yaml"
    path.write_text(dump(config), encoding="utf-8")
    assert checked(read_values(path)) == config
    assert list(read_values(path)) == list(TrainingConfig.model_fields)


def test_small_numbers_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("dataset_path: a.jsonl\nlearning_rate: 2e-4\n", encoding="utf-8-sig")
    assert checked(read_values(path)).learning_rate == 2e-4


def test_an_empty_file_gives_no_value() -> None:
    assert parse_values("# nothing\n", source="x") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n- b\n", "c.yaml holds a list"),
        ("just text", "c.yaml holds a str"),
        ("lora_r: 8\nepochs: [1,\n", "c.yaml, line 3 is not YAML"),
        ("lora_r: 8\n\tepochs: 1\n", "c.yaml, line 2 is not YAML"),
        ("a: !!python/object:os.system x\n", "c.yaml, line 1 is not YAML"),
        ("lora_r: 8\nlora_r: 16\n", "c.yaml, line 2 is not YAML: lora_r is given twice"),
        ("epochs: 2024-99-99\n", "c.yaml is not YAML: month must be in 1..12"),
        ("[a]: 1\n[b]: 2\n", "c.yaml, line 1 is not YAML"),
        ("[" * 5000, "c.yaml is not YAML"),
    ],
)
def test_what_is_no_mapping_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_values(text, source="c.yaml")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"c\.yaml does not exist"):
        read_values(tmp_path / "c.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_values(tmp_path)
    (tmp_path / "c.yaml").write_bytes(b"a: \xff\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_values(tmp_path / "c.yaml")
