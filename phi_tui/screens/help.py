"""Help: what has the focus, the keys of the tab and those everywhere, and the tab's own words.

Everything about keys is read from the tables as they are now. Asks for nothing; `guide` says which chapter fits.
"""

from collections.abc import Callable
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Markdown, Static

from phi_core.guide.chapters import Chapter
from phi_tui.dialog_keys import HELP
from phi_tui.focus_help import FocusHelp, with_keys
from phi_tui.keys import Key, bindings, shown_keys
from phi_tui.widgets.plain import content, key_line


class Help(ModalScreen[None]):
    """Of a tab by its title, with its keys and words; `everywhere` are the app's own keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(HELP, "help")]
    AUTO_FOCUS = "#help-scroll"

    DEFAULT_CSS = """
    Help {
        & #help-scroll { height: 1fr; }
        & .help-keys { height: auto; margin-bottom: 1; }
        & .help-words { height: auto; }
        & #help-own { height: auto; margin-top: 1; }
        & #help-guide { height: auto; margin: 1 0; }
    }
    """

    def __init__(
        self,
        title: str,
        *,
        focus: FocusHelp,
        keys: tuple[Key, ...],
        everywhere: tuple[Key, ...],
        words: str,
        chapter: Chapter,
        read: Callable[[Chapter], None],
    ) -> None:
        super().__init__()
        self._title, self._focus, self._words = title, focus, words
        self._keys, self._everywhere = keys, everywhere
        self._chapter, self._read = chapter, read

    def compose(self) -> ComposeResult:
        box = Vertical(classes="dialog tall reading")
        box.border_title = content(f"Help · {self._title}")
        with box:
            with VerticalScroll(id="help-scroll"):
                yield from self._place()
                tables = (f"Keys of {self._title}", self._keys), ("Keys everywhere", self._everywhere)
                for title, keys in tables:
                    yield Static(Content.styled(title, "bold underline"))
                    yield Static(key_table(keys), classes="help-keys")
                yield Markdown(with_keys(self._words, (*self._keys, *self._everywhere)), open_links=False)
            yield Static(key_line(("g", "Guide"), ("j k", "Scroll"), ("esc", "Back")), classes="dialog-keys")

    def _place(self) -> ComposeResult:
        """What has the focus, and where the guide goes on."""
        yield Static(Content.styled(self._focus.title, "bold underline"), markup=False)
        yield Static(self._focus.words, classes="help-words", markup=False)
        if self._focus.keys:
            yield Static(key_table(self._focus.keys), id="help-own")
        about = f"the guide: {self._chapter.title} ({self._chapter.about})"
        yield Static(key_line(("g", about)), id="help-guide")

    def action_close(self) -> None:
        self.dismiss()

    def action_guide(self) -> None:
        """The chapter takes the place of the help."""
        self.dismiss()
        self._read(self._chapter)

    def action_scroll(self, by: int) -> None:
        self.query_one("#help-scroll", VerticalScroll).scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        scroll = self.query_one("#help-scroll", VerticalScroll)
        scroll.scroll_relative(y=by * max(1, scroll.size.height - 2), animate=False)


def key_table(keys: tuple[Key, ...]) -> Table:
    """What is pressed, and beside it what it does, in as many lines as that takes."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    for key in keys:
        table.add_row(Text(shown_keys(key), style="bold"), Text(key.explanation))
    return table
