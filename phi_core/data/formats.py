"""Record formats: the keys of a JSON object in, messages out. Each record is recognised by its keys.

A format is one entry of `FORMATS`; of several that fit, the one with the most fields wins, then the first. Further keys
are left alone, and no prompt or answer is altered. Knows nothing about files, chat templates or tokens.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from phi_core.chat.messages import Message, conversation, message_from
from phi_core.data.records import RecordFault, kind_of, shown

Fields = Mapping[str, Any]
Messages = tuple[Message, ...]

_KEYS_COMPARED = 50
_LIKENESS = 0.8


@dataclass(frozen=True)
class RecordFormat:
    """`fields` are the keys that a record must have; `messages` raises RecordFault if a value is not right."""

    name: str
    fields: tuple[str, ...]
    messages: Callable[[Fields], Messages]

    def missing(self, record: Fields) -> list[str]:
        return [field for field in self.fields if field not in record]


def detect(record: Fields) -> RecordFormat:
    """The format of a record. RecordFault if a field is missing or no key belongs to any format."""
    best = max(FORMATS, key=lambda known: _fit(known, record))
    missing = best.missing(record)
    if len(missing) == len(best.fields):
        raise RecordFault(f"no known format; {_keys(record)}", remedy=_correction(record, _field_names()))
    if missing:
        raise RecordFault(f"missing; {_keys(record)}", missing[0], remedy=_correction(record, missing[:1]))
    return best


def _fit(known: RecordFormat, record: Fields) -> tuple[bool, int]:
    num_present = len(record.keys() & known.fields)
    return num_present == len(known.fields), num_present


def _prompt_response(record: Fields) -> Messages:
    return _answered(_text(record, "prompt"), _answer(record, "response"))


def _instruction(record: Fields) -> Messages:
    instruction, details = _text(record, "instruction"), _optional_text(record, "input")
    prompt = f"{instruction}\n\n{details}" if details else instruction
    return _answered(prompt, _answer(record, "output"))


def _question_answer(record: Fields) -> Messages:
    return _answered(_text(record, "question"), _answer(record, "answer"))


def _plain_text(record: Fields) -> Messages:
    return (Message("assistant", _answer(record, "text")),)


def _turns(record: Fields) -> Messages:
    turns = record["messages"]
    if not isinstance(turns, list) or not turns:
        found = "an empty list" if turns == [] else kind_of(turns)
        raise RecordFault(f"must be a list of objects with role and content, got {found}", "messages")
    messages = tuple(_turn(turn, position) for position, turn in enumerate(turns, start=1))
    if messages[0].role == "assistant":
        raise RecordFault("must begin with a system or user turn, got assistant", "messages")
    if all(message.role != "assistant" for message in messages):
        raise RecordFault("no assistant turn, so there is nothing to learn", "messages")
    return messages


def _turn(turn: Any, position: int) -> Message:
    field = f"messages turn {position}"
    if not isinstance(turn, dict):
        raise RecordFault(f"must be an object with role and content, got {kind_of(turn)}", field)
    try:
        message = message_from(turn)
    except ValueError as error:
        raise RecordFault(shown(str(error), 200), field) from None
    _require_unicode(message.content, field)
    if message.role == "assistant":
        _require_answer(message.content, field)
    return message


FORMATS: tuple[RecordFormat, ...] = (
    RecordFormat("prompt/response", ("prompt", "response"), _prompt_response),
    RecordFormat("instruction/input/output", ("instruction", "output"), _instruction),
    RecordFormat("messages", ("messages",), _turns),
    RecordFormat("question/answer", ("question", "answer"), _question_answer),
    RecordFormat("text", ("text",), _plain_text),
)


def _answered(prompt: str, answer: str) -> Messages:
    return (*conversation(prompt), Message("assistant", answer))


def _text(record: Fields, field: str) -> str:
    value = record[field]
    if not isinstance(value, str):
        raise RecordFault(f"must be text, got {kind_of(value)}", field)
    _require_unicode(value, field)
    return value


def _optional_text(record: Fields, field: str) -> str:
    """The text of a field that may be left out or null: then ""."""
    return "" if record.get(field) is None else _text(record, field)


def _answer(record: Fields, field: str) -> str:
    answer = _text(record, field)
    _require_answer(answer, field)
    return answer


def _require_answer(answer: str, field: str) -> None:
    if not answer.strip():
        raise RecordFault("empty, so there is nothing to learn", field)


def _require_unicode(text: str, field: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        reason = f"\\u{ord(text[error.start]):04x} at character {error.start + 1} is half of a character"
        raise RecordFault(reason, field) from None


def _keys(record: Fields) -> str:
    return f"the keys are {shown(', '.join(record))}" if record else "there are no keys"


def _field_names() -> list[str]:
    return [field for known in FORMATS for field in known.fields]


def _correction(record: Fields, names: Iterable[str]) -> str:
    """The likeliest slip of the pen, or the formats that there are."""
    candidates = {key.lower(): key for key in list(record)[:_KEYS_COMPARED] if key not in _field_names()}
    for name in names:
        if close := get_close_matches(name, candidates, n=1, cutoff=_LIKENESS):
            return f"Did you mean {name} instead of {shown(candidates[close[0]])}?"
    return f"Known formats: {', '.join(known.name for known in FORMATS)}"
