"""Server-sent events out of the bytes of a response: the data of each event, as the HTML standard has it.

Lines end where the standard says, at CR and LF alone: other line ends of Unicode may stand within the JSON of an event.
"""

from collections.abc import Iterable, Iterator

from phi_core.errors import EngineFailed

LONGEST = 1 << 20
"""Bytes of one line; a server that sends more is none of ours."""


def event_data(pieces: Iterable[bytes]) -> Iterator[str]:
    """The data of each event, the lines of one joined by newlines. EngineFailed if it is no UTF-8 or a line never ends."""
    data: list[str] = []
    for raw in _lines(pieces):
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise EngineFailed(f"the endpoint sent {raw[:60]!r}, which is no text") from None
        if not line and data:
            yield "\n".join(data)
            data.clear()
        elif line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
    if data:
        yield "\n".join(data)


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        text = (rest + piece).replace(b"\r\n", b"\n")
        half = b"\r" if text.endswith(b"\r") else b""  # of a line end, perhaps: the next piece tells
        *whole, rest = text.removesuffix(half).replace(b"\r", b"\n").split(b"\n")
        rest += half
        yield from whole
        if len(rest) > LONGEST:
            raise EngineFailed(f"the endpoint sent a line of more than {LONGEST:,} bytes")
    yield rest.removesuffix(b"\r")
