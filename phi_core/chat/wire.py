"""The JSON lines between a front end and an engine worker. One object a line, both ways.

    to the worker     {"op": "load", "model_name", "adapters": {label: path}, "device", "dtype", "prompt_format", …}
                      {"op": "stream", "messages", "target", "sampling"} · {"op": "cancel"}
                      {"op": "log_likelihood", "messages", "target"} · {"op": "sample_log_likelihood", "ids", "answers", "target"}
    from the worker   {"event": "ready", "info"} · {"event": "chunk", "text", "tokens", "seconds", "finish_reason"}
                      {"event": "log_likelihood", "log_likelihood", "tokens"}
                      {"event": "error", "kind", "what", "remedy", "problems"}

End of input means: the front end is gone, end yourself. Knows nothing about processes.
"""

import json
from collections.abc import Mapping
from typing import Any

import phi_core.errors as errors
from phi_core.chat.engine import BaseProof, Chunk, EngineInfo
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


def chunk_record(chunk: Chunk) -> dict[str, Any]:
    return {"event": "chunk", **chunk.__dict__}


def chunk_from(record: Mapping[str, Any]) -> Chunk:
    return Chunk(record["text"], record["tokens"], record["seconds"], record["finish_reason"])


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
