"""A comparison as Markdown. Text of models and files stands in fences longer than any in it, or is escaped.

A comparison in, one text out. Knows nothing about files.
"""

import re
from collections.abc import Iterator, Sequence

from phi_core.evaluation.answers import Answer
from phi_core.evaluation.comparison import (
    Comparison,
    answer_facts,
    by_question,
    header,
    number,
    question_facts,
    verdicts,
    warnings,
)
from phi_core.evaluation.question_set import Question
from phi_core.evaluation.statistics import TargetSummary
from phi_core.plain_text import one_line, plain

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")
_HEAD_WIDTH = 1000


def markdown(comparison: Comparison) -> str:
    return "\n".join(_lines(comparison)) + "\n"


def escaped(text: str) -> str:
    """Outside text on one line, showing itself and nothing else: in a cell, a heading or a sentence."""
    return _SPECIAL.sub(r"\\\1", one_line(text, _HEAD_WIDTH))


def fenced(text: str) -> str:
    """Outside text as it is, in a fence that it cannot close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{plain(text)}\n{fence}"


def _lines(comparison: Comparison) -> Iterator[str]:
    yield f"# Comparison: {escaped(comparison.question_set.name)}\n"
    yield from (f"- **{name}:** {escaped(value)}" for name, value in header(comparison))
    yield "\n## Verdict\n"
    yield from (f"- {escaped(sentence)}" for sentence in verdicts(comparison.summary))
    yield from (f"- **Warning:** {escaped(warning)}" for warning in warnings(comparison))
    yield from _scores(comparison.summary.targets)
    yield from _problems(comparison)
    for question, answers in by_question(comparison):
        yield from _question(question, answers)


def _scores(targets: Sequence[TargetSummary]) -> Iterator[str]:
    yield "\n| model | mean score | scored | answers | failed | tokens | seconds |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for target in targets:
        counts = (
            f"{target.scored} | {target.answers} | {target.failed} | {target.tokens} | {target.seconds:.2f}"
        )
        yield f"| {escaped(target.target)} | {number(target.mean_score)} | {counts} |"


def _problems(comparison: Comparison) -> Iterator[str]:
    if comparison.question_set.problems:
        yield "\n## Problems in the question file\n"
        yield from (f"- {escaped(str(problem))}" for problem in comparison.question_set.problems)


def _question(question: Question, answers: Sequence[Answer]) -> Iterator[str]:
    yield f"\n## Question {escaped(question.id)}\n"
    yield f"{fenced(question.prompt)}\n"
    yield f"{escaped(question_facts(question))}\n"
    if question.reference is not None:
        yield f"Reference:\n\n{fenced(question.reference)}\n"
    for answer in answers:
        yield from _answer(answer)


def _answer(answer: Answer) -> Iterator[str]:
    yield f"### {escaped(answer.model)}\n"
    yield f"{answer_facts(answer)}\n"
    if answer.is_given:
        yield f"{fenced(answer.answer)}\n"
    if answer.error is not None:
        yield f"**Failed:** {escaped(answer.error)}\n"
