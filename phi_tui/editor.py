"""The person's own editor on a line of a file: which command that is. Starts nothing."""

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from phi_core.errors import RequestError

SET_ONE = "Set one: export EDITOR=nano"
PLACES: Mapping[str, tuple[str, ...]] = {
    "code": ("--goto", "{file}:{line}"),
    "code-insiders": ("--goto", "{file}:{line}"),
    "codium": ("--goto", "{file}:{line}"),
    "cursor": ("--goto", "{file}:{line}"),
    "subl": ("{file}:{line}",),
    "zed": ("{file}:{line}",),
    "hx": ("{file}:{line}",),
}
"""How editors are told a line that do not take +LINE FILE."""
WINDOWED = frozenset(PLACES) - {"hx"}
"""Editors with a window of their own, which come back at once unless told to wait."""


def editor_command(file: str, line: int, environment: Mapping[str, str] = os.environ) -> list[str]:
    """VISUAL, else EDITOR, else vi, as an argument list. RequestError if there is none, or none that can be read."""
    named = environment.get("VISUAL", "").strip() or environment.get("EDITOR", "").strip() or "vi"
    try:
        words = shlex.split(named)
    except ValueError:
        raise RequestError(f"the editor {named!r} cannot be read: a quote is not closed", SET_ONE) from None
    if not words or shutil.which(os.path.expanduser(words[0]), path=environment.get("PATH")) is None:
        raise RequestError(f"there is no editor {words[0] if words else named} on this machine", SET_ONE)
    path = str(Path(file).absolute())
    name = Path(words[0]).name
    if name in WINDOWED and not {"--wait", "-w"} & {*words}:
        words.append("--wait")
    forms = PLACES.get(name, ("+{line}", "{file}"))
    return [os.path.expanduser(words[0]), *words[1:], *(form.format(file=path, line=line) for form in forms)]
