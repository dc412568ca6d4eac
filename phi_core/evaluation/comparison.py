"""A comparison: everything that a report says, and the lines of its header.

Plain data in, plain data out: `header` is the one list of facts that every report format shows, so that none can
leave one out. Knows nothing about Markdown, HTML or files.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from phi_core.chat.engine import EngineInfo, Serving, TokenChange
from phi_core.config.option import shown
from phi_core.config.sampling import Sampling
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.judge import Judgement
from phi_core.evaluation.judge_results import judge_summary
from phi_core.evaluation.overlap import Overlap
from phi_core.evaluation.question_set import Question, QuestionSet
from phi_core.evaluation.statistics import Summary
from phi_core.evaluation.verdict import Verdict, verdict_of

SERVED: dict[Serving, str] = {
    "mixed": "in one batch with the others",
    "separate pass": "in passes of its own",
    "own base": "on a base of its own",
    "remote": "at an endpoint",
}
"""How a model was served, in words."""


class VoteSummary(Protocol):
    """What people's votes add up to, as far as a report needs to know."""

    def sentences(self) -> tuple[str, ...]: ...

    def as_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Comparison:
    """`adapters` maps a label to where its adapter was loaded from; `created` is a time as text.

    `overlap` are the questions that the training data holds, `token_changes` those of an adapter's answer by question
    id and label, `strength` the labels that did not answer as trained. `judge` says which model judged, "" for none.
    """

    question_set: QuestionSet
    answers: tuple[Answer, ...]
    info: EngineInfo
    adapters: Mapping[str, Path]
    run_id: str | None
    created: str
    summary: Summary
    overlap: tuple[Overlap, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    token_changes: Mapping[tuple[str, str], Sequence[TokenChange]] = field(default_factory=dict)
    votes: VoteSummary | None = None
    strength: Mapping[str, float] = field(default_factory=dict)
    judge: str = ""


def header(comparison: Comparison) -> list[tuple[str, str]]:
    """What was compared and how, as (name, value)."""
    info, questions = comparison.info, comparison.question_set
    return [
        (
            "Question set",
            f"{questions.name} ({questions.path}, SHA-256 {questions.fingerprint[:12] or 'none'})",
        ),
        ("Base model", info.model_name),
        ("Adapters", ", ".join(f"{label} ({path})" for label, path in comparison.adapters.items()) or "none"),
        ("Proof", info.proof.sentence()),
        (
            "Answered",
            ", ".join(f"{label}: {SERVED[how]}" for label, how in info.serving.items()) or "unknown",
        ),
        ("Strength", _strengths(comparison.strength)),
        ("Sampling", sampling_sentence(questions.sampling)),
        ("System message", questions.system or "none"),
        ("Prompt format", f"{info.prompt_format} ({info.prompt_format_hash})"),
        ("Device", f"{info.device}, {info.dtype}, quantization {info.quantization}"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in info.versions.items()) or "unknown"),
        ("Judge", comparison.judge or "none"),
        ("Run", comparison.run_id or "none"),
        ("Created", comparison.created),
        ("Counts", counts_sentence(comparison)),
    ]


def sampling_sentence(sampling: Sampling) -> str:
    settings = ", ".join(f"{name} {shown(value)}" for name, value in sampling.model_dump().items())
    return f"{settings}{'; greedy' if sampling.temperature == 0 else ''}; the same for every model"


def counts_sentence(comparison: Comparison) -> str:
    asked, problems = len(comparison.question_set.questions), len(comparison.question_set.problems)
    given = sum(answer.is_given for answer in comparison.answers)
    failed = len(comparison.answers) - given
    return f"{asked} questions, {given} answers, {failed} failed, {problems} problems in the question file"


def _strengths(strength: Mapping[str, float]) -> str:
    return ", ".join(f"{label} at {shown(value)}" for label, value in strength.items()) or "as trained (1)"


def verdicts(summary: Summary) -> tuple[str, ...]:
    """A sentence an adapter, or the reason why there is none."""
    return tuple(difference.sentence() for difference in summary.differences) or (
        "no adapter was compared with the base",
    )


def notes(comparison: Comparison) -> tuple[str, ...]:
    """What belongs to the verdicts but decides none."""
    summary = comparison.summary
    found = [note for difference in summary.differences for note in difference.notes()]
    return (*([summary.multiplicity] if summary.multiplicity else []), *found)


def warnings(comparison: Comparison) -> tuple[str, ...]:
    """What makes the verdicts worth less, the gravest first."""
    proof = comparison.info.proof
    return (
        *(() if proof.holds else (proof.sentence(),)),
        *_overlap_warnings(comparison),
        *comparison.summary.warnings,
    )


def _overlap_warnings(comparison: Comparison) -> Iterator[str]:
    found, asked = len(comparison.overlap), len(comparison.question_set.questions)
    if found:
        yield f"{found} of {asked} questions are in the training data: their scores may tell what was learned by heart"
    others: dict[Verdict, list[str]] = {}
    for difference in comparison.summary.differences:
        verdict = difference.verdict if difference.clean is None else verdict_of(difference.clean)[0]
        if verdict != difference.verdict:
            others.setdefault(verdict, []).append(difference.target)
    for verdict, targets in others.items():
        yield f"{', '.join(targets)}: without those questions the verdict is: {verdict}"


def opinions(comparison: Comparison) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(heading, sentences) of what a judge and people said."""
    if comparison.judgements:
        yield "Judge", judge_summary(comparison.judgements).sentences()
    if comparison.votes is not None and comparison.votes.sentences():
        yield "Votes", comparison.votes.sentences()


def by_question(comparison: Comparison) -> Iterator[tuple[Question, Sequence[Answer]]]:
    """Each question that has an answer, with its answers in the order in which they came."""
    answers: dict[str, list[Answer]] = {}
    for answer in comparison.answers:
        answers.setdefault(answer.id, []).append(answer)
    for question in comparison.question_set.questions:
        if question.id in answers:
            yield question, answers[question.id]


def base_answer(comparison: Comparison, answers: Sequence[Answer]) -> Answer | None:
    """The base's among the answers to one question, None if it was not given."""
    base = comparison.info.targets[0]
    return next((answer for answer in answers if answer.model == base and answer.is_given), None)


def question_facts(question: Question, overlap: Sequence[Overlap] = ()) -> str:
    """How a question is scored, and what its scores are worth, in one line."""
    facts = [f"scorer {question.score}", f"tags {', '.join(question.tags)}" if question.tags else ""]
    facts += [f"the question {found.sentence()}" for found in overlap if found.id == question.id]
    return " · ".join(fact for fact in facts if fact)


def answer_facts(answer: Answer, *, base: Answer | None = None, is_overlap: bool = False) -> str:
    """The figures of one answer, in one line; with `base` how its score stands to the base's."""
    facts = [
        "failed" if answer.finish_reason is None else _score_fact(answer, base, is_overlap),
        f"{answer.tokens} tokens in {answer.seconds:.2f} s",
        answer.finish_reason or "",
        _likelihood_fact(answer),
    ]
    return " · ".join(fact for fact in facts if fact)


def _score_fact(answer: Answer, base: Answer | None, is_overlap: bool) -> str:
    said = f"score {number(answer.score)}"
    if answer.score is not None and base is not None and base.score is not None and base is not answer:
        gain = answer.score - base.score
        said += " (won)" if gain > 0 else " (lost)" if gain < 0 else " (tied)"
    return f"{said}, question in the training data" if is_overlap and answer.score is not None else said


def _likelihood_fact(answer: Answer) -> str:
    if answer.reference_log_likelihood is None:
        return ""
    return f"log-likelihood of the reference {answer.reference_log_likelihood:.3f}"


def judgement_facts(comparison: Comparison, question: Question) -> Iterator[str]:
    """What the judge said of each answer to one question."""
    for found in comparison.judgements:
        if found.id == question.id:
            yield f"judge: {found.model} {_JUDGED[found.verdict]}{f' ({found.note})' if found.note else ''}"


_JUDGED = {
    "win": "is better than base",
    "tie": "ties with base",
    "loss": "is worse than base",
    "failed": "was not judged",
}


def number(value: float | None) -> str:
    """A score as people read it."""
    return "none" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")
