"""A text in the person's own editor: written to a file of theirs alone, edited, read back, and removed."""

import os
import tempfile
from pathlib import Path

from textual.widget import Widget

from phi_tui.edit_file import edit_file
from phi_tui.widgets.plain import tell


def edited_text(widget: Widget, text: str) -> str | None:
    """The text as the editor left it, without the line end that editors add; None if it is not to be taken."""
    handle, name = tempfile.mkstemp(prefix="phi-prompt-", suffix=".md")
    with open(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    try:
        status = edit_file(widget, name)
        return (
            Path(name).read_text(encoding="utf-8", errors="replace").removesuffix("\n")
            if status == 0
            else None
        )
    except OSError as error:
        tell(widget, f"The text cannot be read back: {error.strerror or error}", "error")
        return None
    finally:
        os.unlink(name)
