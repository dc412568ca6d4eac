"""Overlap: which questions does the training data hold already? Their scores tell what was learned by heart.

Questions and texts of records in; per question the record that is most like it, and how. Texts are compared by their words
(NFKC, case folded; punctuation and white space do not count; characters of scripts without blanks are words):

    same        the record is the question and nothing else
    contained   the question stands in the record, word after word
    near        NEAR_LIKENESS of its runs of RUN words stand in the record

Questions of fewer than MIN_WORDS words can only be `same` and those of fewer than NEAR_WORDS not `near`: in few words one
other word makes another question. In many a template with one name changed is `near`; the record is named, so that a
reader can judge. Records are read once and not kept. Knows nothing about files or formats of data.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args
from unicodedata import normalize

from phi_core.evaluation.question_set import Question
from phi_core.evaluation.scorers import UNSPACED_SCRIPTS

Kind = Literal["same", "contained", "near"]

RUN = 3
MIN_WORDS = 5
NEAR_WORDS = 8
NEAR_LIKENESS = 0.8

_WORD = re.compile(rf"[{UNSPACED_SCRIPTS}]|[^\W_{UNSPACED_SCRIPTS}]+|[-+*/=<>%^](?=\s*\d)")
_RANK = {kind: place for place, kind in enumerate(("near", "contained", "same"))}

Run = tuple[str, ...]


@dataclass(frozen=True)
class Overlap:
    """The record most like the question `id`; `likeness` is the share of the question's runs of words that it holds."""

    id: str
    record: str
    kind: Kind
    likeness: float

    def sentence(self) -> str:
        how = {
            "same": "is",
            "contained": "stands in",
            "near": f"is {100 * self.likeness:.0f} % like",
        }[self.kind]
        return f"{how} {self.record} of the training data"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def overlap_from(record: Mapping[str, Any]) -> Overlap:
    """From its JSON. ValueError, KeyError or TypeError if it is none."""
    if record["kind"] not in get_args(Kind):
        raise ValueError(f"kind must be same, contained or near, got {record['kind']!r}")
    return Overlap(str(record["id"]), str(record["record"]), record["kind"], float(record["likeness"]))


def find_overlap(questions: Sequence[Question], records: Iterable[tuple[str, str]]) -> tuple[Overlap, ...]:
    """One for each question that a record holds, in the order of the questions.

    A record is (its name for people, such as "train.jsonl:12", its text): a prompt or turn, or a whole document.
    """
    words = [_words(question.prompt) for question in questions]
    by_run, by_text = _indexed(words)
    best: dict[int, Overlap] = {}
    for name, text in records:
        for place, kind, likeness in _alike(_words(text), words, by_run, by_text):
            found = Overlap(questions[place].id, name, kind, likeness)
            if place not in best or _strength(found) > _strength(best[place]):
                best[place] = found
    return tuple(best[place] for place in sorted(best))


def _alike(
    record: Run,
    questions: Sequence[Run],
    by_run: Mapping[Run, Sequence[int]],
    by_text: Mapping[Run, Sequence[int]],
) -> Iterable[tuple[int, Kind, float]]:
    """(question, kind, likeness) of each question that the record holds."""
    same = by_text.get(record, ()) if record else ()
    yield from ((place, "same", 1.0) for place in same)
    shared = Counter(place for run in _runs(record) & by_run.keys() for place in by_run[run])
    for place, hits in shared.items():
        likeness = hits / len(_runs(questions[place]))
        if place in same:
            continue
        if likeness == 1 and _stands_in(questions[place], record):
            yield place, "contained", 1.0
        elif likeness >= NEAR_LIKENESS and len(questions[place]) >= NEAR_WORDS:
            yield place, "near", likeness


def _indexed(questions: Sequence[Run]) -> tuple[dict[Run, list[int]], dict[Run, list[int]]]:
    """Run of words → questions that have it, and all words → questions that are just these."""
    by_run: dict[Run, list[int]] = defaultdict(list)
    by_text: dict[Run, list[int]] = defaultdict(list)
    for place, words in enumerate(questions):
        by_text[words].append(place)
        for run in _runs(words) if len(words) >= MIN_WORDS else ():
            by_run[run].append(place)
    return dict(by_run), dict(by_text)


def _words(text: str) -> Run:
    """Signs before a number are words: 3 + 4 is not 3 * 4."""
    return tuple(_WORD.findall(normalize("NFKC", text).casefold()))


def _runs(words: Run) -> set[Run]:
    return set(zip(*(words[start:] for start in range(RUN)), strict=False))


def _stands_in(words: Run, record: Run) -> bool:
    first, size = words[0], len(words)
    return any(word == first and record[place : place + size] == words for place, word in enumerate(record))


def _strength(found: Overlap) -> tuple[int, float]:
    return _RANK[found.kind], found.likeness
