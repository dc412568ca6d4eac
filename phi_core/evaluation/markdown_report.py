"""A comparison as Markdown. Text of models and files stands in fences longer than any in it, or is escaped.

A comparison in, one text out. Knows nothing about files.
"""

import re
from collections.abc import Iterator, Sequence

from phi_core.chat.engine import TokenChange
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.comparison import (
    Comparison,
    answer_facts,
    base_answer,
    by_question,
    header,
    judgement_facts,
    notes,
    opinions,
    question_facts,
    verdicts,
    warnings,
)
from phi_core.evaluation.comparison_tables import Table, tables
from phi_core.evaluation.question_set import Question
from phi_core.evaluation.text_diff import word_diff
from phi_core.evaluation.token_colours import changes_sentence, shift
from phi_core.plain_text import one_line, plain

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")
_HEAD_WIDTH = 1000
_MOST_MOVED = 5


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
    yield from (f"- {escaped(note)}" for note in notes(comparison))
    yield from (f"- **Warning:** {escaped(warning)}" for warning in warnings(comparison))
    for heading, sentences in opinions(comparison):
        yield f"\n## {heading}\n"
        yield from (f"- {escaped(sentence)}" for sentence in sentences)
    for table in tables(comparison):
        yield from _table(table)
    yield from _problems(comparison)
    for question, answers in by_question(comparison):
        yield from _question(comparison, question, answers)


def _table(table: Table) -> Iterator[str]:
    yield f"\n## {table.title}\n"
    if table.note:
        yield f"{table.note}\n"
    numbers = len(table.head) - table.words
    yield f"| {' | '.join(table.head)} |"
    yield f"| {' | '.join(['---'] * table.words + ['---:'] * numbers)} |"
    yield from (f"| {' | '.join(map(escaped, row))} |" for row in table.rows)


def _problems(comparison: Comparison) -> Iterator[str]:
    if comparison.question_set.problems:
        yield "\n## Problems in the question file\n"
        yield from (f"- {escaped(str(problem))}" for problem in comparison.question_set.problems)


def _question(comparison: Comparison, question: Question, answers: Sequence[Answer]) -> Iterator[str]:
    yield f"\n## Question {escaped(question.id)}\n"
    yield f"{fenced(question.prompt)}\n"
    yield f"{escaped(question_facts(question, comparison.overlap))}\n"
    if question.reference is not None:
        yield f"Reference:\n\n{fenced(question.reference)}\n"
    yield from (f"{escaped(fact)}\n" for fact in judgement_facts(comparison, question))
    base = base_answer(comparison, answers)
    is_overlap = any(found.id == question.id for found in comparison.overlap)
    for answer in answers:
        yield f"### {escaped(answer.model)}\n"
        yield f"{answer_facts(answer, base=base, is_overlap=is_overlap)}\n"
        yield from _answer(answer, base)
        yield from _changes(comparison.token_changes.get((answer.id, answer.model), ()))


def _answer(answer: Answer, base: Answer | None) -> Iterator[str]:
    if answer.is_given:
        yield f"{fenced(answer.answer)}\n"
    if answer.error is not None:
        yield f"**Failed:** {escaped(answer.error)}\n"
    if base is not None and answer.is_given and answer.model != base.model and answer.answer != base.answer:
        marks = {"same": "{}", "base": "[-{}-]", "adapter": "{{+{}+}}"}
        pieces = word_diff(base.answer, answer.answer)
        changed = "".join(marks[piece.kind].format(piece.text) for piece in pieces)
        yield f"Against the base (\\[-only there-\\], {{+only here+}}):\n\n{fenced(changed)}\n"


def _changes(changes: Sequence[TokenChange]) -> Iterator[str]:
    if changes:
        yield f"{changes_sentence(changes)}\n"
        moved = sorted(changes, key=lambda change: -abs(shift(change)))[:_MOST_MOVED]
        words = ", ".join(f"{one_line(change.text, 40)!r} {shift(change):+.2f}" for change in moved)
        yield f"Moved most, in nats: {escaped(words)}\n"
