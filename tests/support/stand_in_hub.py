"""A hub on this machine: an HTTP server that takes what huggingface_hub sends to make a repository and fill it."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hub:
    """`files` are what was committed, by repository and path; `refuses` is a status for every request."""

    address: str = ""
    private: dict[str, bool] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    refuses: int | None = None


@contextmanager
def stand_in_hub(**more: Any) -> Iterator[Hub]:
    hub = Hub(**more)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or self._chunks()
            hub.tokens.add((self.headers.get("Authorization") or "").removeprefix("Bearer "))
            if hub.refuses:
                return self._answer({"error": "no"}, hub.refuses)
            self._answer(*_post(hub, self.path, body))

        def do_GET(self) -> None:
            if hub.refuses:
                return self._answer({"error": "no"}, hub.refuses)
            name = "/".join(self.path.split("?")[0].split("/")[3:5])
            if name not in hub.private:
                return self._answer({"error": "none"}, 404)
            self._answer(
                {"id": name, "modelId": name, "private": hub.private[name], "sha": "0" * 40, "siblings": []}
            )

        def _chunks(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return b""
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _answer(self, content: Any, status: int = 200) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def _post(hub: Hub, path: str, body: bytes) -> tuple[Any, int]:
    parts = path.split("?")[0].strip("/").split("/")
    if parts[:3] == ["api", "repos", "create"]:
        wanted = json.loads(body)
        name = "/".join(filter(None, [wanted.get("organization"), wanted["name"]]))
        if name in hub.private:
            return {"error": "You already created this model repo", "url": f"{hub.address}/{name}"}, 409
        hub.private[name] = wanted.get("private", False) or wanted.get("visibility") == "private"
        return {"url": f"{hub.address}/{name}"}, 200
    name = "/".join(parts[2:4])
    if "preupload" in parts:
        files = [
            {"path": item["path"], "uploadMode": "regular", "shouldIgnore": False}
            for item in json.loads(body)["files"]
        ]
        return {"files": files}, 200
    if "commit" in parts:
        for raw in body.splitlines():
            record = json.loads(raw)
            if record["key"] == "file":
                value = record["value"]
                hub.files.setdefault(name, {})[value["path"]] = base64.b64decode(value["content"])
        return {
            "commitUrl": f"{hub.address}/{name}/commit/{'1' * 40}",
            "commitOid": "1" * 40,
            "success": True,
        }, 200
    return {}, 200
