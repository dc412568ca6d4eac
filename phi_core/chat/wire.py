"""The JSON lines between a front end and an engine worker. One object a line, both ways.

    to the worker     {"op": "load", "model_name", "adapters": {label: path}, "device", "dtype", "prompt_format", …}
                      {"op": "stream", "ask": {"messages", "target", "sampling", "strength"}} · {"op": "cancel"}
                      {"op": "stream_batch", "asks": [ask, …], "whole"} · {"op": "add", "label", "adapter"}
                      {"op": "log_likelihood", "messages", "target"} · {"op": "token_changes", "messages", "target"}
                      {"op": "sample_log_likelihood", "ids", "answers", "target"}
    from the worker   {"event": "ready", "info"}, also after `add` · {"event": "token_changes", "changes": [[…], …]}
                      {"event": "chunk", "text", "tokens", "seconds", "finish_reason", "prompt_tokens", "dropped_turns"}
                      {"event": "piece", "position", and a chunk or an error} … {"event": "batch_end"}
                      {"event": "log_likelihood", "log_likelihood", "tokens"}
                      {"event": "error", "kind", "what", "remedy", "problems"}

End of input means: the front end is gone, end yourself. Knows nothing about processes.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import phi_core.errors as errors
from phi_core.chat.engine import Ask, BaseProof, Chunk, EngineInfo, TokenChange
from phi_core.chat.messages import messages_from
from phi_core.config.sampling import Sampling
from phi_core.errors import EngineFailed, FaultsError, PhiError, Problem


def line(record: Mapping[str, Any]) -> bytes:
    """ASCII only, so that no text can break a line."""
    return json.dumps(record).encode("ascii") + b"\n"


def record_from(raw: bytes) -> dict[str, Any]:
    """EngineFailed if the line is not one of ours."""
    try:
        record = json.loads(raw)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise EngineFailed(f"the engine sent {raw[:80]!r}, which is no message")
    return record


def ask_record(ask: Ask) -> dict[str, Any]:
    return {
        "messages": [message.as_json() for message in ask.messages],
        "target": ask.target,
        "sampling": ask.sampling.model_dump(),
        "strength": ask.strength,
    }


def ask_from(record: Mapping[str, Any]) -> Ask:
    messages = tuple(messages_from(record["messages"]))
    return Ask(messages, record["target"], Sampling(**record["sampling"]), record["strength"])


def chunk_record(chunk: Chunk) -> dict[str, Any]:
    return {"event": "chunk", **chunk.__dict__}


def chunk_from(record: Mapping[str, Any]) -> Chunk:
    return Chunk(**{name: record[name] for name in Chunk.__dataclass_fields__})


def piece_record(position: int, piece: Chunk | EngineFailed) -> dict[str, Any]:
    """One piece of a batch."""
    record = chunk_record(piece) if isinstance(piece, Chunk) else error_record(piece)
    return {**record, "event": "piece", "position": position}


def piece_from(record: Mapping[str, Any]) -> tuple[int, Chunk | EngineFailed]:
    if "kind" not in record:
        return record["position"], chunk_from(record)
    error = error_from(record)
    return record["position"], error if isinstance(error, EngineFailed) else EngineFailed(str(error))


def changes_record(changes: Iterable[TokenChange]) -> dict[str, Any]:
    rows = [[change.text, change.base, change.adapter, change.kl] for change in changes]
    return {"event": "token_changes", "changes": rows}


def changes_from(record: Mapping[str, Any]) -> tuple[TokenChange, ...]:
    return tuple(TokenChange(*row) for row in record["changes"])


def info_from(record: Mapping[str, Any]) -> EngineInfo:
    proof = BaseProof(**record["proof"])
    return EngineInfo(**{**record, "proof": proof, "targets": tuple(record["targets"])})


def error_record(error: PhiError) -> dict[str, Any]:
    faults = [problem.__dict__ for problem in error.problems] if isinstance(error, FaultsError) else []
    kind = type(error).__name__
    return {"event": "error", "kind": kind, "what": error.what, "remedy": error.remedy, "problems": faults}


def error_from(record: Mapping[str, Any]) -> PhiError:
    """The error of the same class as the worker's."""
    kind = getattr(errors, str(record.get("kind")), EngineFailed)
    if not (isinstance(kind, type) and issubclass(kind, PhiError)):
        kind = EngineFailed
    what, remedy = str(record.get("what", "")), str(record.get("remedy", ""))
    if issubclass(kind, FaultsError):
        return kind(what, [Problem(**fault) for fault in record.get("problems", ())], remedy)
    return kind(what, remedy)
