"""All that Compare shows of a book of answers: progress, faults of the file, the questions and one question's answers.

Told a book and words; keeps only what is highlighted and which model is shown where only one fits.
"""

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import OptionList

from phi_core.evaluation.question_set import Question
from phi_tui.answer_book import AnswerBook
from phi_tui.widgets.answer_list import AnswerList
from phi_tui.widgets.answer_sheet import AnswerSheet
from phi_tui.widgets.plain import PlainStatic

EXAMPLE = """questions:
  - What is the capital of France?
  - prompt: What is 2 + 2?
    reference: "4"
    score: number"""
NO_QUESTIONS = f"No questions yet: ctrl+n opens a question file. One looks like this:\n\n{EXAMPLE}"
WIDE = 100
PROBLEMS_SHOWN = 4


class AnswerBoard(Container):
    """From `WIDE` columns the questions stand beside the answers, and the answers beside each other."""

    DEFAULT_CSS = """
    AnswerBoard {
        layout: vertical;
        height: 1fr;
        & #compare-progress, & #compare-note { padding: 0 1; height: auto; }
        & #compare-problems { padding: 0 1; height: auto; color: $text-warning; }
        & #compare-note.-bad { color: $text-error; }
        & #compare-empty { padding: 1 3; color: $text-muted; height: 1fr; }
        & #compare-body { layout: vertical; height: 1fr; }
        & AnswerList { height: 1fr; width: 1fr; }
        & AnswerSheet { height: 2fr; width: 1fr; }
        &.-columns #compare-body { layout: horizontal; }
        &.-columns AnswerList { height: 1fr; width: 2fr; }
        &.-columns AnswerSheet { height: 1fr; width: 5fr; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._book: AnswerBook | None = None
        self._shown_place = 0

    def compose(self) -> ComposeResult:
        for name in ("compare-progress", "compare-problems", "compare-note"):
            yield PlainStatic(id=name)
        yield PlainStatic(NO_QUESTIONS, id="compare-empty")
        with Container(id="compare-body"):
            yield AnswerList(id="questions")
            yield AnswerSheet(id="sheet", can_focus=False)

    def on_mount(self) -> None:
        for name in ("compare-progress", "compare-problems", "compare-note", "compare-body"):
            self.query_one(f"#{name}").display = False

    @property
    def is_wide(self) -> bool:
        return self.has_class("-columns")

    def show(self, book: AnswerBook, *, time_left: str) -> None:
        """The book as it is now."""
        self._book = book
        self.query_one("#compare-empty").display = False
        self.query_one("#compare-body").display = True
        parts = [book.question_set.name, f"{book.done}/{book.wanted} answers", time_left, book.totals()]
        self._line("compare-progress", " · ".join(part for part in parts if part))
        self._line("compare-problems", _problem_lines(book))
        self.query_one(AnswerList).show(book)
        self._show_question()

    def say(self, text: str, *, bad: bool = False) -> None:
        """A word about what happened; "" takes it away."""
        self._line("compare-note", text)
        self.query_one("#compare-note").set_class(bad, "-bad")

    def take_focus(self) -> None:
        self.query_one(AnswerList).focus()

    def move(self, direction: int) -> None:
        """To the next question or the one before, never around the ends."""
        questions = self.query_one(AnswerList)
        if questions.option_count:
            questions.highlighted = max(
                0, min(questions.option_count - 1, (questions.highlighted or 0) + direction)
            )

    def go_to_end(self, *, first: bool) -> None:
        questions = self.query_one(AnswerList)
        (questions.action_first if first else questions.action_last)()

    def show_other_answer(self) -> None:
        self._shown_place += 1
        self._show_question()

    def turn_page(self, direction: int) -> None:
        sheet = self.query_one(AnswerSheet)
        (sheet.scroll_page_down if direction > 0 else sheet.scroll_page_up)(animate=False)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-columns")
        self._show_question()
        self.refresh_bindings()

    @on(OptionList.OptionHighlighted)
    def _move_to(self) -> None:
        self._show_question()
        self.query_one(AnswerSheet).scroll_home(animate=False)

    def _show_question(self) -> None:
        question = self._question
        if self._book is not None and question is not None:
            target = self._book.targets[self._shown_place % len(self._book.targets)]
            self.query_one(AnswerSheet).show(self._book, question, target=target, both=self.is_wide)

    @property
    def _question(self) -> Question | None:
        place = self.query_one(AnswerList).highlighted
        questions = self._book.questions if self._book else ()
        return questions[place] if place is not None and place < len(questions) else None

    def _line(self, name: str, text: str) -> None:
        line = self.query_one(f"#{name}", PlainStatic)
        line.display = bool(text)
        line.show(text)


def _problem_lines(book: AnswerBook) -> str:
    problems = book.question_set.problems
    lines = [f"left out: {problem}" for problem in problems[:PROBLEMS_SHOWN]]
    more = len(problems) - PROBLEMS_SHOWN
    return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)
