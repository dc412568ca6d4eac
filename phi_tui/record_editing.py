"""A record in the person's own editor, at its line. Touches nothing but notices."""

from textual.widget import Widget

from phi_tui.data_check import Entry
from phi_tui.edit_file import edit_file
from phi_tui.record_lines import not_editable
from phi_tui.widgets.plain import tell


def edit_record(widget: Widget, entry: Entry | None) -> bool:
    """Open the file at the record's line; whether an editor was there. Says why not."""
    if entry is None or entry.part is None:
        tell(widget, "There is no one place to edit")
        return False
    if why_not := not_editable(entry.part):
        tell(widget, f"It cannot be edited here: {why_not}", "warning")
        return False
    return edit_file(widget, entry.part.location, entry.line) is not None
