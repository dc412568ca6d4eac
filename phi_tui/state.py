"""What the app remembers between starts: for each working folder its tab, selected run, configuration and draft.

The file is written beside and renamed; what cannot be read is forgotten. Other folders' entries pass unharmed.
"""

import os
import time
from pathlib import Path
from typing import Any

from platformdirs import user_state_dir

from phi_core.files import read_json, write_json

FOLDERS_KEPT = 50
TEXTS = ("tab", "run", "marked", "config", "comparison")
DRAFTS = ("draft", "baseline", "preset", "data")


def state_directory() -> Path:
    """PHI_STATE_DIR, or the place where this system keeps such files."""
    return Path(os.environ.get("PHI_STATE_DIR") or user_state_dir("phi"))


class UiState:
    """The remembered values of one working folder: `tab`, `run`, `config`, `comparison` (a folder), and `draft` and
    `baseline` (option → text): the form as it is, and as it was saved last; `preset`: what a preset put in; `data`: what the Data tab changes of it."""

    def __init__(self, folder: Path) -> None:
        self._file = state_directory() / "ui.json"
        self._folder = str(folder)
        self.values = _sound(_folders(self._file).get(self._folder))
        self.theme = self._theme_there = _theme(self._file)

    def save(self) -> None:
        """Write the file; a disk that refuses costs the memory, not the app."""
        entry = {**self.values, "saved": time.time()}
        folders = {**_folders(self._file), self._folder: entry}
        newest = sorted(folders, key=lambda name: _saved(folders[name]))[-FOLDERS_KEPT:]
        theme = self.theme if self.theme != self._theme_there else _theme(self._file)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_json(self._file, {"theme": theme, "folders": {name: folders[name] for name in newest}})
        except OSError:
            return


def _folders(file: Path) -> dict[str, Any]:
    content = read_json(file)
    folders = content.get("folders") if isinstance(content, dict) else None
    return folders if isinstance(folders, dict) else {}


def _theme(file: Path) -> str:
    """The same in every folder; "" if none was chosen."""
    content = read_json(file)
    theme = content.get("theme") if isinstance(content, dict) else None
    return theme if isinstance(theme, str) else ""


def _sound(entry: Any) -> dict[str, Any]:
    """What of an entry has the right type."""
    if not isinstance(entry, dict):
        return {}
    kept: dict[str, Any] = {name: entry[name] for name in TEXTS if isinstance(entry.get(name), str)}
    for key in DRAFTS:
        if isinstance(draft := entry.get(key), dict):
            kept[key] = {str(name): str(text) for name, text in draft.items()}
    return kept


def _saved(entry: Any) -> float:
    moment = entry.get("saved", 0.0) if isinstance(entry, dict) else 0.0
    return float(moment) if isinstance(moment, int | float) else 0.0
