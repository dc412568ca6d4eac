"""The scorer of length: does an answer have as many words, lines, … as a rule allows?

    rule      = condition {"," condition}          all of them hold
    condition = ["<=" | "<" | ">=" | ">" | "="] number unit  |  number ".." number unit
    unit      = characters | words | sentences | lines | paragraphs        (or without the s)

Without a sign the number is exact; `10..20` counts both ends. Knows nothing about questions or files.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

GRAMMAR = "write it like '<= 50 words', '3 lines' or '10..20 sentences, < 600 characters'"
_CONDITION = re.compile(r"(<=|>=|<|>|=)?\s*(\d{1,9})\s*(?:\.\.\s*(\d{1,9}))?\s*([a-z]+)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)|[。！？]+[」』）]*")
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")


def _sentences(text: str) -> int:
    return sum(any(map(str.isalnum, part)) for part in _SENTENCE_END.split(text))


def _paragraphs(text: str) -> int:
    return sum(bool(part.strip()) for part in _BLANK_LINES.split(text))


UNITS: Mapping[str, Callable[[str], int]] = {
    "character": len,
    "word": lambda text: sum(any(map(str.isalnum, part)) for part in text.split()),
    "sentence": _sentences,
    "line": lambda text: sum(bool(line.strip()) for line in text.splitlines()),
    "paragraph": _paragraphs,
}


@dataclass(frozen=True)
class _Condition:
    """`low` ≤ count of `unit` ≤ `high`; None: no bound."""

    low: int | None
    high: int | None
    unit: str

    def holds(self, text: str) -> bool:
        count = UNITS[self.unit](text)
        return (self.low is None or self.low <= count) and (self.high is None or count <= self.high)


def length(answer: str, reference: str) -> float:
    """1 if the answer is as long as the rule `reference` says ("<= 50 words", "10..20 sentences, 2 paragraphs"), else 0.

    White space around the answer does not count. Words stand between white space and hold a letter or digit; sentences
    end with . ! ? … before white space or the end, or with 。！？ ("e.g. this" counts as two, "3.5" does not); lines are
    those that are not empty, paragraphs what stands between empty lines, characters Unicode code points (NFC).
    """
    text = unicodedata.normalize("NFC", answer).strip()
    return float(all(condition.holds(text) for condition in _conditions(reference)))


def length_fault(reference: str) -> str:
    """Why a rule cannot be used, "" if it can."""
    try:
        _conditions(reference)
    except ValueError as error:
        return f"reference {reference!r} is no rule of length: {error}; {GRAMMAR}"
    return ""


def _conditions(rule: str) -> list[_Condition]:
    """ValueError with the reason if the rule cannot be read."""
    return [_condition(part.strip()) for part in rule.split(",")]


def _condition(text: str) -> _Condition:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a number with a unit" if text else "it is empty")
    sign, first, second, unit = found.groups()
    name = unit.lower().removesuffix("s")
    if name not in UNITS:
        raise ValueError(f"unknown unit {unit!r}, known are {', '.join(f'{known}s' for known in UNITS)}")
    low, high = _bounds(sign, int(first), None if second is None else int(second))
    if (high is not None and high < 0) or (low is not None and high is not None and low > high):
        raise ValueError(f"no answer can have {text!r}")
    return _Condition(low, high, name)


def _bounds(sign: str | None, number: int, second: int | None) -> tuple[int | None, int | None]:
    if second is not None:
        if sign:
            raise ValueError(f"a range takes no {sign!r}")
        return number, second
    return {
        "<=": (None, number),
        "<": (None, number - 1),
        ">=": (number, None),
        ">": (number + 1, None),
    }.get(sign or "=", (number, number))
