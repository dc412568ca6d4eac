"""Record formats: the keys of a row in, messages out. Each record is recognised by its keys, or read as one is told.

A format is one entry of `FORMATS`. Of several that fit, those win that the column map names, then those without a
null, then the one with the most fields, then the first. Further keys are left alone, and no prompt or answer is
altered. Runs on every row of large files, so a row that is right costs a few set comparisons and nothing else.
Knows nothing about files, chat templates or tokens.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from shlex import quote
from typing import Any

from phi_core.chat.messages import ROLES, Message, Role
from phi_core.data.records import Reading, RecordFault, kind_of, shown
from phi_core.errors import DataError, Problem

Fields = Mapping[str, Any]
Messages = tuple[Message, ...]
Columns = tuple[tuple[str, str], ...]

SPEAKERS: Mapping[str, Role] = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "bot", "model"), "assistant"),
    "system": "system",
}
"""Who speaks in a ShareGPT conversation, and the role that it is."""
TOOL_ROLES = frozenset(
    {"tool", "function", "observation", "function_call", "function_response", "tool_call", "tool_response"}
)

_TOOL_CALLS = ("tool_calls", "function_call")
_WITHOUT_TOOLS = "Turns of tools cannot be trained on: leave them out"
_KEYS_COMPARED = 50
_LIKENESS = 0.8


@dataclass(frozen=True)
class RecordFormat:
    """`fields` are the keys that a record must have, `optional` those that it may have besides.

    `messages` raises RecordFault if a value is not right. The one message of an `is_text` record is no answer to
    anything: no prompt format touches it.
    """

    name: str
    fields: tuple[str, ...]
    messages: Callable[[Fields], Messages]
    optional: tuple[str, ...] = ()
    is_text: bool = False

    def missing(self, record: Fields) -> list[str]:
        return [field for field in self.fields if field not in record]


def recognised(row: Fields, reading: Reading) -> tuple[RecordFormat, Messages, str | None]:
    """The format, the messages and the group of a row. RecordFault, which names the row's own column, if it has none."""
    group = None
    if reading.group_by is not None and (reading.group_by in row or not reading.group_is_optional):
        group = _group(row, reading.group_by)
    if not reading.columns:
        return *_read(row, reading.record_format), group
    try:
        return *_read(_renamed(row, reading.columns), reading.record_format, reading.columns), group
    except RecordFault as fault:
        raise _in_columns(fault, reading.columns) from None


def columns_from(items: Sequence[str]) -> Columns:
    """(field, column) pairs of items such as "prompt=question". DataError with every item that is none."""
    pairs = [tuple(part.strip() for part in item.partition("=")[::2]) for item in items]
    problems = [_column_problem(item, field) for item, (field, column) in zip(items, pairs, strict=True)
                if field not in FIELDS or not column]  # fmt: skip
    fields = [field for field, _ in pairs]
    problems += [
        Problem(field, "is named twice") for field in dict.fromkeys(fields) if fields.count(field) > 1
    ]
    if problems:
        raise DataError("columns must be a list of field=column", problems)
    return tuple((field, column) for field, column in pairs)


def detect(record: Fields, columns: Columns = ()) -> RecordFormat:
    """The format of a record. The fields of `columns` stand there on purpose: formats with them come first.

    RecordFault if a field is missing or no key belongs to any format.
    """
    keys = record.keys()
    complete = [known for known, first, fields in _REQUIRED if first in record and keys >= fields]
    if len(complete) == 1:
        return complete[0]
    if complete:
        named = frozenset(field for field, _ in columns)
        return max(complete, key=lambda known: _preference(known, record, named))
    best = max(FORMATS, key=lambda known: len(keys & known.fields))
    missing = best.missing(record)
    if len(missing) == len(best.fields):
        remedy = (
            _other_case(record, FORMATS, columns)
            or _slip(record, FIELDS)
            or f"Known formats: {', '.join(FORMAT_NAMES)}. {_map(record, ('text',), (), columns)}"
        ).removesuffix(". ")
        raise RecordFault(f"no known format; {_keys(record)}", remedy=remedy)
    remedy = (
        _other_case(record, (best,), columns)
        or _slip(record, missing[:1])
        or _map(record, missing, best.fields, columns)
    )
    raise RecordFault(f"missing; {_keys(record)}", missing[0], remedy=remedy)


def _read(record: Fields, format_name: str, columns: Columns = ()) -> tuple[RecordFormat, Messages]:
    known = detect(record, columns) if format_name == "auto" else _of_format(record, format_name, columns)
    return known, known.messages(record)


def _of_format(record: Fields, format_name: str, columns: Columns) -> RecordFormat:
    known = _BY_NAME[format_name]
    if missing := known.missing(record):
        remedy = (
            _other_case(record, (known,), columns)
            or _slip(record, missing[:1])
            or f"The format is said to be {format_name}. {_map(record, missing, known.fields, columns)}"
        ).removesuffix(". ")
        raise RecordFault(f"missing; {_keys(record)}", missing[0], remedy=remedy)
    return known


def _preference(known: RecordFormat, record: Fields, named: frozenset[str]) -> tuple[int, bool, int]:
    num_named = len(named.intersection((*known.fields, *known.optional)))
    return num_named, all(record[field] is not None for field in known.fields), len(known.fields)


def _renamed(row: Fields, columns: Columns) -> Fields:
    """The row under the names of the fields. A column that is read as a field is none under its own name.

    Of several sources some may have the fields themselves: their rows need no map.
    """
    for field, column in columns:
        if column not in row and field not in row:
            raise RecordFault(f"missing; {_keys(row)}", column, remedy=_nearest_key(row, column))
    moved = {column for _, column in columns}
    kept = {key: value for key, value in row.items() if key not in moved}
    return kept | {field: row[column] for field, column in columns if column in row}


def _in_columns(fault: RecordFault, columns: Columns) -> RecordFault:
    """The fault under the name that the field has in the file: "messages turn 2" may be "chat turn 2" there."""
    field, blank, turn = fault.field.partition(" ")
    column = shown(dict(columns).get(field, field))
    return RecordFault(fault.reason, f"{column}{blank}{turn}", remedy=fault.remedy)


def _group(row: Fields, column: str) -> str:
    """The value of the column that keeps records together, as text."""
    if column not in row:
        raise RecordFault(f"missing; {_keys(row)}", shown(column), remedy=_nearest_key(row, column))
    value = row[column]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and abs(value) < float("inf"):
        return str(value)
    if not isinstance(value, str):
        raise RecordFault(f"must be text or a number to group by, got {kind_of(value)}", shown(column))
    if not value.strip():
        raise RecordFault("empty, so the record has no group", shown(column))
    return value


def _prompt_response(record: Fields) -> Messages:
    return Message("user", _text(record, "prompt")), Message("assistant", _answer(record, "response"))


def _instruction(record: Fields) -> Messages:
    instruction, details = _text(record, "instruction"), _optional_text(record, "input")
    answer = Message("assistant", _answer(record, "output"))
    if not details:
        return Message("user", instruction), answer
    opening = f"{instruction}\n\n"
    return Message("user", opening + details, len(opening)), answer


def _question_answer(record: Fields) -> Messages:
    return Message("user", _text(record, "question")), Message("assistant", _answer(record, "answer"))


def _plain_text(record: Fields) -> Messages:
    return (Message("assistant", _answer(record, "text")),)


def _messages(record: Fields) -> Messages:
    return _turns(record["messages"], "messages", _written_turn)


def _conversations(record: Fields) -> Messages:
    return _turns(record["conversations"], "conversations", _spoken_turn)


def _turns(turns: Any, field: str, turn: Callable[[Any, str], Message]) -> Messages:
    if not isinstance(turns, list) or not turns:
        found = "an empty list" if turns == [] else kind_of(turns)
        raise RecordFault(f"must be a list of objects with {_TURN_KEYS[field]}, got {found}", field)
    messages = tuple(turn(item, f"{field} turn {position}") for position, item in enumerate(turns, start=1))
    if messages[0].role == "assistant":
        raise RecordFault("must begin with a system or user turn, got assistant", field)
    if all(message.role != "assistant" for message in messages):
        raise RecordFault("no assistant turn, so there is nothing to learn", field)
    return messages


def _written_turn(turn: Any, field: str) -> Message:
    """One item of `messages`: role and content."""
    if not isinstance(turn, dict):
        raise RecordFault(f"must be an object with role and content, got {kind_of(turn)}", field)
    role = turn.get("role")
    if role not in ROLES:
        raise _unknown_role("role", role, ROLES, field)
    return _said(role, turn, "content", field)


def _spoken_turn(turn: Any, field: str) -> Message:
    """One item of `conversations`: from and value, or role and content in the same words."""
    if not isinstance(turn, dict):
        raise RecordFault(f"must be an object with from and value, got {kind_of(turn)}", field)
    who, what = ("from", "value") if "from" in turn or "value" in turn else ("role", "content")
    speaker = turn.get(who)
    role = SPEAKERS.get(speaker) if isinstance(speaker, str) else None
    if role is None:
        raise _unknown_role(who, speaker, tuple(SPEAKERS), field)
    return _said(role, turn, what, field)


def _said(role: Role, turn: Fields, key: str, field: str) -> Message:
    content = turn.get(key)
    if not content and any(turn.get(name) for name in _TOOL_CALLS):
        raise RecordFault("tool calls are not supported", field, remedy=_WITHOUT_TOOLS)
    if not isinstance(content, str):
        found = kind_of(content) if key in turn else "nothing"
        raise RecordFault(f"{key} must be text, got {found}", field)
    _require_unicode(content, field)
    if role == "assistant":
        _require_answer(content, field)
    return Message(role, content)


def _unknown_role(key: str, role: Any, known: Sequence[str], field: str) -> RecordFault:
    remedy = _WITHOUT_TOOLS if _is_tool(role) else ""
    reason = f"{key} must be one of {', '.join(known)}, got {shown(repr(role), 60)}"
    return RecordFault(reason, field, remedy=remedy)


def _is_tool(role: Any) -> bool:
    return isinstance(role, str) and role in TOOL_ROLES


FORMATS: tuple[RecordFormat, ...] = (
    RecordFormat("prompt/response", ("prompt", "response"), _prompt_response),
    RecordFormat("instruction/input/output", ("instruction", "output"), _instruction, ("input",)),
    RecordFormat("messages", ("messages",), _messages),
    RecordFormat("conversations", ("conversations",), _conversations),
    RecordFormat("question/answer", ("question", "answer"), _question_answer),
    RecordFormat("text", ("text",), _plain_text, is_text=True),
)
FORMAT_NAMES: tuple[str, ...] = tuple(known.name for known in FORMATS)
FIELDS: tuple[str, ...] = tuple(field for known in FORMATS for field in (*known.fields, *known.optional))
"""Every key that means something to a format: what a column may be read as."""
_BY_NAME = {known.name: known for known in FORMATS}
_REQUIRED = tuple((known, known.fields[0], frozenset(known.fields)) for known in FORMATS)
_TURN_KEYS = {"messages": "role and content", "conversations": "from and value"}


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
    if not answer or answer.isspace():
        raise RecordFault("empty, so there is nothing to learn", field)


def _require_unicode(text: str, field: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        reason = f"half of a character, \\u{ord(text[error.start]):04x} at character {error.start + 1}"
        raise RecordFault(reason, field) from None


def _keys(record: Fields) -> str:
    return f"the keys are {shown(', '.join(record))}" if record else "there are no keys"


def _column_problem(item: str, field: str) -> Problem:
    if "=" in item and field not in FIELDS:
        close = get_close_matches(field, FIELDS, n=1)
        remedy = f"Did you mean {close[0]}?" if close else f"Known fields: {', '.join(FIELDS)}"
        return Problem(shown(item), f"{shown(field)!r} is no field of any format", remedy)
    return Problem(
        shown(item), "has no column" if "=" in item else "must be field=column", "Such as prompt=question"
    )


def _other_case(record: Fields, formats: Iterable[RecordFormat], columns: Columns) -> str:
    """How to read keys that are a format's fields but for capital letters, "" if they are those of none."""
    keys = {key.lower(): key for key in list(record)[:_KEYS_COMPARED]} | {
        key: key for key in record if key in FIELDS
    }
    for known in formats:
        pairs = [(field, keys[field]) for field in known.fields if keys.get(field, field) != field]
        if pairs and all(field in keys for field in known.fields):
            return f"Name the columns as they are written: {_flag((*columns, *pairs))}"
    return ""


def _map(record: Fields, missing: Sequence[str], fields: Sequence[str], columns: Columns) -> str:
    """How a column of another name is read as what is missing: with its name, if only one can be meant."""
    others = [key for key in list(record)[:_KEYS_COMPARED] if key not in fields]
    texts = [key for key in others if isinstance(record[key], str) and record[key].strip()]
    if not others:
        return ""
    field = missing[0] if fields else "FIELD"
    pair = (missing[0], texts[0]) if len(missing) == len(texts) == 1 else (field, "COLUMN")
    return f"Name its column: {_flag((*columns, pair))}"


def _flag(pairs: Iterable[tuple[str, str]]) -> str:
    """The column map as it is typed."""
    written = ",".join(
        f"{field}={column}".replace("\\", r"\\").replace(",", r"\,") for field, column in pairs
    )
    return f"--columns {shown(quote(written), 200)}"


def _slip(record: Fields, names: Iterable[str]) -> str:
    """A key that may have been meant for one of `names`, "" if none is like one."""
    candidates = {key.lower(): key for key in list(record)[:_KEYS_COMPARED] if key not in FIELDS}
    for name in names:
        if close := get_close_matches(name, candidates, n=1, cutoff=_LIKENESS):
            return f"Did you mean {name} instead of {shown(candidates[close[0]])}?"
    return ""


def _nearest_key(row: Fields, column: str) -> str:
    close = get_close_matches(column, list(row)[:_KEYS_COMPARED], n=1)
    return f"Did you mean {shown(close[0])}?" if close else ""
