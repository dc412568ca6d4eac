"""Several answers at a time from something that is waited for: threads that stream, one queue of pieces.

Knows nothing about where the answers come from.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence

from phi_core.chat.engine import Ask, Chunk
from phi_core.errors import EngineFailed, PhiError

Piece = tuple[int, Chunk | EngineFailed]
Stream = Callable[[Ask], Iterator[Chunk]]


def answer_concurrently(asks: Sequence[Ask], stream: Stream, *, at_once: int) -> Iterator[Piece]:
    """Pieces as they come. Closing ends every thread at its next piece."""
    waiting: queue.SimpleQueue[tuple[int, Ask]] = queue.SimpleQueue()
    for pair in enumerate(asks):
        waiting.put(pair)
    found: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
    stop = threading.Event()
    workers = min(at_once, len(asks))
    for _ in range(workers):
        threading.Thread(target=_work, args=(waiting, found, stop, stream), daemon=True).start()
    try:
        while workers:
            piece = found.get()
            if piece is None:
                workers -= 1
            else:
                yield piece
    finally:
        stop.set()


def _work(
    waiting: "queue.SimpleQueue[tuple[int, Ask]]",
    found: "queue.SimpleQueue[Piece | None]",
    stop: threading.Event,
    stream: Stream,
) -> None:
    while not stop.is_set():
        try:
            position, ask = waiting.get_nowait()
        except queue.Empty:
            break
        _answer(position, ask, found, stop, stream)
    found.put(None)


def _answer(
    position: int,
    ask: Ask,
    found: "queue.SimpleQueue[Piece | None]",
    stop: threading.Event,
    stream: Stream,
) -> None:
    chunks = stream(ask)
    try:
        for chunk in chunks:
            found.put((position, chunk))
            if stop.is_set():
                return
    except EngineFailed as error:
        found.put((position, error))
    except PhiError as error:
        found.put((position, EngineFailed(error.what, error.remedy)))
    except Exception as error:  # the top of a thread: the caller must hear of it, or would wait for ever
        found.put((position, EngineFailed(f"{type(error).__name__}: {error}")))
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
