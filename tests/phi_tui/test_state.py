"""What the app remembers survives, and what is broken is forgotten."""

import json
from pathlib import Path

from phi_tui.state import UiState, state_directory


def test_what_was_saved_comes_back_for_the_same_folder_only(folder: Path) -> None:
    state = UiState(folder)
    state.values.update({"tab": "runs", "draft": {"lora_r": "16"}})
    state.save()
    assert UiState(folder).values == {"tab": "runs", "draft": {"lora_r": "16"}}
    assert UiState(folder / "other").values == {}


def test_saving_keeps_the_entries_of_other_folders(folder: Path) -> None:
    for name in ("a", "b"):
        state = UiState(folder / name)
        state.values["tab"] = "chat"
        state.save()
    assert UiState(folder / "a").values == UiState(folder / "b").values == {"tab": "chat"}


def test_a_broken_file_and_values_of_the_wrong_type_are_forgotten(folder: Path) -> None:
    state_directory().mkdir()
    file = state_directory() / "ui.json"
    file.write_text('{"folders": ')
    assert UiState(folder).values == {}
    file.write_text(
        json.dumps({"folders": {str(folder): {"tab": 3, "draft": {"no_option": "1", "lora_r": 2}}}})
    )
    assert UiState(folder).values == {"draft": {"no_option": "1", "lora_r": "2"}}


def test_a_place_that_cannot_be_written_costs_only_the_memory(folder: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (folder / "file").write_text("")
    monkeypatch.setenv("PHI_STATE_DIR", str(folder / "file" / "below"))
    UiState(folder).save()
