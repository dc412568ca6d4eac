"""RemoteEngine: the Engine interface over a pipe to an engine worker.

Blocks like any engine: front ends with an event loop call it from a thread. The worker ends when the pipe closes,
also when this process is killed.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from phi_core.chat.engine import Ask, Chunk, EngineInfo, LogLikelihood, TokenChange
from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import Tokenised
from phi_core.chat.wire import (
    ask_record,
    changes_from,
    chunk_from,
    error_from,
    info_from,
    line,
    piece_from,
    record_from,
)
from phi_core.config.words import Quantization
from phi_core.errors import EngineFailed, EngineLost, PhiError
from phi_core.jobs.process import start_worker

STOP_SECONDS = 5.0


class RemoteEngine:
    """Starts the worker at once; `info` and the answers wait for it to have loaded."""

    def __init__(
        self,
        model_name: str | None,
        adapters: Mapping[str, Path] | None = None,
        *,
        revision: str | None = None,
        device: str = "auto",
        dtype: str = "auto",
        prompt_format: str = "auto",
        prompt_template: str | None = None,
        trust_remote_code: bool = False,
        quantization: Quantization = "none",
    ) -> None:
        descriptor, log = tempfile.mkstemp(prefix="phi-engine-", suffix=".log")
        os.close(descriptor)
        self._log = Path(log)
        self._process = start_worker("engine", log=self._log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._info: EngineInfo | None = None
        self._closed = False
        self._send(
            op="load",
            model_name=model_name,
            adapters={label: str(path) for label, path in (adapters or {}).items()},
            revision=revision,
            device=device,
            dtype=dtype,
            prompt_format=prompt_format,
            prompt_template=prompt_template,
            trust_remote_code=trust_remote_code,
            quantization=quantization,
        )

    @property
    def info(self) -> EngineInfo:
        """What is loaded; waits for it. ModelError or AdapterError if it cannot be loaded."""
        if self._info is None:
            self._info = info_from(self._receive("ready")["info"])
        return self._info

    def stream(self, ask: Ask) -> Iterator[Chunk]:
        _ = self.info
        self._send(op="stream", ask=ask_record(ask))
        ended = False
        try:
            while not ended:
                chunk = chunk_from(self._receive("chunk"))
                ended = chunk.finish_reason is not None
                yield chunk
        except PhiError:
            ended = True
            raise
        finally:
            if not ended:
                self._cancel()

    def stream_batch(
        self, asks: Sequence[Ask], *, whole: bool = False
    ) -> Iterator[tuple[int, Chunk | EngineFailed]]:
        _ = self.info
        self._send(op="stream_batch", asks=[ask_record(ask) for ask in asks], whole=whole)
        ended = False
        try:
            while not (ended := (record := self._receive("piece", "batch_end"))["event"] == "batch_end"):
                yield piece_from(record)
        except PhiError:
            ended = True
            raise
        finally:
            if not ended:
                self._cancel_batch()

    def token_changes(self, messages: Sequence[Message], target: str) -> tuple[TokenChange, ...]:
        _ = self.info
        self._send(op="token_changes", messages=_plain(messages), target=target)
        return changes_from(self._receive("token_changes"))

    def add(self, label: str, adapter: Path) -> EngineInfo:
        _ = self.info
        self._send(op="add", label=label, adapter=str(adapter))
        self._info = info_from(self._receive("ready")["info"])
        return self._info

    def log_likelihood(self, messages: Sequence[Message], target: str) -> LogLikelihood:
        _ = self.info
        self._send(op="log_likelihood", messages=_plain(messages), target=target)
        record = self._receive("log_likelihood")
        return LogLikelihood(record["log_likelihood"], record["tokens"])

    def sample_log_likelihood(self, sample: Tokenised, target: str) -> LogLikelihood:
        _ = self.info
        self._send(op="sample_log_likelihood", ids=sample.ids, answers=sample.answers, target=target)
        record = self._receive("log_likelihood")
        return LogLikelihood(record["log_likelihood"], record["tokens"])

    @property
    def has_died(self) -> bool:
        """Whether the worker has ended by itself: every further request would be EngineLost."""
        return not self._closed and self._process.poll() is not None

    def close(self) -> None:
        """End the worker. May be called from another thread to give up a load or an answer."""
        if self._closed:
            return
        self._closed = True
        self._process.kill()
        self._process.wait(STOP_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            _close(pipe)
        self._log.unlink(missing_ok=True)

    def _cancel(self) -> None:
        """Stop the answer under way and pass over what was already on its way."""
        if self._closed:
            return
        try:
            self._send(op="cancel")
            while chunk_from(self._receive("chunk")).finish_reason is None:
                pass
        except EngineFailed:
            return

    def _cancel_batch(self) -> None:
        if self._closed:
            return
        try:
            self._send(op="cancel")
            while self._receive("piece", "batch_end")["event"] != "batch_end":
                pass
        except EngineFailed:
            return

    def _send(self, **record: Any) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line(record))
            self._process.stdin.flush()
        except (OSError, ValueError):
            raise self._death() from None

    def _receive(self, *events: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            raw = self._process.stdout.readline()
        except (OSError, ValueError):
            raw = b""
        if not raw:
            raise self._death()
        record = record_from(raw)
        if record.get("event") == "error":
            raise error_from(record)
        if record.get("event") not in events:
            raise EngineFailed(f"the engine sent {record.get('event')!r} where {events[0]!r} was due")
        return record

    def _death(self) -> EngineLost:
        if self._closed:
            return EngineLost("the engine was closed")
        status = self._process.wait(STOP_SECONDS)
        return EngineLost(
            f"the engine ended with status {status}", f"Its last words: {_last_words(self._log)}"
        )


def _plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [message.as_json() for message in messages]


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:  # a flush into a pipe that has no reader any more
        return


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "none"
