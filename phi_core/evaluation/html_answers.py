"""The questions of an HTML report: answers side by side, what changed in the text, and the tokens in colour.

Colour never speaks alone: what only one answer has is struck or underlined too, and the legend of tokens has words.
Knows nothing about the page around it.
"""

from collections.abc import Iterator, Sequence

from phi_core.chat.engine import TokenChange
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.comparison import (
    Comparison,
    answer_facts,
    base_answer,
    judgement_facts,
    question_facts,
)
from phi_core.evaluation.html_page import shown
from phi_core.evaluation.question_set import Question
from phi_core.evaluation.text_diff import word_diff
from phi_core.evaluation.token_colours import (
    KL_LEGEND,
    SHIFT_LEGEND,
    changes_sentence,
    kl_level,
    shift_level,
)

_SHIFT_CLASSES = {-2: "m2", -1: "m1", 0: "", 1: "s1", 2: "s2"}
_KL_CLASSES = {0: "", 1: "k1", 2: "k2", 3: "k3", 4: "k4"}
_SIDES = {"base": "del", "adapter": "ins"}


def token_legend() -> Iterator[str]:
    """What the colours and lines of tokens mean."""
    yield '<h2>Tokens</h2>\n<p class="legend">Colour, of the token that stands there: '
    yield " ".join(
        f"<span{_class(_SHIFT_CLASSES[level])}>{words}</span>" for level, words in SHIFT_LEGEND.items()
    )
    yield '</p>\n<p class="legend">Line, base against adapter at that place (KL): '
    yield " ".join(f"<span{_class(_KL_CLASSES[level])}>{words}</span>" for level, words in KL_LEGEND.items())
    yield "</p>"


def question_section(comparison: Comparison, question: Question, answers: Sequence[Answer]) -> Iterator[str]:
    yield f"<section>\n<h2>Question {shown(question.id)}</h2>"
    yield f'<pre class="prompt">{shown(question.prompt)}</pre>'
    yield f'<p class="facts">{shown(question_facts(question, comparison.overlap))}</p>'
    if question.reference is not None:
        yield f'<p class="facts">Reference:</p><pre>{shown(question.reference)}</pre>'
    yield from (f'<p class="facts">{shown(fact)}</p>' for fact in judgement_facts(comparison, question))
    yield '<div class="answers">'
    base = base_answer(comparison, answers)
    for answer in answers:
        yield from _answer(comparison, answer, base)
    yield "</div>\n</section>"


def _answer(comparison: Comparison, answer: Answer, base: Answer | None) -> Iterator[str]:
    is_base = answer.model == comparison.info.targets[0]
    is_overlap = any(found.id == answer.id for found in comparison.overlap)
    yield f'<article class="{"base" if is_base else "adapter"}">\n<h3>{shown(answer.model)}</h3>'
    yield f'<p class="facts">{shown(answer_facts(answer, base=base, is_overlap=is_overlap))}</p>'
    if answer.is_given:
        yield f"<pre>{shown(answer.answer)}</pre>"
    if answer.error is not None:
        yield f'<p class="warning">Failed: {shown(answer.error)}</p>'
    if not is_base and base is not None and answer.is_given:
        yield from _diff(base.answer, answer.answer)
    yield from _tokens(comparison.token_changes.get((answer.id, answer.model), ()))
    yield "</article>"


def _diff(base: str, adapter: str) -> Iterator[str]:
    if base == adapter:
        yield '<p class="facts">The same text as the base\'s.</p>'
        return
    tags = [(_SIDES.get(piece.kind, ""), shown(piece.text)) for piece in word_diff(base, adapter)]
    changed = "".join(f"<{tag}>{text}</{tag}>" if tag else text for tag, text in tags)
    yield "<details>\n<summary>Against the base: <del>only there</del> <ins>only here</ins></summary>"
    yield f"<pre>{changed}</pre>\n</details>"


def _tokens(changes: Sequence[TokenChange]) -> Iterator[str]:
    if changes:
        yield f"<details>\n<summary>{shown(changes_sentence(changes))}</summary>"
        yield f'<pre class="tokens">{"".join(map(_token, changes))}</pre>\n</details>'


def _token(change: TokenChange) -> str:
    classes = f"{_SHIFT_CLASSES[shift_level(change)]} {_KL_CLASSES[kl_level(change)]}".strip()
    return f"<span{_class(classes)}>{shown(change.text)}</span>"


def _class(names: str) -> str:
    return f' class="{names}"' if names else ""
