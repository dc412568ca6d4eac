"""OpenAIEngine: the Engine interface over an OpenAI-compatible endpoint: vLLM, SGLang, llama.cpp, Ollama, transformers serve.

The conversation goes out as messages; template, context and weights are the server's. What it cannot be asked (how likely
an answer is, another adapter) is an EngineFailed that says so.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from phi_core.chat.engine import Ask, BaseProof, Chunk, EngineInfo, LogLikelihood, TokenChange, whole_answers
from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import Tokenised
from phi_core.errors import EngineFailed
from phi_core.jobs.completion_stream import completion_chunks, said
from phi_core.jobs.concurrent_answers import answer_concurrently
from phi_core.jobs.endpoint import KEY_VARIABLE, endpoint, headers
from phi_core.jobs.server_sent_events import event_data

if TYPE_CHECKING:
    import httpx2

AT_ONCE = 4
"""Requests under way in a batch: servers put them into one batch of theirs."""
CONNECT_SECONDS = 10.0
READ_SECONDS = 300.0
"""A server may load its model at the first question."""
KEY_REFUSED = (401, 403)


class _Refused(EngineFailed):
    """The server answered, and said no."""

    def __init__(self, status: int, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.status = status


class OpenAIEngine:
    """`address` is `url#model`; its one target is called `label`, or as the model. RequestError for what is no address."""

    def __init__(self, address: str, *, label: str | None = None, read_seconds: float = READ_SECONDS) -> None:
        import httpx2  # late: a terminal without endpoints need not wait for it

        self._endpoint = endpoint(address)
        self._label = label or self._endpoint.model
        timeout = httpx2.Timeout(read_seconds, connect=CONNECT_SECONDS)
        self._client: httpx2.Client | None = httpx2.Client(timeout=timeout)
        self._info: EngineInfo | None = None

    @property
    def info(self) -> EngineInfo:
        """EngineFailed if nobody answers at the address, or the key is refused."""
        if self._info is None:
            self._info = self._describe()
        return self._info

    def stream(self, ask: Ask) -> Iterator[Chunk]:
        body = self._body(ask)
        with self._response("POST", "chat/completions", content=body) as response:
            yield from completion_chunks(event_data(response.iter_bytes()))

    def stream_batch(
        self, asks: Sequence[Ask], *, whole: bool = False
    ) -> Iterator[tuple[int, Chunk | EngineFailed]]:
        _ = self._open_client
        pieces = answer_concurrently(asks, self.stream, at_once=AT_ONCE)
        return whole_answers(pieces) if whole else pieces

    def token_changes(self, messages: Sequence[Message], target: str) -> tuple[TokenChange, ...]:
        self._refuse("tokens cannot be compared")

    def add(self, label: str, adapter: Path) -> EngineInfo:
        self._refuse("an adapter cannot be added to it")

    def log_likelihood(self, messages: Sequence[Message], target: str) -> LogLikelihood:
        self._refuse("how likely an answer is cannot be asked")

    def sample_log_likelihood(self, sample: Tokenised, target: str) -> LogLikelihood:
        self._refuse("how likely an answer is cannot be asked")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    @property
    def _open_client(self) -> "httpx2.Client":
        if self._client is None:
            raise EngineFailed("the engine was closed")
        return self._client

    def _refuse(self, what: str) -> NoReturn:
        _ = self._open_client
        raise EngineFailed(f"{self._label} answers from an endpoint: {what}", "Load the model here for that")

    def _body(self, ask: Ask) -> bytes:
        """What OpenAI's own endpoint knows, and what others know besides only where it is asked for."""
        if ask.target != self._label:
            raise EngineFailed(f"there is no model {ask.target!r}", f"The endpoint has {self._label!r}")
        if ask.strength != 1:
            self._refuse("the strength of an adapter cannot be set")
        sampling = ask.sampling
        wanted: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": [message.as_json() for message in ask.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_new_tokens,
            "seed": sampling.seed,
        }
        wanted |= {"top_k": sampling.top_k} if sampling.top_k else {}
        if sampling.repetition_penalty != 1:
            wanted["repetition_penalty"] = sampling.repetition_penalty
        return json.dumps(wanted).encode("ascii")

    @contextmanager
    def _response(
        self, method: str, path: str, *, content: bytes | None = None
    ) -> Iterator["httpx2.Response"]:
        """A response that says yes. EngineFailed says what is wrong with any other, and with the connection."""
        import httpx2

        typed = {"Content-Type": "application/json"} if content is not None else {}
        url = f"{self._endpoint.url}/{path}"
        try:
            with self._open_client.stream(
                method, url, content=content, headers=headers() | typed
            ) as response:
                if response.status_code != 200:
                    raise self._refusal(response.status_code, response.read())
                yield response
        except httpx2.TimeoutException:
            raise EngineFailed(
                f"{self._endpoint.url} did not answer in time", "See whether the server is busy"
            ) from None
        except httpx2.ConnectError:
            raise EngineFailed(
                f"no server answers at {self._endpoint.url}", "Start it, or correct the address"
            ) from None
        except httpx2.HTTPError as error:
            raise EngineFailed(f"{self._endpoint.url} broke off: {type(error).__name__}") from None

    def _refusal(self, status: int, content: bytes) -> "_Refused":
        try:
            words = said(json.loads(content))
        except ValueError:
            words = said(content[:300].decode("utf-8", "replace"))
        where = f"{self._endpoint.url} refuses ({status})"
        if status in KEY_REFUSED:
            return _Refused(status, where, f"Set {KEY_VARIABLE} to a key that it accepts")
        if status == 404:
            return _Refused(
                status,
                f"{where}: {words}",
                f"See that it has the model {self._endpoint.model!r} and that the URL ends in /v1",
            )
        return _Refused(status, f"{where}: {words}", "Change what it does not take, such as top_k")

    def _describe(self) -> EngineInfo:
        return EngineInfo(
            model_name=str(self._endpoint),
            targets=(self._label,),
            device="endpoint",
            dtype="unknown",
            num_parameters=0,
            prompt_format="the endpoint's",
            prompt_format_hash="",
            context_length=self._context_length(),
            proof=BaseProof(None),
            serving={self._label: "remote"},
        )

    def _context_length(self) -> int:
        """As vLLM and SGLang tell it; 0 where it is unknown."""
        try:
            with self._response("GET", "models") as response:
                models = json.loads(response.read())["data"]
            lengths = {str(model["id"]): model.get("max_model_len") for model in models}
        except _Refused as error:
            if error.status in KEY_REFUSED:
                raise
            return 0  # a server need not list its models
        except (ValueError, LookupError, TypeError, AttributeError):
            return 0
        found = lengths.get(self._endpoint.model)
        return found if isinstance(found, int) else 0
