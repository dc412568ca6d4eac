"""A dialog that asks for a folder to write to. Dismisses with its path, or None. Writes nothing."""

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from phi_core.files import typed_path
from phi_tui.widgets.plain import PlainStatic


class SaveFolder(ModalScreen[Path | None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    DEFAULT_CSS = """
    SaveFolder {
        align: center middle;
        & #save-box { width: 80%; max-width: 80; height: auto; border: round $primary; padding: 0 1; background: $surface; }
        & Input { background: $panel; margin: 1 0; }
        & #save-hint { color: $text-muted; }
    }
    """

    def __init__(self, title: str, *, default: Path) -> None:
        super().__init__()
        self._words = title
        self._default = default

    def compose(self) -> ComposeResult:
        with Vertical(id="save-box"):
            yield PlainStatic(self._words)
            yield Input(str(self._default), id="save-folder", compact=True)
            yield PlainStatic("enter writes · esc back", id="save-hint")

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        path = typed_path(event.value.strip())
        if not event.value.strip():
            self.query_one("#save-hint", PlainStatic).show("name a folder")
        elif path.exists() and not path.is_dir():
            self.query_one("#save-hint", PlainStatic).show(f"{path} is a file; name a folder")
        else:
            self.dismiss(path)

    def action_leave(self) -> None:
        self.dismiss(None)
