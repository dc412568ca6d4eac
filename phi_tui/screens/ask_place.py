"""Asking where to write a file: a line with a suggestion, and a question before another file is replaced."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.app import App

from phi_core.files import typed_path
from phi_tui.screens.ask import Ask
from phi_tui.screens.confirm import Confirm


def ask_place(
    app: App[Any], question: str, suggestion: str, *, ours: Path | None, then: Callable[[Path], None]
) -> None:
    """Call `then` with the path, if there is an answer. `ours` is replaced without a question."""

    def answered(answer: str | None) -> None:
        path = typed_path(answer or "")
        if answer and path != ours and path.exists():
            replace = Confirm(f"{path} exists. Replace it?", "Replace")
            app.push_screen(replace, lambda is_sure: then(path) if is_sure else None)
        elif answer:
            then(path)

    app.push_screen(Ask(question, suggestion, is_path=True), answered)
