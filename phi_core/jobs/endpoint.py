"""The address of a model behind an OpenAI-compatible endpoint, written `http://host:port/v1#model`.

The key is read from the environment for each request, and stands in no address, record or message.
"""

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from phi_core.errors import RequestError

KEY_VARIABLE = "OPENAI_API_KEY"
EXAMPLE = "Example: http://localhost:8000/v1#qwen3"


@dataclass(frozen=True)
class Endpoint:
    """`url` without a slash at its end, up to and with its version: requests go to `{url}/chat/completions`."""

    url: str
    model: str

    def __str__(self) -> str:
        return f"{self.url}#{self.model}"


def endpoint(address: str) -> Endpoint:
    """RequestError if it is no `url#model`, or holds a password or a query, which would be written down with it."""
    url, _, model = address.partition("#")
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https") or not model.strip():
        raise RequestError(f"endpoint {_shown(address)!r} is no URL#MODEL", EXAMPLE)
    if parts.username or parts.password or parts.query:
        raise RequestError(
            f"the address of endpoint {host} holds a password or a query",
            f"Give the key in the environment variable {KEY_VARIABLE}",
        )
    return Endpoint(url.rstrip("/"), model)


def headers() -> dict[str, str]:
    key = os.environ.get(KEY_VARIABLE, "").strip()
    return {"Authorization": f"Bearer {key}"} if key else {}


def without_key(text: str) -> str:
    """What a server says, without the key that it may have repeated."""
    key = os.environ.get(KEY_VARIABLE, "").strip()
    return text.replace(key, "…") if key else text


def _shown(address: str) -> str:
    """Without what may be a password."""
    return address.rpartition("@")[2]
