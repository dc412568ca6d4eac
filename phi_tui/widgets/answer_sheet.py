"""One question with its answers: as many side by side as there is room for, or the text diff of two.

Columns share one scroll, so they stay level. All text passes the plain-text gate.
"""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from phi_core.chat.engine import BASE
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.question_set import Question
from phi_tui.answer_book import TRAINED, AnswerBook, answer_words, mark
from phi_tui.compare_choice import target_words
from phi_tui.diff_text import LEGEND, diff_content
from phi_tui.widgets.plain import PlainStatic

MOST_COLUMNS = 6
COLUMN_WIDTH = 30
NOT_YET = "not answered yet"


class AnswerPane(Vertical):
    """One model's answer."""

    DEFAULT_CSS = """
    AnswerPane {
        height: auto;
        width: 1fr;
        padding: 0 1;
        border-left: thick $border;
        &.-base { border-left: thick $primary; & .answer-head { color: $text-primary; } }
        &.-adapter { border-left: thick $warning; & .answer-head { color: $text-warning; } }
        & .answer-head { text-style: bold; }
        & .answer-facts { color: $text-muted; height: auto; max-height: 2; }
        & .answer-text.-missing { color: $text-muted; text-style: italic; }
        & .answer-error { color: $text-error; }
    }
    """

    def compose(self) -> ComposeResult:
        yield PlainStatic(classes="answer-head")
        yield PlainStatic(classes="answer-facts")
        yield PlainStatic(classes="answer-text")
        yield PlainStatic(classes="answer-error")

    def show(self, target: str, answer: Answer | None, judged: str) -> None:
        self.set_class(target == BASE, "-base")
        self.set_class(target != BASE, "-adapter")
        self._part("answer-head").show(f"{mark(answer)} {target_words(target)}")
        facts = self._part("answer-facts")
        facts.display = bool(answer and answer.is_given)
        facts.show(answer_words(answer, judged) if answer and answer.is_given else "")
        text = self._part("answer-text")
        text.set_class(answer is None, "-missing")
        text.show(NOT_YET if answer is None else answer.answer)
        error = self._part("answer-error")
        error.display = bool(answer and answer.error)
        error.show(f"failed: {answer.error}" if answer and answer.error else "")

    def _part(self, name: str) -> PlainStatic:
        return self.query_one(f".{name}", PlainStatic)


class AnswerSheet(VerticalScroll):
    """Shows the answers of the targets it is told, or the diff of one target against the base."""

    DEFAULT_CSS = """
    AnswerSheet {
        padding: 0 1;
        scrollbar-size-vertical: 1;
        & #sheet-question { text-style: bold; }
        & #sheet-reference { color: $text-muted; margin-bottom: 1; }
        & #sheet-answers { height: auto; }
        & #sheet-diff-head { color: $text-warning; text-style: bold; }
    }
    """

    class Resized(Message):
        """Another number of answers may have room."""

    def on_resize(self) -> None:
        self.post_message(self.Resized())

    def compose(self) -> ComposeResult:
        yield PlainStatic(id="sheet-question")
        yield PlainStatic(id="sheet-reference")
        with Horizontal(id="sheet-answers"):
            for place in range(MOST_COLUMNS):
                yield AnswerPane(id=f"answer-{place}")
        yield PlainStatic(id="sheet-diff-head")
        yield Static(id="sheet-diff", markup=False)

    @property
    def num_columns(self) -> int:
        """How many answers have room beside each other."""
        return max(1, min(MOST_COLUMNS, self.size.width // COLUMN_WIDTH))

    def clear(self, text: str) -> None:
        """No question, and why."""
        for part in self.query("AnswerPane, #sheet-reference, #sheet-diff, #sheet-diff-head"):
            part.display = False
        self.query_one("#sheet-question", PlainStatic).show(text)

    def show_answers(self, book: AnswerBook, question: Question, targets: Sequence[str]) -> None:
        """`targets`: at most `num_columns`, from the left."""
        self._show_question(book, question)
        self._show_diff("", Content(""))
        for place in range(MOST_COLUMNS):
            pane = self.query_one(f"#answer-{place}", AnswerPane)
            pane.display = place < len(targets)
            if pane.display:
                target = targets[place]
                judged = book.judged.get((question.id, target), "")
                pane.show(target, book.answer(question, target), judged)

    def show_diff(self, book: AnswerBook, question: Question, target: str) -> None:
        """The answer of `target` against the base's."""
        self._show_question(book, question)
        for pane in self.query(AnswerPane):
            pane.display = False
        base, other = book.answer(question, BASE), book.answer(question, target)
        if base is None or other is None or not (base.is_given and other.is_given):
            self._show_diff(f"base → {target_words(target)}: nothing to compare yet", Content(""))
        else:
            self._show_diff(
                f"base → {target_words(target)}   {LEGEND}", diff_content(base.answer, other.answer)
            )

    def _show_question(self, book: AnswerBook, question: Question) -> None:
        self.query_one("#sheet-question", PlainStatic).show(question.prompt)
        reference = self.query_one("#sheet-reference", PlainStatic)
        facts = question_words(book, question)
        reference.display = bool(facts)
        reference.show(facts)

    def _show_diff(self, head: str, diff: Content) -> None:
        title, text = self.query_one("#sheet-diff-head", PlainStatic), self.query_one("#sheet-diff", Static)
        title.display = text.display = bool(head)
        title.show(head)
        text.update(diff)


def question_words(book: AnswerBook, question: Question) -> str:
    """What is known of a question besides its text."""
    reference = (
        f"reference: {question.reference} ({question.score})" if question.reference is not None else ""
    )
    tags = f"tags: {', '.join(question.tags)}" if question.tags else ""
    trained = f"{TRAINED} the training data holds this question" if question.id in book.overlapping else ""
    return " · ".join(part for part in (reference, tags, trained) if part)
