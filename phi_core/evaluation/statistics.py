"""Statistics: what the scores of several models on the same questions are worth.

Answers in; per model its mean score, per adapter the paired difference against the base with its interval, test and
verdict, the same by tag and without the questions that the training data holds, how much likelier it finds the
references, and how many answers are identical. Pairs are the questions that both models have a score for. Knows nothing
about engines or files.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from phi_core.chat.engine import BASE
from phi_core.counted import counted
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.bootstrap import CONFIDENCE, NUM_RESAMPLES, paired_interval
from phi_core.evaluation.likelihood import LikelihoodGain, likelihood_gain, mean_likelihood
from phi_core.evaluation.paired import Paired, paired, percent
from phi_core.evaluation.question_set import Question
from phi_core.evaluation.verdict import MIN_SCORED, Verdict, verdict_of

__all__ = [
    "CONFIDENCE",
    "MIN_SCORED",
    "NUM_RESAMPLES",
    "Difference",
    "Summary",
    "TargetSummary",
    "Verdict",
    "paired_interval",
    "summarise",
]

AnswerPair = tuple[Answer, Answer]
"""Base, adapter."""


@dataclass(frozen=True)
class TargetSummary:
    """One model's answers. `mean_score` is None if none has a score.

    `reference_log_likelihood` is the natural log of the references' probability, a token; None if none was measured.
    """

    target: str
    answers: int
    failed: int
    scored: int
    mean_score: float | None
    tokens: int
    seconds: float
    reference_log_likelihood: float | None = None


@dataclass(frozen=True)
class TagDifference:
    """The questions of one tag: figures at 95 % each, for a first look; no verdict hangs on them."""

    tag: str
    base_mean: float
    adapter_mean: float
    paired: Paired


@dataclass(frozen=True)
class Difference:
    """One adapter against the base. `identical` of `compared` answers are the same text.

    `clean` are the figures without the questions that overlap with the training data, None if none does.
    """

    target: str
    paired: Paired
    verdict: Verdict
    reason: str
    identical: int
    compared: int
    likelihood: LikelihoodGain | None = None
    tags: tuple[TagDifference, ...] = ()
    clean: Paired | None = None

    @property
    def changes_nothing(self) -> bool:
        return self.compared > 0 and self.identical == self.compared

    @property
    def headline(self) -> str:
        """The verdict in few words."""
        if self.verdict == "undecided":
            return f"{self.target}: undecided: {self.reason}"
        worded = self.verdict if self.verdict == "no difference shown" else f"{self.verdict} than base"
        return f"{self.target}: {worded}"

    def sentence(self) -> str:
        """The verdict with the figures that it rests on."""
        figures = self.paired.figures()
        return f"{self.headline} ({figures})" if figures else self.headline

    def notes(self) -> tuple[str, ...]:
        """What else was measured, a sentence each."""
        likelihood = f"{self.target}: {self.likelihood.sentence()}" if self.likelihood else ""
        return tuple(note for note in (likelihood, self._clean_note()) if note)

    def warning(self) -> str:
        """A sentence if the adapter changes no answer, "" if it changes one."""
        if not self.changes_nothing:
            return ""
        return f"{self.target} changes no answer: {self.identical} of {self.compared} are the base's, word for word"

    def _clean_note(self) -> str:
        if self.clean is None:
            return ""
        verdict, reason = verdict_of(self.clean)
        figures = self.clean.figures()
        return f"{self.target}, without the questions that are in the training data: {verdict} ({figures or reason})"


@dataclass(frozen=True)
class Summary:
    targets: tuple[TargetSummary, ...]
    differences: tuple[Difference, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        failed = [f"{t.target}: {counted(t.failed, 'question')} failed" for t in self.targets if t.failed]
        return (
            *failed,
            *(difference.warning() for difference in self.differences if difference.changes_nothing),
        )

    @property
    def multiplicity(self) -> str:
        """How several adapters at once are treated, "" for one."""
        number = len(self.differences)
        if number < 2:
            return ""
        each = percent(self.differences[0].paired.confidence)
        return (
            f"{number} adapters are judged at once: each interval holds with {each}, "
            f"so that all of them together hold with {percent(CONFIDENCE)} (Bonferroni)"
        )


def summarise(
    answers: Iterable[Answer],
    *,
    base: str = BASE,
    questions: Sequence[Question] = (),
    overlapping: Collection[str] = (),
) -> Summary:
    """The base first, then the others in the order in which they first answered.

    `questions` bring the tags; `overlapping` are the ids of those that the training data holds.
    """
    by_target: dict[str, dict[str, Answer]] = {base: {}}
    for answer in answers:
        by_target.setdefault(answer.model, {})[answer.id] = answer
    targets = tuple(
        _target_summary(target, tuple(given.values())) for target, given in by_target.items() if given
    )
    adapters = [target for target in by_target if target != base and by_target[base]]
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(adapters))
    differences = tuple(
        _difference(target, _pairs(by_target[base], by_target[target]), confidence, questions, overlapping)
        for target in adapters
    )
    return Summary(targets, differences)


def _target_summary(target: str, answers: Sequence[Answer]) -> TargetSummary:
    scores = [answer.score for answer in answers if answer.score is not None]
    return TargetSummary(
        target=target,
        answers=sum(answer.is_given for answer in answers),
        failed=sum(not answer.is_given for answer in answers),
        scored=len(scores),
        mean_score=fmean(scores) if scores else None,
        tokens=sum(answer.tokens for answer in answers),
        seconds=sum(answer.seconds for answer in answers),
        reference_log_likelihood=mean_likelihood(answers),
    )


def _pairs(base: Mapping[str, Answer], adapter: Mapping[str, Answer]) -> list[AnswerPair]:
    return [
        (base[id], adapter[id]) for id in base if id in adapter and base[id].is_given and adapter[id].is_given
    ]


def _difference(
    target: str,
    pairs: Sequence[AnswerPair],
    confidence: float,
    questions: Sequence[Question],
    overlapping: Collection[str],
) -> Difference:
    found = paired(_gains(pairs), confidence=confidence)
    verdict, reason = verdict_of(found)
    clean = [pair for pair in pairs if pair[0].id not in overlapping]
    return Difference(
        target=target,
        paired=found,
        verdict=verdict,
        reason=reason,
        identical=sum(before.answer == after.answer for before, after in pairs),
        compared=len(pairs),
        likelihood=likelihood_gain(pairs),
        tags=_tags(pairs, questions),
        clean=None if len(clean) == len(pairs) else paired(_gains(clean), confidence=confidence),
    )


def _tags(pairs: Sequence[AnswerPair], questions: Sequence[Question]) -> tuple[TagDifference, ...]:
    """Of every tag with a scored pair, in the order of the file."""
    tags = dict.fromkeys(tag for question in questions for tag in question.tags)
    members = {tag: {question.id for question in questions if tag in question.tags} for tag in tags}
    scored = [pair for pair in pairs if None not in (pair[0].score, pair[1].score)]
    groups = {tag: [pair for pair in scored if pair[0].id in members[tag]] for tag in tags}
    return tuple(_tag_difference(tag, group) for tag, group in groups.items() if group)


def _tag_difference(tag: str, pairs: Sequence[AnswerPair]) -> TagDifference:
    before, after = (fmean(pair[side].score or 0.0 for pair in pairs) for side in (0, 1))
    return TagDifference(tag, before, after, paired(_gains(pairs)))


def _gains(pairs: Iterable[AnswerPair]) -> list[float]:
    return [
        after.score - before.score
        for before, after in pairs
        if before.score is not None and after.score is not None
    ]
