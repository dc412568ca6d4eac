"""One question with its answers: side by side where there is room, else one at a time.

Columns share one scroll, so they stay level. All text passes the plain-text gate.
"""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll

from phi_core.chat.engine import BASE
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.question_set import Question
from phi_tui.answer_book import AnswerBook, answer_words, mark
from phi_tui.engine_choice import target_words
from phi_tui.widgets.plain import PlainStatic

MOST_TARGETS = 2
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
        & .answer-facts { color: $text-muted; height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & .answer-text.-missing { color: $text-muted; text-style: italic; }
        & .answer-error { color: $text-error; }
    }
    """

    def compose(self) -> ComposeResult:
        yield PlainStatic(classes="answer-head")
        yield PlainStatic(classes="answer-facts")
        yield PlainStatic(classes="answer-text")
        yield PlainStatic(classes="answer-error")

    def show(self, target: str, answer: Answer | None) -> None:
        self.set_class(target == BASE, "-base")
        self.set_class(target != BASE, "-adapter")
        self._part("answer-head").show(f"{mark(answer)} {target_words(target)}")
        self._part("answer-facts").show(answer_words(answer) if answer and answer.is_given else "")
        text = self._part("answer-text")
        text.set_class(answer is None, "-missing")
        text.show(NOT_YET if answer is None else answer.answer)
        error = self._part("answer-error")
        error.display = bool(answer and answer.error)
        error.show(f"failed: {answer.error}" if answer and answer.error else "")

    def _part(self, name: str) -> PlainStatic:
        return self.query_one(f".{name}", PlainStatic)


class AnswerSheet(VerticalScroll):
    """`both` shows all columns; otherwise only the one of `target`."""

    DEFAULT_CSS = """
    AnswerSheet {
        padding: 0 1;
        scrollbar-size-vertical: 1;
        & #sheet-question { text-style: bold; }
        & #sheet-reference { color: $text-muted; margin-bottom: 1; }
        & #sheet-answers { height: auto; }
    }
    """

    def compose(self) -> ComposeResult:
        yield PlainStatic(id="sheet-question")
        yield PlainStatic(id="sheet-reference")
        with Horizontal(id="sheet-answers"):
            for place in range(MOST_TARGETS):
                yield AnswerPane(id=f"answer-{place}")

    def show(self, book: AnswerBook, question: Question, *, target: str, both: bool) -> None:
        self.query_one("#sheet-question", PlainStatic).show(question.prompt)
        reference = self.query_one("#sheet-reference", PlainStatic)
        reference.display = question.reference is not None
        reference.show(f"reference: {question.reference} ({question.score})")
        for place in range(MOST_TARGETS):
            pane = self.query_one(f"#answer-{place}", AnswerPane)
            known = place < len(book.targets)
            pane.display = known and (both or book.targets[place] == target)
            if known:
                pane.show(book.targets[place], book.answer(question, book.targets[place]))
