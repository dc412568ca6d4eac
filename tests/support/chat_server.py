"""A server of the standard library that answers as OpenAI's chat endpoint does, from FakeEngine's scripts, or badly.

`replies` lets a test send other bytes: a function of the request's body, or None for an ordinary answer.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from fake_engine import FakeEngine, Script

from phi_core.chat.engine import Ask, Chunk
from phi_core.chat.messages import messages_from
from phi_core.config.sampling import Sampling

Reply = tuple[int, list[bytes]]
"""Status, and the pieces of the body."""


@dataclass
class ChatServer:
    """`url` ends in /v1. `asked` are the bodies of the requests, `headers` theirs."""

    scripts: Mapping[str, Script]
    url: str = ""
    replies: Callable[[dict[str, Any]], Reply | None] = lambda body: None
    models: Reply = (404, [b"{}"])
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def reply(self, body: dict[str, Any]) -> Reply:
        self.asked.append(body)
        own = self.replies(body)
        if own is not None:
            return own
        if body["model"] not in self.scripts:
            return 404, [json.dumps({"error": {"message": f"no model {body['model']}"}}).encode()]
        engine = FakeEngine({"model": self.scripts[body["model"]]})
        sampling = Sampling(temperature=body["temperature"], max_new_tokens=body["max_tokens"])
        ask = Ask(tuple(messages_from(body["messages"])), "model", sampling)
        return 200, [event(delta(chunk)) for chunk in engine.stream(ask)] + [b"data: [DONE]\n\n"]


def delta(chunk: Chunk) -> dict[str, Any]:
    """The record of a piece, with the count of tokens at the end."""
    choice = {"index": 0, "delta": {"content": chunk.text}, "finish_reason": chunk.finish_reason}
    usage = {"prompt_tokens": 5, "completion_tokens": chunk.tokens} if chunk.finish_reason else None
    return {"object": "chat.completion.chunk", "choices": [choice], "usage": usage}


def event(record: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(record, ensure_ascii=False)}\n\n".encode("utf-8", "surrogatepass")


@contextmanager
def chat_server(scripts: Mapping[str, Script]) -> Iterator[ChatServer]:
    state = ChatServer(scripts)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*state.models)

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            state.headers.append(dict(self.headers))
            self._send(*state.reply(json.loads(raw)))

        def _send(self, status: int, pieces: list[bytes]) -> None:
            try:
                self.send_response(status)
                self.end_headers()
                for piece in pieces:
                    self.wfile.write(piece)
                    self.wfile.flush()
            except OSError:  # the other side has heard enough
                return

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
