"""Answers: one object a question and model, and the lines of answers.jsonl that hold them.

One writer appends whole lines; a reader survives a half-written last line ("not yet") and unknown fields, and takes
the last line of a question and model, so that a failed question may be asked again. Knows nothing about models.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from os import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO

from phi_core.chat.engine import FinishReason
from phi_core.errors import RequestError


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
    append_line(path, answer.as_json())


def append_line(path: Path, record: Mapping[str, Any]) -> None:
    """One more line of JSON, flushed; a line torn by a crash is cut off first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        _cut_torn_line(file)
        file.write(json_line(record))


def json_line(record: Mapping[str, Any]) -> bytes:
    """Half a surrogate pair becomes its JSON escape: backslashreplace writes exactly that."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def read_answers(path: Path) -> tuple[Answer, ...]:
    """The answers so far, none if there is no file. RequestError if a whole line is no answer."""
    if not path.exists():
        return ()
    whole_lines = path.read_bytes().split(b"\n")[:-1]
    return latest(
        _answer(line, f"{path}, line {number}") for number, line in enumerate(whole_lines, 1) if line.strip()
    )


def answer_from(record: Mapping[str, Any]) -> Answer | None:
    """The answer in a record; fields of a later version are passed over. None if it is no answer."""
    try:
        return _answer_of(record)
    except TypeError:
        return None


def latest(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """The last answer of each question and model, where its first one stood."""
    return tuple({(answer.id, answer.model): answer for answer in answers}.values())


def _cut_torn_line(file: BinaryIO) -> None:
    size = file.seek(0, SEEK_END)
    file.seek(max(size - 1, 0))
    if size and file.read(1) != b"\n":
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)


def _answer_of(record: Mapping[str, Any]) -> Answer:
    values = {key: record[key] for key in _KEYS if key in record}
    for key in ("id", "prompt", "model", "answer"):
        if not isinstance(values.get(key, ""), str):
            raise TypeError(f"{key} must be text, got {values[key]!r}")
    return Answer(**values)


def _answer(line: bytes, where: str) -> Answer:
    try:
        return _answer_of(json.loads(line))
    except (ValueError, TypeError) as error:
        raise RequestError(
            f"{where} is no answer: {error}", "Delete the line or start in an empty folder"
        ) from None


_KEYS = tuple(item.name for item in fields(Answer))
