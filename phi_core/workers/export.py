"""The export worker: one request in, progress and a result out. `python -m phi_core.workers.export`

Speaks JSON lines: {"what", "adapter", "target", "model", …} on standard input; {"event": "progress", "text"}, then
{"event": "done", …} or an error of the engine's form on standard output. `target` is an empty folder that the caller made,
and removes if this fails. When the input ends the caller is gone, and so is the worker.
"""

import os
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from phi_core.chat.wire import error_record, line, record_from
from phi_core.errors import PhiError, WorkError


def main() -> None:
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print goes to the log
    request = record_from(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_caller, daemon=True).start()
    try:
        result = _carry_out(request, lambda text: _send(replies, {"event": "progress", "text": text}))
    except Exception as error:  # the top of a worker: the caller is told, the log has the rest
        traceback.print_exc()
        _send(replies, error_record(_told(error)))
        os._exit(1)  # at once: a thread still reads standard input
    _send(replies, {"event": "done", **result})
    os._exit(0)


def _carry_out(request: Mapping[str, Any], on_progress: Any) -> dict[str, Any]:
    adapter, target = Path(request["adapter"]), Path(request["target"])
    if request["what"] == "adapter":
        from phi_core.models.export_files import write_adapter

        base_folder = Path(request["base_folder"]) if request["base_folder"] else None
        on_progress("copying the adapter")
        write_adapter(adapter, target, base_folder=base_folder, base_name=request["base_name"])
        return {}
    from phi_core.models.export import write_merged  # heavy: once the output is safe

    merged = write_merged(
        adapter,
        target,
        model=request["model"],
        revision=request["revision"],
        dtype=request["dtype"],
        device=request["device"],
        trust_remote_code=request["trust_remote_code"],
        probes=request["probes"],
        on_progress=on_progress,
    )
    return asdict(merged)


def _told(error: Exception) -> PhiError:
    if isinstance(error, PhiError):
        return error
    text = str(error).strip().splitlines()
    return WorkError(f"the export failed: {type(error).__name__}: {text[0] if text else 'no message'}")


def _send(replies: IO[bytes], record: Mapping[str, Any]) -> None:
    replies.write(line(record))
    replies.flush()


def _end_with_caller() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
