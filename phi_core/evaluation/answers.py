"""Answers: one object a question and model, and the lines of answers.jsonl that hold them.

A reader survives a half-written last line ("not yet") and unknown fields, and takes the last line of a question and
model, so that a failed question may be asked again. Knows nothing about models.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

from phi_core.chat.engine import FinishReason
from phi_core.json_lines import append_record, read_records


@dataclass(frozen=True)
class Answer:
    """What `model` ("base" or an adapter's label) said to the question `id`.

    `score` is None without a scorer, `reference_log_likelihood` (natural log, over `reference_tokens` tokens)
    without a reference text. `error` says what failed; an answer that could not be given at all has no `finish_reason`.
    `settings` is a hash of all that decides the answer and its score: an answer with another one is not an answer to
    the present question.
    """

    id: str
    prompt: str
    model: str
    answer: str = ""
    tokens: int = 0
    seconds: float = 0.0
    finish_reason: FinishReason | None = None
    score: float | None = None
    reference_log_likelihood: float | None = None
    reference_tokens: int | None = None
    error: str | None = None
    settings: str = field(default="", compare=False)

    @property
    def is_given(self) -> bool:
        return self.finish_reason is not None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def append_answer(path: Path, answer: Answer) -> None:
    append_record(path, answer.as_json())


def read_answers(path: Path) -> tuple[Answer, ...]:
    """The answers so far, none if there is no file; a line that is no answer is passed over: its question is asked again."""
    found = (_answer_of(record) for record in read_records(path))
    return latest(answer for answer in found if answer is not None)


def text_hash(*texts: str) -> str:
    """Of the texts and their lengths, so that no two lists of texts are mistaken for one another: an opinion on answers
    bears theirs, and is none on others."""
    joined = "".join(f"{len(text)}:{text}" for text in texts)
    return sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def latest(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """The last answer of each question and model, where its first one stood."""
    return tuple({(answer.id, answer.model): answer for answer in answers}.values())


def _answer_of(record: Mapping[str, Any]) -> Answer | None:
    """The answer in a record; fields of a later version are passed over. None if it is no answer."""
    values = {key: record[key] for key in _KINDS if key in record}
    if not values.keys() >= _NEEDED or any(not isinstance(values[key], _KINDS[key]) for key in values):
        return None
    is_known = values.get("finish_reason") in (None, *get_args(FinishReason))
    return Answer(**values) if is_known else None


_NEEDED = {"id", "prompt", "model"}
_NUMBER = (int, float)
_KINDS: Mapping[str, Any] = {
    **dict.fromkeys(("id", "prompt", "model", "answer", "settings"), str),
    **dict.fromkeys(("tokens", "seconds"), _NUMBER),
    **dict.fromkeys(("score", "reference_log_likelihood", "reference_tokens"), (*_NUMBER, type(None))),
    **dict.fromkeys(("finish_reason", "error"), (str, type(None))),
}
