"""A conversation as text: JSON lines, one object a turn, to be read again; and Markdown for people.

A line has the turn, whether it belongs to the conversation as it stands (`current`) or was cut away, and all its
replies, each with model, adapter, strength, settings, hash of the prompt format and versions. Lines are in the order in
which the turns were begun. What is not known is passed over, so that an older phi reads a newer file as far as it can.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from typing import Any, get_args, get_type_hints

from phi_core.chat.engine import BASE
from phi_core.chat.turns import Conversation, Ending, Reply, Turn
from phi_core.config.sampling import sampling_from
from phi_core.errors import RequestError

FORMAT = 1
ENDINGS = get_args(Ending)
BROKEN_OFF = "phi ended in the middle of this answer"
_REPLY_FIELDS = [field.name for field in fields(Reply)]
_TEXTS = [name for name, kind in get_type_hints(Reply).items() if kind is str]
_COUNTS = ("tokens", "seconds", "prompt_tokens", "dropped_turns", "strength", "round")


def transcript_lines(conversation: Conversation) -> str:
    """JSON lines; each ends with a newline. "" for an empty conversation."""
    turns = [(turn, True) for turn in conversation.turns] + [(turn, False) for turn in conversation.left]
    records = (_turn_record(turn, is_current) for turn, is_current in sorted(turns, key=_number))
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def conversation_from(text: str, *, source: str) -> Conversation:
    """The conversation of JSON lines. RequestError, with the line, for what is none; a torn last line is passed over."""
    found: list[tuple[Turn, bool]] = []
    for number, line in enumerate(text.split("\n")[:-1], 1):
        if line.strip():
            try:
                found.append(_turn_from(json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise RequestError(
                    f"{source} is no transcript of a chat: line {number}: {error}",
                    "Give a .jsonl file of phi",
                ) from None
    if not found:
        raise RequestError(f"{source} holds no conversation", "Give a .jsonl file that phi wrote of a chat")
    return Conversation(
        tuple(turn for turn, is_current in found if is_current),
        tuple(turn for turn, is_current in found if not is_current),
    )


def transcript_markdown(conversation: Conversation) -> str:
    """The text as it was said, under headings that say who said it; what was cut away comes last."""
    models = dict.fromkeys(
        reply.model for turn in conversation.turns for reply in turn.replies if reply.model
    )
    parts = [f"# Chat with {', '.join(models) or 'no model'}", *_said(conversation.turns)]
    if conversation.left:
        parts += ["# Cut away when an earlier question was edited", *_said(conversation.left)]
    return "\n\n".join(parts) + "\n"


def _said(turns: Iterable[Turn]) -> list[str]:
    parts: list[str] = []
    system = ""
    for turn in turns:
        if turn.reply and turn.reply.system != system:
            system = turn.reply.system
            parts += ["## system", system or "(none)"]
        parts += ["## you", turn.prompt]
        for reply in turn.replies:
            parts += [_heading(reply), reply.text or f"({reply.error or 'nothing'})"]
    return parts


def _heading(reply: Reply) -> str:
    drawn = f"temperature {reply.sampling.temperature:g}, seed {reply.sampling.seed}"
    return " · ".join(part for part in (f"## {reply.who}", drawn, reply.facts) if part)


def _number(found: tuple[Turn, bool]) -> int:
    return found[0].number


def _turn_record(turn: Turn, is_current: bool) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "turn": turn.number,
        "after": turn.after,
        "current": is_current,
        "prompt": turn.prompt,
        "replies": [_reply_record(reply) for reply in turn.replies],
    }


def _reply_record(reply: Reply) -> dict[str, Any]:
    plain = asdict(replace(reply, versions={}))
    return {**plain, "versions": dict(reply.versions), "sampling": reply.sampling.model_dump()}


def _turn_from(record: Any) -> tuple[Turn, bool]:
    """ValueError, KeyError or TypeError if it is none."""
    if not isinstance(record, dict) or not isinstance(record.get("prompt"), str):
        raise ValueError("it has no prompt")
    if not isinstance(record.get("turn"), int):
        raise ValueError(f"turn must be a whole number, got {record.get('turn')!r}")
    replies = tuple(_reply_from(reply) for reply in record.get("replies", ()))
    after = record.get("after") if isinstance(record.get("after"), int) else None
    return Turn(record["prompt"], replies, record["turn"], after), bool(record.get("current", True))


def _reply_from(record: Any) -> Reply:
    if not isinstance(record, dict):
        raise ValueError("a reply is no object")
    known = {name: record[name] for name in _REPLY_FIELDS if name in record}
    for name in (*_TEXTS, *_COUNTS):
        kind: type | tuple[type, ...] = str if name in _TEXTS else (int, float)
        if name in known and not isinstance(known[name], kind):
            raise ValueError(f"{name} must be {'text' if kind is str else 'a number'}, got {known[name]!r}")
    if not isinstance(known.get("versions", {}), dict):
        raise ValueError(f"versions must be an object, got {known['versions']!r}")
    sampling, _ = sampling_from(known.pop("sampling", {}), where="sampling")
    return _ended(Reply(**{"model": "", "target": BASE, **known}, sampling=sampling))


def _ended(reply: Reply) -> Reply:
    """An answer that was under way when its phi ended has ended now."""
    if reply.ending in ENDINGS:
        return reply
    return replace(reply, ending="cancelled", error=BROKEN_OFF)
