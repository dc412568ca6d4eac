"""The model card: figures as measured, and text of others that stays text."""

from pathlib import Path

import yaml
from run_factory import make_run

from phi_core.runs.card import export_card
from phi_core.runs.reader import read_run

SETTINGS = {"r": 8, "lora_alpha": 16, "use_dora": True, "use_rslora": True, "modules_to_save": ["lm_head"]}


def card(**changes: object) -> str:
    values = {
        "title": "pirate",
        "library": "peft",
        "base_name": "microsoft/phi-2",
        "is_hub_base": True,
        "adapter": SETTINGS,
        "run": None,
    }
    return export_card(**{**values, **changes})


def test_the_header_is_what_the_hub_reads() -> None:
    header = yaml.safe_load(card().split("---")[1])
    assert header == {"base_model": "microsoft/phi-2", "library_name": "peft", "tags": ["lora"]}
    assert "base_model" not in yaml.safe_load(card(is_hub_base=False).split("---")[1])


def test_the_adapter_is_described_by_its_settings() -> None:
    assert "| Adapter | DoRA + rsLoRA, r=8, alpha=16, whole modules lm_head |" in card()


def test_without_a_run_nothing_is_claimed() -> None:
    assert "Measured" not in card() and "loss" not in card().lower()


def test_text_of_others_neither_ends_a_cell_nor_begins_markup(tmp_path: Path) -> None:
    path = make_run(tmp_path, "run")
    config = path / "config.yaml"
    config.write_text(yaml.safe_dump({"dataset_path": ["a | <script>`x`[y](z)\n# big.jsonl\x1b[2J"]}))
    text = card(title="a\n---\nbase_model: evil", run=read_run(path), notes=["one\ntwo | three"])
    assert "# a --- base_model: evil" in text and "\x1b" not in text
    assert "&lt;script>'x'\\[y\\](z) # big.jsonl" in text and "\n# big" not in text
    assert "- one two \\| three" in text


def test_options_that_name_places_are_left_out(tmp_path: Path) -> None:
    path = make_run(tmp_path, "run")
    (path / "config.yaml").write_text(
        yaml.safe_dump({"epochs": 2, "output_dir": "/home/me", "notify_webhook": "https://x"})
    )
    text = card(run=read_run(path))
    assert "| epochs | 2 |" in text and "/home/me" not in text and "https://x" not in text
