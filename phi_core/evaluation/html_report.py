"""A comparison as one HTML file: verdict first, then figures, how it was made, and every question.

A comparison in, one text out. All outside text goes through `html_page.shown`. Knows nothing about files.
"""

from collections.abc import Iterator

from phi_core.evaluation.comparison import (
    Comparison,
    by_question,
    header,
    notes,
    opinions,
    verdicts,
    warnings,
)
from phi_core.evaluation.comparison_tables import tables
from phi_core.evaluation.html_answers import question_section, token_legend
from phi_core.evaluation.html_page import head, shown, table_of


def html(comparison: Comparison) -> str:
    return "\n".join(_lines(comparison)) + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    yield from head(f"Comparison: {comparison.question_set.name}")
    yield f'<p class="facts">{shown(comparison.info.model_name)} · {shown(comparison.info.proof.sentence())}</p>'
    yield from _verdict(comparison)
    for heading, sentences in opinions(comparison):
        yield f"<h2>{heading}</h2>"
        yield from (f"<p>{shown(sentence)}</p>" for sentence in sentences)
    for table in tables(comparison):
        yield from table_of(table)
    yield "<h2>How it was made</h2>\n<dl>"
    yield from (f"<dt>{shown(name)}</dt><dd>{shown(value)}</dd>" for name, value in header(comparison))
    yield "</dl>"
    yield from _problems(comparison)
    if comparison.token_changes:
        yield from token_legend()
    for question, answers in by_question(comparison):
        yield from question_section(comparison, question, answers)
    yield "</body>\n</html>"


def _verdict(comparison: Comparison) -> Iterator[str]:
    for found in comparison.summary.differences:
        marked = f" {found.verdict}" if found.verdict in ("better", "worse") else ""
        yield f'<p class="verdict{marked}"><strong>{shown(found.headline)}</strong>'
        yield f'<span class="facts">{shown(found.paired.figures())}</span></p>'
    if not comparison.summary.differences:
        yield f'<p class="verdict">{shown(verdicts(comparison.summary)[0])}</p>'
    yield from (f'<p class="warning">Warning: {shown(warning)}</p>' for warning in warnings(comparison))
    yield from (f'<p class="facts">{shown(note)}</p>' for note in notes(comparison))


def _problems(comparison: Comparison) -> Iterator[str]:
    if comparison.question_set.problems:
        yield "<h2>Problems in the question file</h2>\n<ul>"
        yield from (f"<li>{shown(str(problem))}</li>" for problem in comparison.question_set.problems)
        yield "</ul>"
