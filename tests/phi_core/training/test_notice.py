"""Notices: a real command and a real HTTP server; nothing secret is told, nothing changes how the run ended."""

import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from run_factory import add_event, make_run

from phi_core.runs.layout import RunLayout
from phi_core.training.notice import notify

VARIABLE = "PHI_TEST_WEBHOOK"


def told(path: Path, **options: Any) -> list[str]:
    """What went wrong with the notices of a run that has these options."""
    layout = RunLayout(path)
    layout.config.write_text(yaml.safe_dump({"model_name": "tiny", **options}))
    return list(notify(layout))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = make_run(tmp_path, "a", state="stopped", losses=[3.0, 2.5])
    add_event(path, "finished", 2, state="stopped", reason="loss spike: 9")
    return path


class Service(HTTPServer):
    """Keeps what is posted; answers with `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.received = status, list[dict[str, Any]]()


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=[200])
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    server = Service(request.param)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv(VARIABLE, f"http://127.0.0.1:{server.server_port}/secret-token")
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def script(folder: Path, text: str) -> str:
    """A command line that runs a Python script, in a folder with a space in its name."""
    path = folder / "my scripts" / "tell.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return f"{sys.executable} '{path}' first 'second word' $HOME"


def test_the_command_finds_the_run_in_its_environment_and_no_shell_reads_it(
    run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    names = "[os.environ[name] for name in ('PHI_RUN_ID', 'PHI_RUN_STATE', 'PHI_RUN_DIR')]"
    text = f"import json, os, sys\njson.dump({names} + sys.argv[1:], open({str(out)!r}, 'w'))"
    assert told(run, notify_command=script(tmp_path, text)) == []
    assert json.loads(out.read_text()) == ["a", "stopped", str(run), "first", "second word", "$HOME"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/no/such/program now", "notify_command could not be run: .*No such file"),
        ("'unbalanced", "notify_command could not be run: No closing quotation"),
        (f"{sys.executable} -c 'raise SystemExit(3)'", "notify_command ended with status 3"),
    ],
)
def test_a_command_that_fails_is_a_sentence(run: Path, command: str, said: str) -> None:
    (sentence,) = told(run, notify_command=command)
    assert re.match(said, sentence)


def test_the_webhook_is_told_in_one_sentence_and_in_fields(run: Path, service: Service) -> None:
    assert told(run, notify_webhook=VARIABLE) == []
    (content,) = service.received
    assert content["text"] == "phi: run a is stopped at step 20 of 20, loss 2.5: loss spike: 9"
    assert (content["run"], content["state"], content["loss"]) == ("a", "stopped", 2.5)


def test_a_loss_that_is_not_finite_is_told_as_text(tmp_path: Path, service: Service) -> None:
    path = make_run(tmp_path, "b", state="failed", losses=[3.0, float("nan")])
    add_event(path, "failed", 2, error="the loss is nan at step 2", remedy="")
    assert told(path, notify_webhook=VARIABLE) == []
    assert service.received[0]["loss"] == "nan"
    assert service.received[0]["reason"] == "the loss is nan at step 2"


@pytest.mark.parametrize("service", [404, 500], indirect=True)
def test_a_service_that_refuses_is_a_sentence_without_the_address(run: Path, service: Service) -> None:
    (sentence,) = told(run, notify_webhook=VARIABLE)
    assert sentence == f"notify_webhook: the service answered with status {service.status}"


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/secret", "http://[secret", "http://secret host/x", "http://secret\u00e9/ü y"],
)
def test_an_address_that_cannot_be_reached_is_never_shown(
    run: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv(VARIABLE, address)
    (sentence,) = told(run, notify_webhook=VARIABLE)
    assert "could not be delivered" in sentence and "secret" not in sentence


@pytest.mark.parametrize("address", [None, "", "ftp://secret", "file:///etc/passwd", "secret"])
def test_only_http_addresses_are_told(
    run: Path, monkeypatch: pytest.MonkeyPatch, address: str | None
) -> None:
    if address is not None:
        monkeypatch.setenv(VARIABLE, address)
    (sentence,) = told(run, notify_webhook=VARIABLE)
    assert sentence == f"notify_webhook: the environment variable {VARIABLE} holds no http address"


def test_a_run_without_notices_or_with_a_broken_configuration_tells_nobody(run: Path) -> None:
    assert told(run) == []
    RunLayout(run).config.write_text("[broken")
    assert list(notify(RunLayout(run))) == []
