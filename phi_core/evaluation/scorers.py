"""Scorers: (answer, reference) → 0 … 1, by name. One name means one rule; the docstring is the rule.

`SCORERS` maps a name to its function, `score` looks one up, `reference_fault` says why a reference cannot be used.
The words of an answer are compared here; its form and its length in json_scorers and length_scorer. Knows nothing about
questions, files or models.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from phi_core.evaluation.json_scorers import is_json, json_schema, schema_fault
from phi_core.evaluation.length_scorer import length, length_fault

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF

Scorer = Callable[[str, str], float | None]

OUTER_PUNCTUATION = " .,;:!?…\"'“”‘’«»()[]{}<>*_`。、，！？「」『』"
UNSPACED_SCRIPTS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, kana and Chinese characters: written without spaces, so a word has no visible edge."""

_LETTER = f"[^\\W{UNSPACED_SCRIPTS}]"
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)"
_NUMBER = re.compile(rf"(?<![\w.])[-+−]?(?:{_DIGITS}(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{{1,3}}(?!\d))?")
_CHOICE = re.compile(r"(?<!\w)(?!I['’]\w|I\s+(?!is\b)[a-z])[A-J](?!\w)")


def exact(answer: str, reference: str) -> float:
    """1 if answer and reference are the same text, else 0; case, white space and punctuation around it do not count."""
    return float(_folded(answer) == _folded(reference))


def contains(answer: str, reference: str) -> float:
    """1 if the reference stands in the answer as whole words, else 0; case and white space do not count.

    "5" is not found in "15", but is in "1.5": use `number` for numbers. A script written without spaces has no edges,
    and neither has punctuation.
    """
    wanted = _folded(reference)
    before = f"(?<!{_LETTER})" if re.match(_LETTER, wanted) else ""
    after = f"(?!{_LETTER})" if re.match(_LETTER, wanted[-1:]) else ""
    return float(re.search(before + re.escape(wanted) + after, _spaced(answer)) is not None)


def regex(answer: str, reference: str) -> float:
    """1 if the pattern `reference` is found anywhere in the answer (Python's `re.search`, no flags), else 0."""
    return float(re.search(reference, answer) is not None)


def number(answer: str, reference: str) -> float:
    """1 if the last number of the answer equals the last one of the reference, else 0.

    1,000 is one thousand, 0.50 equals 0.5, a sign belongs to its number unless a word or digit stands before it,
    and digits within a word (GPT4) are no number. Units and percent signs do not count.
    """
    found, wanted = _last_number(answer), _last_number(reference)
    return float(found is not None and found == wanted)


def choice(answer: str, reference: str) -> float:
    """1 if the first upper-case letter A to J that stands alone in the answer is the reference's, else 0.

    The pronoun I ("I think", "I'm") is no choice. An answer that is one letter and nothing else may be lower-case.
    """
    found = _choice(answer)
    return float(found is not None and found == _choice(reference))


def rouge_l(answer: str, reference: str) -> float:
    """F1 of the longest common subsequence of lower-cased words (ROUGE-L, Lin 2004, β = 1).

    With L its length, P = L / words of the answer and R = L / words of the reference: 2PR / (P + R).
    """
    found, wanted = _words(answer), _words(reference)
    shared = _longest_common_subsequence(found, wanted)
    return 2 * shared / (len(found) + len(wanted)) if shared else 0.0


def chrf(answer: str, reference: str) -> float:
    """chrF of sacrebleu (Popović 2015): F2 of the shared runs of 1 to 6 characters, white space left out, / 100.

    Case counts. It rewards near misses of spelling and inflection, and needs no words to be found in a text.
    """
    return float(_chrf().sentence_score(answer, [reference]).score) / 100


def none(answer: str, reference: str) -> None:
    """No score: the answer is only shown."""


SCORERS: Mapping[str, Scorer] = {
    "exact": exact,
    "contains": contains,
    "regex": regex,
    "number": number,
    "choice": choice,
    "rouge_l": rouge_l,
    "chrf": chrf,
    "json": is_json,
    "json_schema": json_schema,
    "length": length,
    "none": none,
}
NEED_NO_REFERENCE = frozenset({"json", "none"})
REFERENCE_IS_A_RULE = frozenset({"regex", "json", "json_schema", "length"})


def score(scorer: str, answer: str, reference: str | None) -> float | None:
    """The score of one answer; None if there is nothing to score it with."""
    if reference is None and scorer not in NEED_NO_REFERENCE:
        return None
    return SCORERS[scorer](answer, reference or "")


def reference_is_an_answer(scorer: str) -> bool:
    """Whether a reference is a text that a model could have said: a pattern, a schema or a length is none."""
    return scorer not in REFERENCE_IS_A_RULE


def reference_fault(scorer: str, reference: str) -> str:
    """Why `scorer` cannot use this reference, "" if it can."""
    if scorer == "json":
        return "scorer json takes no reference; json_schema takes a schema"
    if not reference.strip():
        return "" if scorer == "none" or (scorer == "regex" and reference) else "reference is empty"
    checks = {
        "regex": _pattern_fault,
        "number": _number_fault,
        "choice": _choice_fault,
        "json_schema": schema_fault,
        "length": length_fault,
    }
    return checks[scorer](reference) if scorer in checks else ""


def _number_fault(reference: str) -> str:
    return f"reference {reference!r} holds no number" if _last_number(reference) is None else ""


def _choice_fault(reference: str) -> str:
    return f"reference {reference!r} is no letter A to J" if _choice(reference) is None else ""


def _pattern_fault(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        return f"reference {pattern!r} is no regular expression: {error}"
    return ""


@lru_cache(maxsize=1)
def _chrf() -> "CHRF":
    """Loaded late: the library takes half a second."""
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


def _spaced(text: str) -> str:
    """Composed (NFC), case folded, runs of white space as one blank."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _folded(text: str) -> str:
    """`_spaced` without the punctuation around it, unless there is nothing else."""
    return _spaced(text).strip(OUTER_PUNCTUATION) or _spaced(text)


def _last_number(text: str) -> Decimal | None:
    found = _NUMBER.findall(text)
    return Decimal(found[-1].replace(",", "").replace("−", "-")) if found else None


def _choice(text: str) -> str | None:
    alone = _folded(text).upper()
    found = re.fullmatch("[A-J]", alone) or _CHOICE.search(text)
    return found.group() if found else None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _longest_common_subsequence(left: list[str], right: list[str]) -> int:
    """The length, by the row-by-row table of Wagner and Fischer 1974."""
    above = [0] * (len(right) + 1)
    for word in left:
        row = [0]
        for column, other in enumerate(right):
            row.append(above[column] + 1 if word == other else max(above[column + 1], row[-1]))
        above = row
    return above[-1]
