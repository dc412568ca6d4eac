"""The Train form in a real terminal and a real editor's place: the screen is lent and comes back, faults keep the form."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from terminal import Terminal, needs_tmux

pytestmark = needs_tmux

EDITOR = """#!/bin/sh
# Shows that it has the terminal and its keys, then writes what it was told last time to write.
echo "the editor has the terminal"
read line
if grep -q "seed: .1" "$2"; then printf 'seed: 3\\nlora_r: 16\\ndataset_path: data.jsonl\\n' > "$2"; else printf 'seed: [1\\n' > "$2"; fi
"""


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    editor = tmp_path / "my editor"
    editor.write_text(EDITOR)
    editor.chmod(0o755)
    (tmp_path / "train.yaml").write_text("lora_r: 4\ndataset_path: data.jsonl\n")
    monkeypatch.setenv("EDITOR", f"'{editor}'")
    monkeypatch.delenv("VISUAL", raising=False)
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


def test_the_form_goes_through_an_editor_and_back(tmp_path: Path, terminal: Terminal) -> None:
    terminal.type("phi tui\n")
    terminal.wait_for("● lora_r                       4", "Launch")
    terminal.press("C-g")
    terminal.wait_for("the editor has the terminal")
    terminal.press("Enter")
    terminal.wait_for("is not YAML", "The form is as it was", "Edit again")
    (kept,) = (tmp_path / ".state").glob("form-*.yaml")
    assert kept.read_text() == "seed: [1\n"
    terminal.press("e")
    terminal.wait_for("the editor has the terminal")
    terminal.press("Enter")
    terminal.wait_for("● lora_r                       16", "3 options differ", "not saved")
    assert not kept.exists()
    terminal.press("C-s")
    terminal.wait_for("Save the options to")
    terminal.press("Enter")
    terminal.wait_for("saved", "Saved train.yaml")
    saved = yaml.safe_load((tmp_path / "train.yaml").read_text())
    assert (saved["seed"], saved["lora_r"]) == (3, 16)
