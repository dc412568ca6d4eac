"""A record in the person's own editor: the app steps aside until the editor ends. Touches nothing but notices."""

from textual.app import SuspendNotSupported
from textual.widget import Widget

from phi_core.errors import PhiError
from phi_tui.data_check import Entry
from phi_tui.editor import editor_command
from phi_tui.record_lines import not_editable
from phi_tui.services import run_editor
from phi_tui.widgets.plain import tell


def edit_record(widget: Widget, entry: Entry | None) -> bool:
    """Open the file at the record's line; whether an editor was there. Says why not."""
    if entry is None or entry.part is None:
        tell(widget, "There is no one place to edit")
        return False
    if why_not := not_editable(entry.part):
        tell(widget, f"It cannot be edited here: {why_not}", "warning")
        return False
    return _run(widget, entry.part.location, entry.line)


def _run(widget: Widget, file: str, line: int) -> bool:
    try:
        command = editor_command(file, line)
        with widget.app.suspend():
            status = run_editor(command)
    except PhiError as error:
        tell(widget, str(error), "error")
        return False
    except SuspendNotSupported:
        tell(widget, "This terminal cannot be lent to an editor", "error")
        return False
    if status:
        tell(widget, f"{command[0]} ended with status {status}", "warning")
    return True
