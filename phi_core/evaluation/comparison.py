"""A comparison: everything that a report says, and the lines of its header.

Plain data in, plain data out: `header` is the one list of facts that every report format shows, so that none can
leave one out. Knows nothing about Markdown, HTML or files.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phi_core.chat.engine import EngineInfo
from phi_core.config.option import shown
from phi_core.config.sampling import Sampling
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.question_set import Question, QuestionSet
from phi_core.evaluation.statistics import Summary


@dataclass(frozen=True)
class Comparison:
    """`adapters` maps a label to where its adapter was loaded from; `created` is a time as text."""

    question_set: QuestionSet
    answers: tuple[Answer, ...]
    info: EngineInfo
    adapters: Mapping[str, Path]
    run_id: str | None
    created: str
    summary: Summary


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
        ("Sampling", sampling_sentence(questions.sampling)),
        ("System message", questions.system or "none"),
        ("Prompt format", f"{info.prompt_format} ({info.prompt_format_hash})"),
        ("Device", f"{info.device}, {info.dtype}"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in info.versions.items()) or "unknown"),
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


def verdicts(summary: Summary) -> tuple[str, ...]:
    """A sentence an adapter, or the reason why there is none."""
    return tuple(difference.sentence() for difference in summary.differences) or (
        "no adapter was compared with the base",
    )


def warnings(comparison: Comparison) -> tuple[str, ...]:
    """What makes the verdicts worth less, the gravest first."""
    proof = comparison.info.proof
    return (*(() if proof.holds else (proof.sentence(),)), *comparison.summary.warnings)


def by_question(comparison: Comparison) -> Iterator[tuple[Question, Sequence[Answer]]]:
    """Each question that has an answer, with its answers in the order in which they came."""
    for question in comparison.question_set.questions:
        answers = [answer for answer in comparison.answers if answer.id == question.id]
        if answers:
            yield question, answers


def question_facts(question: Question) -> str:
    """How a question is scored, in one line."""
    facts = [f"scorer {question.score}", f"tags {', '.join(question.tags)}" if question.tags else ""]
    return " · ".join(fact for fact in facts if fact)


def answer_facts(answer: Answer) -> str:
    """The figures of one answer, in one line."""
    facts = [
        "failed" if answer.finish_reason is None else f"score {number(answer.score)}",
        f"{answer.tokens} tokens in {answer.seconds:.2f} s",
        answer.finish_reason or "",
        ""
        if answer.reference_log_likelihood is None
        else f"log-likelihood of the reference {answer.reference_log_likelihood:.3f}",
    ]
    return " · ".join(fact for fact in facts if fact)


def number(value: float | None) -> str:
    """A score as people read it."""
    return "none" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")
