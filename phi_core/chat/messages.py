"""A message and a conversation, as plain data and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

Role = Literal["system", "user", "assistant"]
ROLES: tuple[str, ...] = get_args(Role)


@dataclass(frozen=True)
class Message:
    """`input_at` is where, in a user message made of an instruction and its input, the input begins; None if there
    is none. Only a prompt format that sets the two apart looks at it."""

    role: Role
    content: str
    input_at: int | None = None

    def as_json(self) -> dict[str, str]:
        return {"role": self.role, "content": self.content}


def message_from(record: Mapping[str, Any]) -> Message:
    """ValueError if `role` or `content` is not what it must be."""
    role, content = record.get("role"), record.get("content")
    if role not in ROLES:
        raise ValueError(f"role must be one of {', '.join(ROLES)}, got {role!r}")
    if not isinstance(content, str):
        raise ValueError(f"content must be text, got {type(content).__name__}")
    return Message(role, content)


def conversation(prompt: str, *, system: str | None = None) -> tuple[Message, ...]:
    """One question, after a system message if there is one."""
    opening = (Message("system", system),) if system else ()
    return (*opening, Message("user", prompt))


def messages_from(records: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    return tuple(message_from(record) for record in records)
