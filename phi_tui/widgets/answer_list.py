"""The questions of a comparison, one a line, each after the marks of its answers."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList

from phi_core.evaluation.question_set import Question
from phi_core.plain_text import one_line
from phi_tui.answer_book import FAILED, RIGHT, TRAINED, WRONG, AnswerBook
from phi_tui.widgets.plain import content

STYLES = {RIGHT: "$text-success", WRONG: "$text-error", FAILED: "bold $text-error", TRAINED: "$text-warning"}
LINE_WIDTH = 120


class AnswerList(OptionList, inherit_bindings=False):
    """Redraws a line only if its marks have changed. The highlighted line is the question that is shown.

    The page keys are left to the view: they scroll the answers.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", show=False),
        Binding("home", "first", show=False),
        Binding("end", "last", show=False),
    ]

    DEFAULT_CSS = """
    AnswerList {
        border: none;
        padding: 0 0 0 1;
        background: transparent;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        scrollbar-size-vertical: 1;
        &:focus { border: none; background-tint: transparent; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._questions: tuple[Question, ...] = ()
        self._marks: list[str] = []

    @property
    def question(self) -> Question | None:
        """The highlighted one."""
        place = self.highlighted
        return self._questions[place] if place is not None and place < len(self._questions) else None

    def show(self, book: AnswerBook, questions: Sequence[Question]) -> None:
        """`questions` of `book`: other ones replace the list and keep the question; new answers only their marks."""
        marks = [book.marks(question) for question in questions]
        if tuple(questions) != self._questions:
            self._replace(tuple(questions), marks)
        else:
            self._redraw(marks)
        self._marks = marks

    def _replace(self, questions: tuple[Question, ...], marks: list[str]) -> None:
        shown, place = self.question, self.highlighted or 0
        self._questions = questions
        self.set_options(_line(question, mark) for question, mark in zip(questions, marks, strict=True))
        if questions:
            here = next((number for number, question in enumerate(questions) if question == shown), place)
            self.highlighted = min(here, len(questions) - 1)

    def _redraw(self, marks: list[str]) -> None:
        for place, (question, old, new) in enumerate(zip(self._questions, self._marks, marks, strict=True)):
            if old != new:
                self.replace_option_prompt_at_index(place, _line(question, new))


def _line(question: Question, marks: str) -> Content:
    parts = [content(mark, STYLES.get(mark, "")) for mark in marks]
    name = "" if question.id.isdigit() else f"{question.id}: "
    return Content.assemble(*parts, " ", content(one_line(f"{name}{question.prompt}", LINE_WIDTH)))
