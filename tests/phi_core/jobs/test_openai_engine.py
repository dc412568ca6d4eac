"""Models behind an OpenAI-compatible endpoint: what is sent, what is made of what comes back, and a real server."""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from chat_server import ChatServer, chat_server, event

from phi_core.chat.engine import Ask, Chunk, complete
from phi_core.chat.messages import Message, conversation
from phi_core.config.sampling import Sampling
from phi_core.demo import model_path
from phi_core.errors import EngineFailed, RequestError
from phi_core.jobs.endpoint import endpoint
from phi_core.jobs.openai_engine import OpenAIEngine
from phi_core.jobs.server_sent_events import event_data

KEY = "sk-secret-123"
Open = Callable[..., OpenAIEngine]
GREEDY = Sampling(temperature=0, max_new_tokens=8)


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server({"m": "It is Paris , of course"}) as running:
        yield running


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens engines that are closed after the test."""
    with ExitStack() as stack:

        def opening(address: str, **options: Any) -> OpenAIEngine:
            return stack.enter_context(closing(OpenAIEngine(address, **options)))

        yield opening


@pytest.fixture
def engine(server: ChatServer, opened: Open) -> OpenAIEngine:
    return opened(f"{server.url}#m", label="far", read_seconds=20)


def ask(text: str = "?", target: str = "far", **sampling: Any) -> Ask:
    return Ask(conversation(text, system="Be brief"), target, GREEDY.model_copy(update=sampling))


class TestAddress:
    def test_it_is_a_url_and_a_model(self) -> None:
        found = endpoint("http://host:8000/v1/#org/model:7b")
        assert (found.url, found.model, str(found)) == (
            "http://host:8000/v1",
            "org/model:7b",
            "http://host:8000/v1#org/model:7b",
        )

    @pytest.mark.parametrize(
        "address", ["", "m", "http://host/v1", "http://host/v1#", "ftp://host#m", "http://#m", "http://h:x#m"]
    )
    def test_what_is_none_is_refused(self, address: str) -> None:
        with pytest.raises(RequestError, match="no URL#MODEL"):
            endpoint(address)

    @pytest.mark.parametrize("address", ["http://me:word@host/v1#m", "http://host/v1?key=word#m"])
    def test_a_secret_in_it_is_refused_and_not_repeated(self, address: str) -> None:
        with pytest.raises(RequestError, match="OPENAI_API_KEY") as caught:
            endpoint(address)
        assert "word" not in str(caught.value).replace("password", "")


class TestRequest:
    def test_it_holds_the_conversation_and_the_sampling(
        self, engine: OpenAIEngine, server: ChatServer
    ) -> None:
        complete(engine, ask("hi \u2028 \ud83d", temperature=0.7, top_p=0.9, seed=3))
        (body,) = server.asked
        assert body["messages"] == [
            {"role": "system", "content": "Be brief"},
            {"role": "user", "content": "hi \u2028 \ud83d"},
        ]
        wanted = {"model": "m", "temperature": 0.7, "top_p": 0.9, "seed": 3, "max_tokens": 8, "stream": True}
        assert wanted.items() <= body.items()
        assert not {"top_k", "repetition_penalty"} & body.keys()

    def test_what_openai_does_not_know_goes_out_only_where_it_is_asked_for(
        self, engine: OpenAIEngine, server: ChatServer
    ) -> None:
        complete(engine, ask(top_k=5, repetition_penalty=1.5))
        assert server.asked[0].items() >= {"top_k": 5, "repetition_penalty": 1.5}.items()

    def test_the_key_comes_from_the_environment_and_is_kept_nowhere(
        self, engine: OpenAIEngine, server: ChatServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        complete(engine, ask())
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        complete(engine, ask())
        assert [headers.get("Authorization") for headers in server.headers] == [None, f"Bearer {KEY}"]
        server.replies = lambda body: (400, [f"no {KEY}".encode()])
        with pytest.raises(EngineFailed) as caught:
            complete(engine, ask())
        known = f"{caught.value} {caught.value.args} {vars(engine)} {json.dumps(engine.info.as_json())}"
        assert KEY not in known


class TestReply:
    def test_tokens_are_the_servers_count(self, engine: OpenAIEngine, server: ChatServer) -> None:
        server.replies = lambda body: (
            200,
            [
                event({"choices": [{"delta": {"role": "assistant", "content": None}}]}),
                event({"choices": [{"delta": {"content": "a\u2028\x85b"}}]}),
                event({"choices": [{"delta": {}, "finish_reason": "length"}]}),
                event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}),
                b"data: [DONE]\n\n",
            ],
        )
        *_, last = chunks = list(engine.stream(ask()))
        assert "".join(chunk.text for chunk in chunks) == "a\u2028\x85b"
        assert (last.tokens, last.prompt_tokens, last.finish_reason) == (3, 7, "length")

    def test_pieces_may_be_cut_anywhere(self, engine: OpenAIEngine, server: ChatServer) -> None:
        whole = event({"choices": [{"delta": {"content": "🏴 é"}, "finish_reason": "stop"}]})
        raw = b": a comment\r\n" + whole.replace(b"\n", b"\r\n")
        server.replies = lambda body: (200, [raw[place : place + 1] for place in range(len(raw))])
        assert complete(engine, ask()).text == "🏴 é"

    def test_the_lines_of_an_event_are_joined(self) -> None:
        assert list(event_data([b"data: a\ndata:b\nid: 3\n\n\ndata: c"])) == ["a\nb", "c"]
        whole = b"data: a\r\ndata: b\r\n\r\ndata: c\r\rdata: d\r"
        for size in (1, 2, 9, len(whole)):
            pieces = [whole[place : place + size] for place in range(0, len(whole), size)]
            assert list(event_data(pieces)) == ["a\nb", "c", "d"]

    @pytest.mark.parametrize(
        ("status", "body", "words"),
        [
            (200, b"data: {broken\n\n", "no chat completion"),
            (200, b"data: [1]\n\n", "no chat completion"),
            (200, b'data: {"choices": [{"delta": {"content": 3}}]}\n\n', "no chat completion"),
            (200, b'data: {"choices": 3}\n\n', "no chat completion"),
            (200, b"<html>hello</html>", "broke off"),
            (200, b"", "broke off"),
            (200, b'data: {"choices": [{"delta": {"content": "a"}}]}\n\ndata: [DONE]\n\n', "broke off"),
            (200, b"data: \xff\n\n", "no text"),
            (200, b"x" * (2 << 20), "line of more than"),
            (200, b'data: {"error": {"message": "out of memory"}}\n\n', "out of memory"),
            (401, b'{"error": {"message": "bad key"}}', "OPENAI_API_KEY"),
            (404, b'{"detail": "no such model"}', "no such model.*has the model 'm'"),
            (422, b'{"detail": "Unexpected fields: top_k"}', "Unexpected fields: top_k"),
            (500, b"\xff\x00", "refuses .500."),
        ],
    )
    def test_what_is_no_answer_is_told_and_the_engine_lives_on(
        self, engine: OpenAIEngine, server: ChatServer, status: int, body: bytes, words: str
    ) -> None:
        server.replies = lambda _: (status, [body])
        with pytest.raises(EngineFailed, match=words):
            list(engine.stream(ask()))
        server.replies = lambda _: None
        assert complete(engine, ask()).text == "It is Paris , of course"


class TestConnection:
    def test_nobody_at_the_address_is_told(self, opened: Open) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        engine = opened(f"http://127.0.0.1:{port}/v1#m")
        for answer in (lambda: engine.info, lambda: list(engine.stream(ask(target="m")))):
            with pytest.raises(EngineFailed, match="no server answers at"):
                answer()
        ((_, error),) = engine.stream_batch([ask(target="m")])
        assert "no server answers" in str(error)

    def test_a_server_that_says_nothing_is_given_up(self, opened: Open) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            engine = opened(f"http://127.0.0.1:{port}/v1#m", read_seconds=0.2)
            with pytest.raises(EngineFailed, match="in time"):
                list(engine.stream(ask(target="m")))

    def test_what_it_says_of_itself(self, engine: OpenAIEngine, server: ChatServer) -> None:
        listed = {"data": [{"id": "other"}, {"id": "m", "max_model_len": 4096}]}
        server.models = (200, [json.dumps(listed).encode()])
        info = engine.info
        assert (info.targets, info.serving, info.context_length) == (("far",), {"far": "remote"}, 4096)
        assert info.model_name == f"{server.url}#m"
        assert not info.proof.holds and "endpoint" in info.proof.sentence()

    @pytest.mark.parametrize("reply", [(404, b""), (500, b"x"), (200, b"x"), (200, b'{"data": 3}')])
    def test_a_server_need_not_list_its_models(
        self, engine: OpenAIEngine, server: ChatServer, reply: tuple[int, bytes]
    ) -> None:
        server.models = (reply[0], [reply[1]])
        assert engine.info.context_length == 0

    def test_a_refused_key_is_told_at_once(self, engine: OpenAIEngine, server: ChatServer) -> None:
        server.models = (401, [b""])
        with pytest.raises(EngineFailed, match="OPENAI_API_KEY"):
            _ = engine.info

    def test_what_it_cannot_be_asked_says_so(self, engine: OpenAIEngine, tmp_path: Path) -> None:
        answered = [*conversation("?"), Message("assistant", "yes")]
        for wrong in (
            lambda: engine.log_likelihood(answered, "far"),
            lambda: engine.token_changes(answered, "far"),
            lambda: engine.add("x", tmp_path),
            lambda: list(engine.stream(Ask(conversation("?"), "far", GREEDY, strength=0.5))),
        ):
            with pytest.raises(EngineFailed, match="answers from an endpoint"):
                wrong()


def test_closing_a_batch_asks_no_further_questions(engine: OpenAIEngine, server: ChatServer) -> None:
    pieces = engine.stream_batch([ask(str(number)) for number in range(100)])
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    time.sleep(0.3)
    assert len(server.asked) < 20


TEMPLATE = (
    "{% for m in messages %}{{ 'Instruct: ' if m.role == 'user' else 'Output: ' if m.role == 'assistant' else '' }}"
    "{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}Output:{% endif %}"
)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`transformers serve` with the bundled model, which gets the template of its format; its address."""
    missing = [name for name in ("fastapi", "uvicorn", "openai") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"transformers serve needs {', '.join(missing)}")
    folder = tmp_path_factory.mktemp("served")
    model = shutil.copytree(model_path(), folder / "demo")
    (model / "chat_template.jinja").write_text(TEMPLATE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    serve = [str(Path(sys.executable).with_name("transformers")), "serve", str(model)]
    options = ["--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1", "--port", str(port)]
    surroundings = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "home")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*serve, *options], env=surroundings, stdout=log, stderr=log)
    try:
        _wait_until_healthy(port, process, folder / "log")
        yield f"http://127.0.0.1:{port}/v1#{model}"
    finally:
        process.kill()
        process.wait()


def _wait_until_healthy(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start: {log.read_text()[-500:]}")


class TestRealServer:
    QUESTIONS = ("What is the capital of France?", "What is the capital of Italy?", "Hello!")

    def test_it_answers_as_the_model_does_here(self, real: str, opened: Open) -> None:
        from phi_core.inference.local_engine import LocalEngine
        from phi_core.models.base import load_base
        from phi_core.models.device import choose_device

        far = opened(real, label="far")
        here = LocalEngine(load_base(str(model_path()), choose_device("cpu", "float32")), {})
        for question in self.QUESTIONS:
            there = complete(far, Ask(conversation(question), "far", GREEDY))
            wanted = complete(here, Ask(conversation(question), "base", GREEDY))
            assert there.text.strip() == wanted.text.strip()
            assert there.finish_reason == wanted.finish_reason
            assert there.prompt_tokens == wanted.prompt_tokens

    def test_a_batch_and_a_stopped_answer(self, real: str, opened: Open) -> None:
        far = opened(real, label="far")
        asks = [Ask(conversation(question), "far", GREEDY) for question in self.QUESTIONS]
        alone = [complete(far, each).text for each in asks]
        together = dict(far.stream_batch(asks, whole=True))
        assert [together[place].text for place in range(3)] == alone  # type: ignore[union-attr]
        stream = far.stream(asks[0])
        assert isinstance(next(stream), Chunk)
        stream.close()  # type: ignore[attr-defined]
        assert complete(far, asks[0]).text == alone[0]

    def test_a_model_that_it_has_not_is_told(self, real: str, opened: Open) -> None:
        far = opened(f"{real}-other", label="far")
        with pytest.raises(EngineFailed, match="refuses"):
            complete(far, Ask(conversation("?"), "far", GREEDY))
        assert far.info.targets == ("far",)
