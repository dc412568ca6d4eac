"""The worker for one request: the memory probe or an export. `python -m phi_core.workers.one_request probe`

Speaks JSON lines: the request on standard input; {"event": "progress", "text"}, then {"event": "done", …} or an error of
the engine's form on standard output, which holds nothing else: whatever libraries print goes to standard error. When
the input ends the caller is gone, and so is the worker.

    probe    {"config": YAML}                                    → the fields of a ProbeResult
    export   {"what", "adapter", "target", "model", …}           → those of what was merged, none for an adapter

An export's `target` is an empty folder that the caller made, and removes if this fails.
"""

import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from phi_core.chat.wire import error_record, line, record_from
from phi_core.config.problems import checked
from phi_core.config.yaml_file import parse_values
from phi_core.errors import PhiError, WorkError
from phi_core.planning.left_out import leave_out_what_is_not_needed

Tell = Callable[[str], None]


def main(what: str) -> None:
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    request = record_from(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_caller, daemon=True).start()
    try:
        result = WORK[what](request, lambda text: _send(replies, {"event": "progress", "text": text}))
    except Exception as error:  # the top of a worker: the caller is told, the log has the rest
        traceback.print_exc()
        _send(replies, error_record(_told(what, error)))
        os._exit(1)  # at once: a thread still reads standard input
    _send(replies, {"event": "done", **result})
    os._exit(0)


def _probe(request: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
    os.environ["CUDA_VISIBLE_DEVICES"] = visible.split(",")[0]  # with more, transformers would use them all
    config = checked(parse_values(request["config"], source="the configuration"))
    leave_out_what_is_not_needed(config)
    from phi_core.training.measure import measure  # heavy: once the output is safe

    with tempfile.TemporaryDirectory(prefix="phi-probe-") as folder:
        return asdict(measure(config, Path(folder)))


def _export(request: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    adapter, target = Path(request["adapter"]), Path(request["target"])
    if request["what"] == "adapter":
        from phi_core.models.export_files import write_adapter

        base_folder = Path(request["base_folder"]) if request["base_folder"] else None
        tell("copying the adapter")
        write_adapter(adapter, target, base_folder=base_folder, base_name=request["base_name"])
        return {}
    from phi_core.models.export import write_merged

    merged = write_merged(
        adapter,
        target,
        model=request["model"],
        revision=request["revision"],
        dtype=request["dtype"],
        device=request["device"],
        trust_remote_code=request["trust_remote_code"],
        probes=request["probes"],
        on_progress=tell,
    )
    return asdict(merged)


WORK = {"probe": _probe, "export": _export}


def _told(what: str, error: Exception) -> PhiError:
    if isinstance(error, PhiError):
        return error
    text = str(error).strip().splitlines()
    return WorkError(f"the {what} failed: {type(error).__name__}: {text[0] if text else 'no message'}")


def _send(replies: IO[bytes], record: Mapping[str, Any]) -> None:
    replies.write(line(record))
    replies.flush()


def _end_with_caller() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
