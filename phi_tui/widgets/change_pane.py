"""ChangePane: the token-difference view of one answer: the figures, the legend, and the tokens.

Told a book, a question and an adapter; or says why there is nothing to show.
"""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from phi_core.chat.engine import TokenChange
from phi_core.evaluation.question_set import Question
from phi_core.plain_text import one_line
from phi_tui.answer_book import AnswerBook
from phi_tui.change_text import figures, legend, totals
from phi_tui.widgets.change_sheet import ChangeSheet
from phi_tui.widgets.plain import PlainStatic

NOTHING = "No token differences of this answer yet: they are measured after the answers, for each adapter."
QUESTION_WIDTH = 200


class ChangePane(Vertical):
    DEFAULT_CSS = """
    ChangePane {
        padding: 0 1;
        & #change-question { height: 1; text-style: bold; text-wrap: nowrap; text-overflow: ellipsis; }
        & #change-head { height: auto; max-height: 2; color: $text-warning; text-style: bold; }
        & #change-figures { height: auto; max-height: 3; }
        & #change-legend { height: 1; margin-bottom: 1; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._changes: tuple[TokenChange, ...] = ()

    def compose(self) -> ComposeResult:
        yield PlainStatic(id="change-question")
        yield PlainStatic(id="change-head")
        yield PlainStatic(id="change-figures")
        yield Static(id="change-legend", markup=False)
        yield ChangeSheet(id="change-sheet")

    @property
    def sheet(self) -> ChangeSheet:
        return self.query_one(ChangeSheet)

    def show(self, book: AnswerBook, question: Question, target: str) -> None:
        changes = book.changes(question, target)
        self._changes = changes
        self.query_one("#change-question", PlainStatic).show(one_line(question.prompt, QUESTION_WIDTH))
        self.query_one("#change-head", PlainStatic).show(
            f"{target}: {totals(changes)}" if changes else target
        )
        self.sheet.show(changes)
        self._show_figures()

    def on_resize(self) -> None:
        """The legend says as much as there is room for."""
        self._show_figures()

    def move(self, by: int) -> None:
        self.sheet.move(by)
        self._show_figures()

    def go_to_next_strong(self) -> None:
        self.sheet.go_to_next_strong()
        self._show_figures()

    def turn_measure(self) -> None:
        self.sheet.turn_measure()
        self._show_figures()

    def _show_figures(self) -> None:
        changes = self._changes
        text = figures(changes, self.sheet.cursor) if changes else NOTHING
        self.query_one("#change-figures", PlainStatic).show(text)
        self.query_one("#change-legend").display = bool(changes)
        words = legend(self.sheet.measure, self.sheet.style_of, self.size.width)
        self.query_one("#change-legend", Static).update(words)
