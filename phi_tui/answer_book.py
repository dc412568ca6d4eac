"""What a comparison shows: the questions, who answers, each answer that has come, and what is known about them. Frozen.

`book_of` makes one of a question set, targets and what a batch folder says. Questions can be filtered, answers marked.
Knows nothing about widgets, files or engines.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean
from types import MappingProxyType

from phi_core.chat.engine import BASE, TokenChange
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.comparison import number
from phi_core.evaluation.question_set import Question, QuestionSet

MISSING, FAILED, UNSCORED, RIGHT, WRONG, PARTLY = "·", "!", "•", "✓", "✗", "~"
TRAINED = "≈"
MARKS_EXPLAINED = (
    "✓ right  ✗ wrong  ~ partly  • no score  ! failed  · not asked  ≈ the training data holds this question"
)
Pair = tuple[str, str]
"""Question id and target."""


@dataclass(frozen=True)
class AnswerBook:
    """`overlapping` are the ids of questions that the training data holds; `judged` what a judge said of an adapter's
    answer: win, tie, loss or failed."""

    question_set: QuestionSet
    targets: tuple[str, ...] = (BASE,)
    answers: Mapping[Pair, Answer] = field(default_factory=lambda: MappingProxyType({}))
    token_changes: Mapping[Pair, tuple[TokenChange, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    overlapping: frozenset[str] = frozenset()
    judged: Mapping[Pair, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def questions(self) -> tuple[Question, ...]:
        return self.question_set.questions

    @property
    def adapters(self) -> tuple[str, ...]:
        """All who answer beside the base."""
        return tuple(target for target in self.targets if target != BASE)

    @property
    def wanted(self) -> int:
        return len(self.questions) * len(self.targets)

    @property
    def done(self) -> int:
        """Answers that need not be asked again."""
        return sum(answer.error is None for answer in self.answers.values())

    @property
    def failed(self) -> int:
        return sum(answer.error is not None for answer in self.answers.values())

    def answer(self, question: Question, target: str) -> Answer | None:
        return self.answers.get((question.id, target))

    def changes(self, question: Question, target: str) -> tuple[TokenChange, ...]:
        return self.token_changes.get((question.id, target), ())

    def marks(self, question: Question) -> str:
        """One character a target, and one for overlap."""
        trained = TRAINED if question.id in self.overlapping else " " if self.overlapping else ""
        return "".join(mark(self.answer(question, target)) for target in self.targets) + trained

    def totals(self) -> str:
        """Mean scores, identical answers and failures, as far as they are known."""
        failed = f"{self.failed} failed" if self.failed else ""
        return " · ".join(part for part in (self._means(), self._identical(), failed) if part)

    def _means(self) -> str:
        """Of each target, with how many answers they are of; once, where that is the same for all."""
        scores = {
            "adapter" if (target,) == self.adapters else target: [
                answer.score for answer in self._given(target).values() if answer.score is not None
            ]
            for target in self.targets
        }
        known = {name: values for name, values in scores.items() if values}
        counts = {len(values) for values in known.values()}
        if len(counts) == 1:
            means = " · ".join(f"{name} {fmean(values):.2f}" for name, values in known.items())
            return f"{means} on {counts.pop()} scored"
        return " · ".join(
            f"{name} {fmean(values):.2f} on {len(values)} scored" for name, values in known.items()
        )

    def _identical(self) -> str:
        if len(self.adapters) != 1:
            return ""
        base, adapter = self._given(BASE), self._given(self.adapters[0])
        both = [id for id in base if id in adapter]
        same = sum(base[id].answer == adapter[id].answer for id in both)
        return f"{same}/{len(both)} identical" if both else ""

    def _given(self, target: str) -> dict[str, Answer]:
        return {
            answer.id: answer
            for answer in self.answers.values()
            if answer.model == target and answer.is_given
        }


def book_of(
    question_set: QuestionSet,
    targets: tuple[str, ...],
    answers: Iterable[Answer] = (),
    *,
    token_changes: Mapping[Pair, tuple[TokenChange, ...]] | None = None,
    overlapping: Iterable[str] = (),
    judged: Mapping[Pair, str] | None = None,
) -> AnswerBook:
    """Only answers to these prompts by these targets count: a file may have changed since they were given."""
    prompts = {question.id: question.prompt for question in question_set.questions}
    kept = {
        (answer.id, answer.model): answer
        for answer in answers
        if answer.model in targets and prompts.get(answer.id) == answer.prompt
    }
    changes = {pair: tokens for pair, tokens in (token_changes or {}).items() if pair in kept}
    return AnswerBook(
        question_set,
        targets,
        MappingProxyType(kept),
        MappingProxyType(changes),
        frozenset(overlapping),
        MappingProxyType(dict(judged or {})),
    )


def mark(answer: Answer | None) -> str:
    if answer is None:
        return MISSING
    if answer.error is not None:
        return FAILED
    if answer.score is None:
        return UNSCORED
    return RIGHT if answer.score >= 1 else WRONG if answer.score <= 0 else PARTLY


JUDGED = {"win": "judge: better", "tie": "judge: a tie", "loss": "judge: worse", "failed": "not judged"}


def answer_words(answer: Answer, judged: str = "") -> str:
    """Score, the judge's word, and figures of one answer; no speed, for it shared a batch with others."""
    ending = "cut at the longest answer" if answer.finish_reason == "length" else ""
    score = f"score {number(answer.score)}" if answer.score is not None else ""
    return " · ".join(
        part
        for part in (
            score,
            JUDGED.get(judged, ""),
            _likelihood(answer),
            f"{answer.tokens} tokens",
            ending,
        )
        if part
    )


def _likelihood(answer: Answer) -> str:
    """What the model gives the reference; a token where the number of tokens is known."""
    value = answer.reference_log_likelihood
    if value is None:
        return ""
    per_token = f" ({value / answer.reference_tokens:.2f} a token)" if answer.reference_tokens else ""
    return f"reference {value:.1f} nats{per_token}"


Keeps = Callable[[AnswerBook, Question], bool]


def _differs(book: AnswerBook, question: Question) -> bool:
    base = book.answer(question, BASE)
    others = [book.answer(question, target) for target in book.adapters]
    return base is not None and any(other is not None and other.answer != base.answer for other in others)


def _is_better(book: AnswerBook, question: Question) -> bool:
    return any(gain > 0 for gain in _gains(book, question))


def _is_worse(book: AnswerBook, question: Question) -> bool:
    return any(gain < 0 for gain in _gains(book, question))


def _has_failed(book: AnswerBook, question: Question) -> bool:
    answers = (book.answer(question, target) for target in book.targets)
    return any(answer is not None and answer.error is not None for answer in answers)


def _gains(book: AnswerBook, question: Question) -> list[float]:
    """Score of each adapter less that of the base, where both have one; where none has, what the judge said."""
    base = book.answer(question, BASE)
    if base is None or base.score is None:
        said = (book.judged.get((question.id, target)) for target in book.adapters)
        return [{"win": 1.0, "loss": -1.0}.get(word or "", 0.0) for word in said]
    others = (book.answer(question, target) for target in book.adapters)
    return [other.score - base.score for other in others if other is not None and other.score is not None]


FILTERS: Mapping[str, Keeps] = {
    "all": lambda book, question: True,
    "differing": _differs,
    "better": _is_better,
    "worse": _is_worse,
    "failed": _has_failed,
}
"""Which questions are listed; better and worse by score, else by the judge, for any of the adapters."""


def filtered(book: AnswerBook, name: str) -> tuple[Question, ...]:
    return tuple(question for question in book.questions if FILTERS[name](book, question))
