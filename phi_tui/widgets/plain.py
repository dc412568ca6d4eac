"""The app's side of the plain-text gate: widgets for text that is not ours.

A `str` given to a Textual widget is markup, and escape codes in it reach the terminal. Text from data, models, files
and errors is shown through `content`, `cell` and `tell` only. Our own fixed words need no gate.
"""

from textwrap import fill
from typing import Literal

from rich.text import Text
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from phi_core.plain_text import plain


def content(text: str, style: str = "") -> Content:
    """`text` as it is, harmless, in one style."""
    return Content.styled(plain(text), style) if style else Content(plain(text))


def cell(text: str, style: str = "", *, right: bool = False) -> Text:
    """`text` for a table: harmless, one line, never markup."""
    return Text(
        plain(text), style=style, justify="right" if right else "left", no_wrap=True, overflow="ellipsis"
    )


def tell(
    widget: Widget, text: str, severity: Literal["information", "warning", "error"] = "information"
) -> None:
    """A notice in the place of the one before; it goes away by itself, warnings and errors later."""
    widget.app.clear_notifications()
    widget.app.notify(
        plain(text), severity=severity, markup=False, timeout=4 if severity == "information" else 10
    )


class PlainStatic(Static):
    """A Static whose text is never markup and never obeyed by the terminal."""

    def __init__(self, text: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(content(text), markup=False, id=id, classes=classes)
        self._text_and_style = (text, "")

    def show(self, text: str, style: str = "") -> None:
        """Replace the text. A widget of fixed height is drawn without laying out the screen again."""
        if (text, style) != self._text_and_style:
            self._text_and_style = (text, style)
            self.update(content(text, style), layout=self.styles.height is None or self.styles.height.is_auto)


def hanging(text: str, width: int, indent: int = 13) -> str:
    """Lines of a name and what is said of it, which goes on under itself where it is too long."""
    lines = (
        fill(line, max(width, 2 * indent), subsequent_indent=" " * indent) if len(line) > width else line
        for line in text.split("\n")
    )
    return "\n".join(lines)


def key_line(*pairs: tuple[str, str]) -> Content:
    """The keys of a dialog, drawn as in the key bar: each key, then what it does."""
    entries = (Content.assemble((plain(key), "bold $text-accent"), plain(f" {does}")) for key, does in pairs)
    return Content("  ").join(entries)
