"""The form as YAML in the person's own editor, and back. What is edited is kept in a file as long as anything is wrong with it.

Works for one view. What text means for a form is `form_yaml`'s.
"""

import os
import re
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from phi_core.files import write_text
from phi_core.planning.places import state_directory
from phi_tui.draft import Draft
from phi_tui.edit_file import edit_file
from phi_tui.form_yaml import Edited, edited, form_text
from phi_tui.screens.edited_wrong import Answer, EditedWrong
from phi_tui.screens.pick import Pick
from phi_tui.widgets.plain import tell

if TYPE_CHECKING:
    from phi_tui.views.train import TrainView


class FormEditor:
    """One text at a time. `_kept` is one that had problems: it is offered again."""

    def __init__(self, view: "TrainView") -> None:
        self._view = view
        self._kept: Path | None = None

    def edit(self) -> None:
        kept = self._kept
        if kept is None or not kept.exists():
            return self._begin()
        lines = ("The text that had problems, as you left it", "The form as it is")
        pick = Pick("Edit which text?", lines, note=f"It is in {kept}")
        self._view.app.push_screen(pick, partial(self._picked, kept))

    def _picked(self, kept: Path, place: int | None) -> None:
        if place == 0:
            self._open(kept, self._read(kept))
        elif place == 1:
            self._begin()

    def _begin(self) -> None:
        text = form_text(self._view.draft)
        try:
            path = _new_file(text)
        except OSError as error:
            return tell(self._view, f"The form cannot be written for the editor: {error.strerror}", "error")
        self._open(path, text, is_new=True)

    def _open(self, path: Path, before: str, *, is_new: bool = False, line: int = 1) -> None:
        status = edit_file(self._view, str(path), line)
        text = self._read(path)
        if is_new and text == before:
            path.unlink(missing_ok=True)
            return
        if status != 0:
            self._keep(path)
            return tell(self._view, f"The form is as it was; what you edited is in {path}", "warning")
        self._judge(path, edited(text, self._view.draft))

    def _judge(self, path: Path, found: Edited) -> None:
        if found.draft is not None and not found.problems:
            return self._take(path, found.draft)
        self._keep(path)
        wrong = EditedWrong(found.problems, path, can_be_taken=found.draft is not None)
        self._view.app.push_screen(wrong, partial(self._answered, path, found))

    def _answered(self, path: Path, found: Edited, answer: Answer | None) -> None:
        if answer == "edit":
            self._open(path, self._read(path), line=_first_line(found))
        elif answer == "take" and found.draft is not None:
            self._take(path, found.draft)

    def _take(self, path: Path, draft: Draft) -> None:
        self._view.use_draft(draft)
        path.unlink(missing_ok=True)
        self._kept = None
        tell(self._view, "The form is as you edited it")

    def _keep(self, path: Path) -> None:
        if self._kept is not None and self._kept != path:
            self._kept.unlink(missing_ok=True)
        self._kept = path

    def _read(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""


def _new_file(text: str) -> Path:
    folder = state_directory()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix="form-", suffix=".yaml")
    os.close(descriptor)
    write_text(Path(name), text)
    return Path(name)


def _first_line(found: Edited) -> int:
    """Where the first problem stands."""
    stands = re.search(r"line (\d+)", str(found.problems[0])) if found.problems else None
    return int(stands.group(1)) if stands else 1
