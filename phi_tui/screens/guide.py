"""Guide: a chapter to read, the list of all, and a search in it. Changes nothing; closed by esc."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from phi_core.guide.chapters import CHAPTERS, Chapter
from phi_tui.dialog_keys import GUIDE
from phi_tui.guide_text import chapter_key, count_of
from phi_tui.keys import bindings
from phi_tui.widgets.chapter_text import ChapterText
from phi_tui.widgets.plain import content, key_line

KEYS = (("j k", "Scroll"), ("← →", "Chapters"), ("c", "List"), ("/", "Search"), ("esc", "Back"))
LIST_KEYS = (("↑ ↓ enter", "Choose a chapter"), ("1 … 0", "The chapter"), ("esc", "Back"))
SEARCH_KEYS = (("enter", "Search"), ("esc", "No search"))
FOUND_KEYS = (("n N", "Next, before"), ("/", "Other words"), ("esc", "No search"))
TITLE_WIDTH = max(len(chapter.title) for chapter in CHAPTERS) + 2


class Guide(ModalScreen[None]):
    """`chapter` None: begin with the list of chapters."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(GUIDE, "guide")]
    AUTO_FOCUS = ""

    DEFAULT_CSS = """
    Guide {
        & #guide-body { height: 1fr; }
        & #guide-chapters { display: none; width: 1fr; height: 1fr; border: none; padding: 0; background: transparent; text-wrap: nowrap; text-overflow: ellipsis; }
        & #guide-scroll { width: 1fr; }
        & #guide-words { display: none; }
        & #guide-found { height: auto; color: $text-warning; display: none; }
        &.-list #guide-chapters { display: block; }
        &.-list #guide-scroll { display: none; }
        &.-searching #guide-words, &.-found #guide-found { display: block; }
    }
    Guide.-wide #guide-chapters, Guide.-very-wide #guide-chapters { display: block; width: 26; margin-right: 2; }
    Guide.-wide #guide-scroll, Guide.-very-wide #guide-scroll { display: block; }
    """

    def __init__(self, chapter: Chapter | None = None) -> None:
        super().__init__()
        self._chapter = chapter or CHAPTERS[0]
        self._begins_with_list = chapter is None
        self._words = ""
        self._place = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall reading"):
            with Horizontal(id="guide-body"):
                yield OptionList(*(chapter.title for chapter in CHAPTERS), id="guide-chapters", markup=False)
                yield ChapterText(id="guide-scroll")
            yield Static(id="guide-found", markup=False)
            yield Input(placeholder="Words to look for in this chapter", id="guide-words", compact=True)
            yield Static(id="guide-keys", classes="dialog-keys")

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
        if getattr(getattr(self.app, "keymap", None), "texts", None):
            self.query_one(".dialog").border_subtitle = content("keys as by default; F1 shows yours")
        self._open(self._chapter)
        if self._begins_with_list:
            self.action_contents()

    def on_resize(self) -> None:
        self.call_after_refresh(self._name_chapters)

    def _open(self, chapter: Chapter) -> None:
        """Show a chapter from its beginning."""
        self._chapter = chapter
        self.remove_class("-list")
        self._chapters.highlighted = CHAPTERS.index(chapter)
        self.query_one(".dialog").border_title = content(f"Guide · {chapter.title}")
        self._text.show(chapter.text)
        self._text.focus()
        self._search("")

    def _name_chapters(self) -> None:
        """Beside the text there is room for the titles only."""
        is_beside = self.has_class("-wide") or self.has_class("-very-wide")
        for number, chapter in enumerate(CHAPTERS):
            about = "" if is_beside else f"{'':{TITLE_WIDTH - len(chapter.title)}}{chapter.about}"
            parts = ((f"{chapter_key(number)} ", "$text-muted"), chapter.title, (about, "$text-muted"))
            self._chapters.replace_option_prompt_at_index(number, Content.assemble(*parts))

    def _search(self, words: str) -> None:
        """Mark the words and go to the first of them; "" ends the search."""
        self._words, self._place = words, 0
        self.remove_class("-searching")
        self.set_class(bool(words), "-found")
        self._text.mark(words)
        self._go_to_found()
        self._show_keys()

    def _go_to_found(self) -> None:
        if self._words:
            self.query_one("#guide-found", Static).update(content(self._found_words()), layout=False)
        if self._text.found:
            self._text.go_to(self._place)

    def _found_words(self) -> str:
        found = self._text.found
        others = [
            chapter_key(number)
            for number, chapter in enumerate(CHAPTERS)
            if chapter != self._chapter and count_of(chapter.text, self._words)
        ]
        here = f"{self._place + 1} of {len(found)} lines" if found else "not in this chapter"
        also = f"; also in {', '.join(others)}" if others else "; nor in another" if not found else ""
        return f"“{self._words}”: {here}{also}"

    def _show_keys(self) -> None:
        is_wide = self._chapters.display and self._text.display
        keys: tuple[tuple[str, str], ...]
        if self.has_class("-searching"):
            keys = SEARCH_KEYS
        elif self._words:
            keys = FOUND_KEYS
        else:
            keys = LIST_KEYS if self.has_class("-list") and not is_wide else KEYS
        self.query_one("#guide-keys", Static).update(key_line(*keys))

    @property
    def _text(self) -> ChapterText:
        return self.query_one(ChapterText)

    @property
    def _chapters(self) -> OptionList:
        return self.query_one(OptionList)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self._open(CHAPTERS[event.option_index])

    @on(Input.Submitted)
    def _asked(self, event: Input.Submitted) -> None:
        self._text.focus()
        self._search(event.value.strip())

    def action_chapter(self, number: int) -> None:
        """The chapter with this digit; 0 is the tenth."""
        self._open(CHAPTERS[(number - 1) % 10])

    def action_turn(self, by: int) -> None:
        self._open(CHAPTERS[(CHAPTERS.index(self._chapter) + by) % len(CHAPTERS)])

    def action_contents(self) -> None:
        """The list of chapters, and back to the text."""
        self.toggle_class("-list")
        (self._chapters if self.has_class("-list") else self._text).focus()
        self._show_keys()

    def action_search(self) -> None:
        self.remove_class("-list")
        self.add_class("-searching")
        self.query_one(Input).focus()
        self._show_keys()

    def action_found(self, by: int) -> None:
        if found := self._text.found:
            self._place = (self._place + by) % len(found)
            self._go_to_found()

    def action_scroll(self, by: int) -> None:
        """So many rows; in the list, so many chapters."""
        if self.has_class("-list"):
            (self._chapters.action_cursor_down if by > 0 else self._chapters.action_cursor_up)()
        else:
            self._text.scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        height = max(1, self._text.size.height - 2)
        self._text.scroll_relative(y=by * height, animate=False)

    def action_end(self, where: str) -> None:
        (self._text.scroll_home if where == "top" else self._text.scroll_end)(animate=False)

    def action_back(self) -> None:
        """Leave the search, then the guide."""
        if self.has_class("-searching") or self._words:
            self._text.focus()
            self._search("")
        else:
            self.dismiss()
