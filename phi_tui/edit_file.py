"""A file in the person's own editor: the app steps aside until the editor ends. Touches nothing but notices."""

from textual.app import SuspendNotSupported
from textual.widget import Widget

from phi_core.errors import PhiError
from phi_tui.editor import editor_command
from phi_tui.services import run_editor
from phi_tui.widgets.plain import tell


def edit_file(widget: Widget, file: str, line: int = 1) -> int | None:
    """Open a file at a line and wait; the editor's exit status, None if there was no editor. Tells what went wrong."""
    try:
        command = editor_command(file, line)
        with widget.app.suspend():
            status = run_editor(command)
    except PhiError as error:
        tell(widget, str(error), "error")
        return None
    except SuspendNotSupported:
        tell(widget, "This terminal cannot be lent to an editor", "error")
        return None
    if status:
        tell(widget, f"{command[0]} ended with status {status}", "warning")
    return status
