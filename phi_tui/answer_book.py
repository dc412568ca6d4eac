"""What a comparison knows so far: the questions, who answers, and each answer that has come. Frozen.

Also its words: a mark for each answer, progress and totals, all counted from answers. Knows nothing about widgets or
engines.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from statistics import fmean
from types import MappingProxyType

from phi_core.chat.engine import BASE
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.comparison import number
from phi_core.evaluation.question_set import Question, QuestionSet
from phi_tui.engine_choice import ModelChoice

MISSING, FAILED, UNSCORED, RIGHT, WRONG, PARTLY = "·", "!", "•", "✓", "✗", "~"
MARKS_EXPLAINED = "✓ right  ✗ wrong  ~ partly  • no score  ! failed  · not asked"


@dataclass(frozen=True)
class AnswerBook:
    """`choice` is the model that gave the answers; `answers` has them by question id and target."""

    question_set: QuestionSet
    choice: ModelChoice | None = None
    answers: Mapping[tuple[str, str], Answer] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def questions(self) -> tuple[Question, ...]:
        return self.question_set.questions

    @property
    def targets(self) -> tuple[str, ...]:
        return self.choice.targets if self.choice else (BASE,)

    @property
    def wanted(self) -> int:
        return len(self.questions) * len(self.targets)

    @property
    def done(self) -> int:
        """Answers that need not be asked again."""
        return sum(answer.error is None for answer in self.answers.values())

    @property
    def in_order(self) -> tuple[Answer, ...]:
        pairs = ((question.id, target) for question in self.questions for target in self.targets)
        return tuple(self.answers[pair] for pair in pairs if pair in self.answers)

    def answer(self, question: Question, target: str) -> Answer | None:
        return self.answers.get((question.id, target))

    def with_answers(self, answers: Iterable[Answer]) -> "AnswerBook":
        new = {(answer.id, answer.model): answer for answer in answers}
        return replace(self, answers=MappingProxyType({**self.answers, **new}))

    def for_model(self, choice: ModelChoice) -> "AnswerBook":
        """The same questions for `choice`: its answers so far, or an empty book if another model gave them."""
        return self if choice == self.choice else AnswerBook(self.question_set, choice)

    def for_questions(self, question_set: QuestionSet) -> "AnswerBook":
        """These answers for a file read again; none if they were given under other settings or to other prompts."""
        old = self.question_set
        if (old.path, old.sampling, old.system) != (
            question_set.path,
            question_set.sampling,
            question_set.system,
        ):
            return AnswerBook(question_set, self.choice)
        prompts = {question.id: question.prompt for question in question_set.questions}
        kept = [answer for answer in self.answers.values() if prompts.get(answer.id) == answer.prompt]
        return AnswerBook(question_set, self.choice).with_answers(kept)

    def marks(self, question: Question) -> str:
        """One character a target."""
        return "".join(mark(self.answer(question, target)) for target in self.targets)

    def totals(self) -> str:
        """Mean scores, identical answers and failures, as far as they are known."""
        failed = sum(answer.error is not None for answer in self.answers.values())
        parts = [*map(self._mean, self.targets), self._identical(), f"{failed} failed" if failed else ""]
        return " · ".join(part for part in parts if part)

    def _mean(self, target: str) -> str:
        scores = [answer.score for answer in self._given(target).values() if answer.score is not None]
        name = BASE if target == BASE else "adapter"
        return f"{name} {fmean(scores):.2f} on {len(scores)} scored" if scores else ""

    def _identical(self) -> str:
        if len(self.targets) < 2:
            return ""
        first, second = (self._given(target) for target in self.targets[:2])
        both = [id for id in first if id in second]
        same = sum(first[id].answer == second[id].answer for id in both)
        return f"{same} of {len(both)} identical" if both else ""

    def _given(self, target: str) -> dict[str, Answer]:
        return {
            answer.id: answer
            for answer in self.answers.values()
            if answer.model == target and answer.is_given
        }


def mark(answer: Answer | None) -> str:
    if answer is None:
        return MISSING
    if answer.error is not None:
        return FAILED
    if answer.score is None:
        return UNSCORED
    return RIGHT if answer.score >= 1 else WRONG if answer.score <= 0 else PARTLY


def answer_words(answer: Answer) -> str:
    """Score and figures of one answer."""
    rate = f"{answer.tokens / answer.seconds:.1f} tokens/s" if answer.seconds > 0 else ""
    ending = "cut at the longest answer" if answer.finish_reason == "length" else ""
    score = f"score {number(answer.score)}" if answer.score is not None else ""
    return " · ".join(part for part in (score, f"{answer.tokens} tokens", rate, ending) if part)


def time_left(*, seconds: float, done: int, missing: int) -> str:
    """At the pace of this batch; nothing before its first answer."""
    if not done or not missing:
        return ""
    left = seconds / done * missing
    return f"{left:.0f} s left" if left < 120 else f"{left / 60:.0f} min left"
