"""A comparison as one HTML file: no script, no network, answers side by side where the screen is wide enough.

A comparison in, one text out. All outside text goes through `_shown`. Knows nothing about files.
"""

from collections.abc import Iterator, Sequence
from html import escape

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
from phi_core.plain_text import plain

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --base: #3b7dd8; --adapter: #c77d0a; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 90rem; padding: 1rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: minmax(6rem, 10rem) 1fr; gap: .25rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .25rem .75rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
section { border-top: 2px solid var(--line); margin-top: 2rem; }
.answers { display: grid; grid-template-columns: 1fr; gap: 1rem; }
article { border: 1px solid var(--line); border-left: .4rem solid var(--adapter); border-radius: .4rem; padding: .5rem 1rem; }
article.base { border-left-color: var(--base); }
pre { font: inherit; white-space: pre-wrap; margin: .5rem 0; }
.prompt { font-size: 1.15rem; font-weight: 600; } .facts { opacity: .75; font-size: .875rem; } .warning { font-weight: 600; }
@media (min-width: 48rem) { .answers { grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); } }
"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(comparison: Comparison) -> str:
    return "\n".join(_lines(comparison)) + "\n"


def _shown(text: str) -> str:
    """Outside text: no markup, no attribute end, no control character."""
    return escape(plain(text), quote=True)


def _lines(comparison: Comparison) -> Iterator[str]:
    yield from _head(f"Comparison: {comparison.question_set.name}")
    yield "<dl>"
    yield from (f"<dt>{_shown(name)}</dt><dd>{_shown(value)}</dd>" for name, value in header(comparison))
    yield "</dl>\n<h2>Verdict</h2>"
    yield from (f"<p>{_shown(sentence)}</p>" for sentence in verdicts(comparison.summary))
    yield from (f'<p class="warning">Warning: {_shown(warning)}</p>' for warning in warnings(comparison))
    yield from _scores(comparison.summary.targets)
    yield from _problems(comparison)
    for question, answers in by_question(comparison):
        yield from _question(question, answers, comparison.info.targets[0])
    yield "</body>\n</html>"


def _head(title: str) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_shown(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>{_shown(title)}</h1>"


def _scores(targets: Sequence[TargetSummary]) -> Iterator[str]:
    names = ("model", "mean score", "scored", "answers", "failed", "tokens", "seconds")
    yield f"<table>\n<tr>{''.join(f'<th>{name}</th>' for name in names)}</tr>"
    for t in targets:
        cells = (t.target, number(t.mean_score), t.scored, t.answers, t.failed, t.tokens, f"{t.seconds:.2f}")
        yield f"<tr>{''.join(f'<td>{_shown(str(cell))}</td>' for cell in cells)}</tr>"
    yield "</table>"


def _problems(comparison: Comparison) -> Iterator[str]:
    if comparison.question_set.problems:
        yield "<h2>Problems in the question file</h2>\n<ul>"
        yield from (f"<li>{_shown(str(problem))}</li>" for problem in comparison.question_set.problems)
        yield "</ul>"


def _question(question: Question, answers: Sequence[Answer], base: str) -> Iterator[str]:
    yield f"<section>\n<h2>Question {_shown(question.id)}</h2>"
    yield f'<pre class="prompt">{_shown(question.prompt)}</pre>'
    yield f'<p class="facts">{_shown(question_facts(question))}</p>'
    if question.reference is not None:
        yield f'<p class="facts">Reference:</p><pre>{_shown(question.reference)}</pre>'
    yield '<div class="answers">'
    for answer in answers:
        yield from _answer(answer, base)
    yield "</div>\n</section>"


def _answer(answer: Answer, base: str) -> Iterator[str]:
    yield f'<article class="{"base" if answer.model == base else "adapter"}">\n<h3>{_shown(answer.model)}</h3>'
    yield f'<p class="facts">{_shown(answer_facts(answer))}</p>'
    if answer.is_given:
        yield f"<pre>{_shown(answer.answer)}</pre>"
    if answer.error is not None:
        yield f'<p class="warning">Failed: {_shown(answer.error)}</p>'
    yield "</article>"
