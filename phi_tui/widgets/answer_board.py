"""All that Compare shows of a book of answers: progress, faults of the file, the questions, and one of them in a view.

Told a book and words; keeps only what is looked at: the question, the filter, the view, and which model is shown where
not all fit.
"""

from collections.abc import Iterable
from typing import Literal

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static

from phi_core.chat.engine import BASE
from phi_core.evaluation.question_set import Question
from phi_tui.answer_book import FILTERS, AnswerBook, filtered
from phi_tui.answer_columns import held_against_base, in_sight, others, turned
from phi_tui.widgets.answer_list import AnswerList
from phi_tui.widgets.answer_sheet import AnswerSheet
from phi_tui.widgets.change_pane import ChangePane
from phi_tui.widgets.compare_header import SHORT
from phi_tui.widgets.plain import PlainStatic, content

View = Literal["answers", "diff", "tokens"]
VIEWS: tuple[View, ...] = ("answers", "diff", "tokens")
EXAMPLE = """questions:
  - What is the capital of France?
  - prompt: What is 2 + 2?
    reference: "4"
    score: number"""
NO_QUESTIONS = (
    "No questions yet. [b]ctrl+n[/b] opens a file of them, or one of those that phi brings.\n"
    f"Such a file looks like this:\n\n{EXAMPLE}"
)
NO_SUMMARY = "The verdict comes when the batch has ended."
WIDE = 100
PROBLEMS_SHOWN = 4
LINES = ("compare-progress", "compare-problems", "compare-note")


class AnswerBoard(Container):
    """From `WIDE` columns the questions stand beside the answers, and the answers beside each other."""

    DEFAULT_CSS = """
    AnswerBoard {
        layout: vertical;
        height: 1fr;
        & #compare-progress { padding: 0 1; height: auto; max-height: 2; }
        & #compare-note { padding: 0 1; height: auto; max-height: 3; }
        & #compare-problems { padding: 0 1; height: auto; color: $text-warning; }
        & #compare-empty { padding: 1 3; color: $text-muted; height: 1fr; content-align: center middle; }
        & #compare-body { layout: vertical; height: 1fr; border-top: hkey $panel; }
        & AnswerList { height: 1fr; width: 1fr; border-bottom: hkey $panel; }
        & AnswerSheet, & ChangePane, & #compare-summary { height: 2fr; width: 1fr; }
        & #compare-summary { padding: 0 1; scrollbar-size-vertical: 1; }
        &.-short #compare-progress, &.-short #compare-note { max-height: 1; }
        &.-short #compare-body { border: none; }
        &.-short AnswerList { height: 4; }
        &.-columns #compare-body { layout: horizontal; }
        &.-columns AnswerList { height: 1fr; width: 2fr; border-bottom: none; border-right: vkey $panel; }
        &.-columns AnswerSheet, &.-columns ChangePane, &.-columns #compare-summary { height: 1fr; width: 5fr; }
        &.-zoomed AnswerList { display: none; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._book: AnswerBook | None = None
        self._target = BASE
        self._view: View = "answers"
        self._is_summary = False
        self.filter = "all"

    def compose(self) -> ComposeResult:
        for name in LINES:
            yield PlainStatic(id=name)
        yield Static(NO_QUESTIONS, id="compare-empty")
        with Container(id="compare-body"):
            yield AnswerList(id="questions")
            yield AnswerSheet(id="sheet", can_focus=False)
            yield ChangePane(id="changes")
            with VerticalScroll(id="compare-summary", can_focus=False):
                yield Static(NO_SUMMARY, id="compare-sums", markup=False)

    def on_mount(self) -> None:
        for name in (*LINES, "compare-body", "changes", "compare-summary"):
            self.query_one(f"#{name}").display = False

    # What is told

    def show(self, book: AnswerBook) -> None:
        """The book as it is now."""
        self._book = book
        self.query_one("#compare-empty").display = False
        self.query_one("#compare-body").display = True
        self._line("compare-problems", _problem_lines(book))
        self.query_one(AnswerList).show(book, self.listed)
        self._show_question()

    def show_progress(self, text: str) -> None:
        self._line("compare-progress", text)

    def show_summary(self, lines: Iterable[tuple[str, str]]) -> None:
        """No lines: nothing is known yet."""
        parts = [content(text, style) for text, style in lines]
        self.query_one("#compare-sums", Static).update(Content("\n").join(parts) if parts else NO_SUMMARY)

    def say(self, text: str, style: str = "") -> None:
        """A word about what happened; "" takes it away."""
        self._line("compare-note", text, style)

    @property
    def questions(self) -> AnswerList:
        return self.query_one(AnswerList)

    @property
    def listed(self) -> tuple[Question, ...]:
        return filtered(self._book, self.filter) if self._book else ()

    # What is looked at

    @property
    def view(self) -> View:
        return self._view

    @property
    def is_zoomed(self) -> bool:
        return self.has_class("-zoomed")

    @property
    def is_plain(self) -> bool:
        """Nothing is open that esc would close."""
        return self._view == "answers" and not self._is_summary and not self.is_zoomed

    def close_all(self) -> None:
        """Back to the answers beside the list."""
        self._view, self._is_summary = "answers", False
        self.remove_class("-zoomed")
        self._show_question()

    def turn_view(self) -> None:
        self._view = VIEWS[(VIEWS.index(self._view) + 1) % len(VIEWS)]
        self._is_summary = False
        self._show_question()

    def turn_filter(self) -> None:
        names = tuple(FILTERS)
        self.filter = names[(names.index(self.filter) + 1) % len(names)]
        if self._book is not None:
            self.show(self._book)

    def toggle_summary(self) -> None:
        self._is_summary = not self._is_summary
        self.query_one("#compare-summary").scroll_home(animate=False)
        self._show_question()

    def zoom(self) -> None:
        self.toggle_class("-zoomed")

    def turn_model(self, by: int) -> None:
        """To the next model, or adapter where the base is always shown."""
        if self._book is not None:
            targets = self._book.targets
            is_alone = self._view == "answers" and self._num_columns == 1
            among = targets if is_alone else others(targets)
            self._target = turned(among, self._target if self._target in among else among[0], by)
            self._show_question()

    def step(self, by: int) -> None:
        """left and right: a token in the token view, else a model."""
        if self._view == "tokens" and not self._is_summary:
            self.changes.move(by)
        else:
            self.turn_model(by)

    @property
    def changes(self) -> ChangePane:
        return self.query_one(ChangePane)

    def move(self, direction: int) -> None:
        """To the next question or the one before, never around the ends."""
        questions = self.query_one(AnswerList)
        if questions.option_count:
            place = (questions.highlighted or 0) + direction
            questions.highlighted = max(0, min(questions.option_count - 1, place))

    def go_to_end(self, *, first: bool) -> None:
        questions = self.query_one(AnswerList)
        (questions.action_first if first else questions.action_last)()

    def turn_page(self, direction: int) -> None:
        for sheet in (self.query_one("#compare-summary"), self.query_one(AnswerSheet), self.changes.sheet):
            (sheet.scroll_page_down if direction > 0 else sheet.scroll_page_up)(animate=False)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-columns")
        self.set_class(self.app.size.height < SHORT, "-short")
        self.call_after_refresh(self._show_question)

    @on(AnswerSheet.Resized)
    def _show_what_fits(self) -> None:
        if self._book is not None:
            self._show_question()

    @on(OptionList.OptionHighlighted)
    def _move_to(self) -> None:
        self._show_question()
        self.query_one(AnswerSheet).scroll_home(animate=False)

    def _show_question(self) -> None:
        sheet, summary = self.query_one(AnswerSheet), self.query_one("#compare-summary")
        summary.display = self._is_summary
        sheet.display = self._view != "tokens" and not self._is_summary
        self.changes.display = self._view == "tokens" and not self._is_summary
        book, question = self._book, self.query_one(AnswerList).question
        if book is None or question is None:
            return sheet.clear(f"No question is {self.filter}; f turns the filter.")
        if self._view == "answers":
            sheet.show_answers(book, question, in_sight(book.targets, self._target, self._num_columns))
        elif self._view == "diff":
            sheet.show_diff(book, question, held_against_base(book.targets, self._target))
        else:
            self.changes.show(book, question, held_against_base(book.targets, self._target))

    @property
    def _num_columns(self) -> int:
        """How many answers stand beside each other: one alone below `WIDE` columns."""
        return self.query_one(AnswerSheet).num_columns if self.has_class("-columns") else 1

    def _line(self, name: str, text: str, style: str = "") -> None:
        line = self.query_one(f"#{name}", PlainStatic)
        line.display = bool(text)
        line.show(text, style)


def _problem_lines(book: AnswerBook) -> str:
    problems = book.question_set.problems
    lines = [f"left out: {problem}" for problem in problems[:PROBLEMS_SHOWN]]
    more = len(problems) - PROBLEMS_SHOWN
    return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)
