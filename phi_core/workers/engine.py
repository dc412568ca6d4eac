"""The engine worker: a LocalEngine behind standard input and output. `python -m phi_core.workers.engine`

Speaks the lines of `chat.wire`. A thread reads requests so that `cancel` and the end of input are heard while the
model answers; when input ends, the front end is gone and so is the worker.
"""

import os
import queue
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from phi_core.chat.engine import Ask, Chunk, Engine, whole_answers
from phi_core.chat.messages import messages_from
from phi_core.chat.prompt_format import Tokenised
from phi_core.chat.wire import (
    ask_from,
    changes_record,
    chunk_record,
    error_record,
    line,
    piece_record,
    record_from,
)
from phi_core.errors import EngineFailed, PhiError
from phi_core.model_files.held_adapters import held_adapters


class Pipe:
    """Requests in, records out. `cancelled` is set by a `cancel` request and cleared by the next other one."""

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
            else:  # here and not where it is answered: a cancel that follows at once must not be forgotten
                self.cancelled.clear()
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
    """The engine of a `load` request."""
    with held_adapters(request["adapters"]) as held:
        from phi_core.inference.opening import open_local_engine  # heavy: after the pipe is open

        return open_local_engine(request, held=held)


def serve(engine: Engine, pipe: Pipe, request: Mapping[str, Any]) -> None:
    """Answer one request; what goes wrong with it is its answer, and the engine lives on."""
    try:
        if request["op"] == "stream":
            _stream(engine, pipe, ask_from(request["ask"]))
        elif request["op"] == "stream_batch":
            _stream_batch(engine, pipe, [ask_from(ask) for ask in request["asks"]], request["whole"])
        elif request["op"] == "add":
            info = engine.add(request["label"], Path(request["adapter"]))
            pipe.send({"event": "ready", "info": info.as_json()})
        elif request["op"] == "token_changes":
            changes = engine.token_changes(messages_from(request["messages"]), request["target"])
            pipe.send(changes_record(changes))
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


def _stream(engine: Engine, pipe: Pipe, ask: Ask) -> None:
    for chunk in engine.stream(ask):
        if pipe.cancelled.is_set() and chunk.finish_reason is None:
            pipe.send({**chunk_record(chunk), "finish_reason": "cancelled"})
            return
        pipe.send(chunk_record(chunk))


def _stream_batch(engine: Engine, pipe: Pipe, asks: list[Ask], whole: bool) -> None:
    heard = _until_cancelled(engine.stream_batch(asks), pipe)
    for position, piece in whole_answers(heard) if whole else heard:
        pipe.send(piece_record(position, piece))
    pipe.send({"event": "batch_end"})


def _until_cancelled(
    pieces: Iterator[tuple[int, Chunk | EngineFailed]], pipe: Pipe
) -> Iterator[tuple[int, Chunk | EngineFailed]]:
    for piece in pieces:
        if pipe.cancelled.is_set():
            return
        yield piece


def own_output() -> IO[bytes]:
    """The pipe to the front end, out of reach of libraries that print: their output goes to the log."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


if __name__ == "__main__":
    main()
