"""Opening, saving and starting anew: the dialogs of the Train tab about its configuration file.

Works for one view, which gets the messages of the tasks "open" and "save". Unsaved changes are asked about first.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from phi_tui.config_files import open_config, save_config
from phi_tui.screens.ask_place import ask_place
from phi_tui.screens.confirm import Confirm
from phi_tui.services import start

if TYPE_CHECKING:
    from phi_tui.views.train import TrainView

FIRST_CONFIG = Path("train.yaml")


class FormFiles:
    """`view` says whether its form has unsaved changes, and which file it came from."""

    def __init__(self, view: "TrainView") -> None:
        self._view = view

    def open(self, path: Path) -> None:
        start(self._view, "open", lambda: open_config(path))

    def offer(self, path: Path) -> None:
        """Open, but ask before unsaved changes are lost."""
        self._give_up_changes("Open", lambda: self.open(path))

    def ask_where(self) -> None:
        ours = self._view.config_path
        suggestion = str(ours or FIRST_CONFIG)
        ask_place(self._view.app, "Save the options to", suggestion, ours=ours, then=self._save)

    def begin_anew(self) -> None:
        self._give_up_changes("Start anew", self._view.forget)

    def _save(self, path: Path) -> None:
        config = self._view.draft.checked.config
        if config is not None:
            start(self._view, "save", lambda: save_config(path, config))

    def _give_up_changes(self, verb: str, work: Callable[[], None]) -> None:
        if not self._view.has_changes:
            return work()
        question = Confirm("Forget the unsaved changes?", verb)
        self._view.app.push_screen(question, lambda is_sure: work() if is_sure else None)
