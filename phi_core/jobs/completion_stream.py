"""The events of a streamed chat completion as chunks. Knows the OpenAI format, not the connection.

Servers differ: some count tokens in the end, others never; then an event with text counts as a token.
"""

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

from phi_core.chat.engine import Chunk, FinishReason
from phi_core.errors import EngineFailed
from phi_core.jobs.endpoint import without_key

DONE = "[DONE]"


def completion_chunks(events: Iterable[str]) -> Iterator[Chunk]:
    """EngineFailed for what is no completion, an error in the middle, or an answer that breaks off."""
    start, tokens, prompt_tokens = time.monotonic(), 0, 0
    finish: FinishReason | None = None
    for data in events:
        if data.strip() == DONE:
            break
        record = _record(data)
        text, reason = _delta(record)
        usage = record.get("usage") if isinstance(record.get("usage"), dict) else {}
        tokens = _count(usage, "completion_tokens") or tokens + bool(text)
        prompt_tokens = _count(usage, "prompt_tokens") or prompt_tokens
        finish = finish or reason
        if text:
            yield Chunk(text, tokens, time.monotonic() - start, None, prompt_tokens)
    if finish is None:
        raise EngineFailed("the endpoint broke off its answer", "Ask again; its log may say why")
    yield Chunk("", tokens, time.monotonic() - start, finish, prompt_tokens)


def _record(data: str) -> dict[str, Any]:
    try:
        record = json.loads(data)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise EngineFailed(f"the endpoint sent {without_key(data)[:80]!r}, which is no chat completion")
    if record.get("error"):
        raise EngineFailed(f"the endpoint failed: {said(record)}")
    return record


def _delta(record: dict[str, Any]) -> tuple[str, FinishReason | None]:
    """(text, why the answer ends): an event may have neither, as the one that counts tokens."""
    try:
        choice = (record.get("choices") or [{}])[0]
        text = (choice.get("delta") or {}).get("content") or ""
        reason = choice.get("finish_reason")
    except (AttributeError, LookupError, TypeError):
        text, reason = None, None
    if not isinstance(text, str):
        raise EngineFailed(f"the endpoint sent {str(record)[:80]}, which is no chat completion")
    return text, None if reason is None else "length" if reason == "length" else "stop"


def _count(usage: Any, name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def said(record: Any) -> str:
    """The sentence in an error of a server, which each keeps elsewhere; at most 300 characters, without the key."""
    found = record
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(name):
            found = found[name]
    words = found if isinstance(found, str) else json.dumps(found)
    return without_key(" ".join(words.split()))[:300]
