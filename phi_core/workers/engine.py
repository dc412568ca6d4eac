"""The engine worker: a LocalEngine behind standard input and output. `python -m phi_core.workers.engine`

Speaks the lines of `chat.wire`. A thread reads requests so that `cancel` and the end of input are heard while the
model answers; when input ends, the front end is gone and so is the worker.
"""

import os
import queue
import sys
import threading
import traceback
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

from phi_core.chat.engine import Engine
from phi_core.chat.messages import messages_from
from phi_core.chat.prompt_format import Tokenised, read_prompt_format
from phi_core.chat.wire import chunk_record, error_record, line, record_from
from phi_core.config.sampling import Sampling
from phi_core.errors import EngineFailed, PhiError


class Pipe:
    """Requests in, records out. `cancelled` is set by a `cancel` request and cleared by each answer."""

    def __init__(self, requests: IO[bytes], replies: IO[bytes]) -> None:
        self._requests, self._replies = requests, replies
        self.cancelled = threading.Event()
        self.inbox: queue.Queue[dict[str, Any]] = queue.Queue()

    def listen(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, record: Mapping[str, Any]) -> None:
        self._replies.write(line(record))
        self._replies.flush()

    def _read(self) -> None:
        for raw in self._requests:
            record = record_from(raw)
            if record.get("op") == "cancel":
                self.cancelled.set()
            else:
                self.inbox.put(record)
        os._exit(0)


def main() -> None:
    pipe = Pipe(sys.stdin.buffer, own_output())
    pipe.listen()
    try:
        engine = load_engine(pipe.inbox.get())
    except Exception as error:  # the top of a worker: the caller is told, the log has the rest
        traceback.print_exc()
        cause = (
            error if isinstance(error, PhiError) else EngineFailed(f"the model cannot be loaded: {error!r}")
        )
        pipe.send(error_record(cause))
        os._exit(1)  # at once: a thread still reads standard input
    pipe.send({"event": "ready", "info": engine.info.as_json()})
    while True:
        serve(engine, pipe, pipe.inbox.get())


def load_engine(request: Mapping[str, Any]) -> Engine:
    """The engine of a `load` request. Without a model the first adapter names it."""
    from phi_core.inference.local_engine import LocalEngine  # heavy: after the pipe is open
    from phi_core.models.adapter_record import base_name
    from phi_core.models.base import load_base
    from phi_core.models.device import choose_device

    adapters = {label: Path(path) for label, path in request["adapters"].items()}
    name = request["model_name"] or base_name(next(iter(adapters.values())))
    base = load_base(
        name,
        choose_device(request["device"], request["dtype"]),
        revision=request["revision"],
        prompt_format=partial(
            read_prompt_format,
            wanted=request["prompt_format"],
            template_file=_path(request["prompt_template"]),
        ),
        trust_remote_code=request["trust_remote_code"],
    )
    is_asked = request["prompt_format"] != "auto" or request["prompt_template"] is not None
    return LocalEngine(base, adapters, use_recorded_format=not is_asked, versions=versions())


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None


def versions() -> dict[str, str]:
    import peft
    import torch
    import transformers

    return {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}


def serve(engine: Engine, pipe: Pipe, request: Mapping[str, Any]) -> None:
    """Answer one request; what goes wrong with it is its answer, and the engine lives on."""
    try:
        if request["op"] == "stream":
            _stream(engine, pipe, request)
        elif request["op"] == "log_likelihood":
            found = engine.log_likelihood(messages_from(request["messages"]), request["target"])
            pipe.send({"event": "log_likelihood", **found.__dict__})
        elif request["op"] == "sample_log_likelihood":
            answers = tuple((start, end) for start, end in request["answers"])
            sample = Tokenised(tuple(request["ids"]), answers)
            found = engine.sample_log_likelihood(sample, request["target"])
            pipe.send({"event": "log_likelihood", **found.__dict__})
    except PhiError as error:
        pipe.send(error_record(error))
    except Exception as error:  # the top of a worker: the caller is told, the log has the rest
        traceback.print_exc()
        pipe.send(error_record(EngineFailed(f"{type(error).__name__}: {error}")))


def _stream(engine: Engine, pipe: Pipe, request: Mapping[str, Any]) -> None:
    pipe.cancelled.clear()
    answer = engine.stream(
        messages_from(request["messages"]), request["target"], Sampling(**request["sampling"])
    )
    for chunk in answer:
        if pipe.cancelled.is_set() and chunk.finish_reason is None:
            pipe.send({**chunk_record(chunk), "finish_reason": "cancelled"})
            return
        pipe.send(chunk_record(chunk))


def own_output() -> IO[bytes]:
    """The pipe to the front end, out of reach of libraries that print: their output goes to the log."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


if __name__ == "__main__":
    main()
