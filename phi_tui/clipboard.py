"""Copying, also over ssh: tmux's buffer, else the terminal's clipboard by OSC 52, else a file. It says which.

tmux drops an application's own OSC 52 by default; GNU screen, the Linux console and Apple's Terminal have none, and
terminals cut a long one. Nothing answers whether OSC 52 was taken, so `keep` can put the last copy into a file too.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from textual.app import App

from phi_core.planning.places import state_directory
from phi_tui.clipboard_services import in_tmux_buffer
from phi_tui.widgets.plain import tell

Way = Literal["tmux", "terminal", "file"]
LONGEST_OSC_52 = 74_000
"""Bytes; with base64 that is what the tightest of the usual terminals takes."""
TELLS = {
    "tmux": "Copied{what} into the tmux buffer: prefix ] pastes it",
    "terminal": "Copied{what} to the terminal's clipboard (OSC 52)",
    "file": "Copied{what} into the file {file}",
}


def copy(app: App[Any], text: str, what: str = "") -> None:
    """Copy, and tell the way. `what` names it: "the command"."""
    sound = text.encode("utf-8", "replace").decode()
    way = way_of(sound, os.environ)
    if way == "tmux":
        in_tmux_buffer(
            sound, lambda is_there: app.call_later(_told, app, "tmux" if is_there else "file", what, sound)
        )
    else:
        _told(app, way, what, sound)


def keep(app: App[Any]) -> None:
    """Put what was copied last into a file."""
    if app.clipboard:
        _told(app, "file", "", app.clipboard)
    else:
        tell(app.screen, "Nothing was copied yet")


def way_of(text: str, environment: Mapping[str, str]) -> Way:
    """The first way that can work here."""
    if environment.get("TMUX") and shutil.which("tmux", path=environment.get("PATH")):
        return "tmux"
    has_none = environment.get("STY") or environment.get("TERM", "") in ("linux", "vt100", "vt220", "cons25")
    if has_none or environment.get("TERM_PROGRAM") == "Apple_Terminal":
        return "file"
    return "terminal" if len(text.encode()) <= LONGEST_OSC_52 else "file"


def copy_file() -> Path:
    return state_directory() / "copied.txt"


def _told(app: App[Any], way: Way, what: str, text: str) -> None:
    app._clipboard = text  # ctrl+v in the app's own fields
    if way == "terminal":
        App.copy_to_clipboard(app, text)
    elif way == "file" and (trouble := _written(text)):
        return tell(app.screen, trouble, "error")
    named = f" {what}" if what else ""
    tell(app.screen, TELLS[way].format(what=named, file=copy_file()))


def _written(text: str) -> str:
    """For this person's eyes only. What went wrong, "" if nothing."""
    path = copy_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        return f"Not copied: {path} cannot be written: {error.strerror or error}"
    return ""
