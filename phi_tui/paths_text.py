"""Every folder and file that phi uses on this machine, in lines: what it is, where, and whether it is there.

Touches the disk only to look whether a place exists.
"""

from collections.abc import Iterator
from pathlib import Path

from phi_core.chat.transcript_file import CHATS
from phi_core.errors import PhiError
from phi_core.model_files.folder import hub_cache
from phi_core.planning.places import config_directory, state_directory
from phi_core.samples.cache import prepared_folder
from phi_tui.clipboard import copy_file
from phi_tui.keymap import keymap_file


def paths_text(runs_root: Path) -> str:
    """A line each; what is not there yet is made when it is needed."""
    return "\n".join(
        f"{name:<13}{path}{'' if path.exists() else '  (not there yet)'}" for name, path in _places(runs_root)
    )


def _places(runs_root: Path) -> Iterator[tuple[str, Path]]:
    state, config = state_directory(), config_directory()
    yield "here", Path.cwd()
    yield "runs", runs_root
    yield "chats", state / CHATS
    yield "remembered", state / "ui.json"
    yield "crash reports", state
    yield "copies", copy_file()
    yield "your presets", config / "presets"
    yield "your keys", keymap_file()
    try:
        yield "prepared data", prepared_folder()
    except PhiError:
        yield "prepared data", Path("nowhere that can be written: set PHI_CACHE_DIR")
    yield "model cache", hub_cache()
