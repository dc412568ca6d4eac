"""The questions of a comparison, one a line, each after the marks of its answers."""

from textual.content import Content
from textual.widgets import OptionList

from phi_core.evaluation.question_set import Question
from phi_core.plain_text import one_line
from phi_tui.answer_book import FAILED, RIGHT, WRONG, AnswerBook
from phi_tui.widgets.plain import content

STYLES = {RIGHT: "$text-success", WRONG: "$text-error", FAILED: "bold $text-error"}
LINE_WIDTH = 120


class AnswerList(OptionList):
    """Redraws a line only if its marks have changed. The highlighted line is the question that is shown."""

    DEFAULT_CSS = """
    AnswerList {
        border: round $border;
        padding: 0;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        scrollbar-size-vertical: 1;
        &:focus { border: round $primary; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._questions: tuple[Question, ...] = ()
        self._marks: list[str] = []

    def show(self, book: AnswerBook) -> None:
        """New questions replace the list and keep the place; new answers only their marks."""
        marks = [book.marks(question) for question in book.questions]
        if book.questions != self._questions:
            place = self.highlighted or 0
            self._questions = book.questions
            self.set_options(
                _line(question, mark) for question, mark in zip(book.questions, marks, strict=True)
            )
            self.highlighted = min(place, len(book.questions) - 1) if book.questions else None
        else:
            self._redraw(marks)
        self._marks = marks

    def _redraw(self, marks: list[str]) -> None:
        for place, (question, old, new) in enumerate(zip(self._questions, self._marks, marks, strict=True)):
            if old != new:
                self.replace_option_prompt_at_index(place, _line(question, new))


def _line(question: Question, marks: str) -> Content:
    parts = [content(mark, STYLES.get(mark, "")) for mark in marks]
    name = "" if question.id.isdigit() else f"{question.id}: "
    return Content.assemble(*parts, " ", content(one_line(f"{name}{question.prompt}", LINE_WIDTH)))
