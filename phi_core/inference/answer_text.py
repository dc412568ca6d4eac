"""One answer as it grows: token ids in, pieces of text out that are complete characters.

Knows nothing about the model that draws the ids, nor about the other answers of a batch.
"""

import time
from dataclasses import dataclass, field, replace

from tokenizers.decoders import DecodeStream

from phi_core.chat.engine import Chunk, FinishReason
from phi_core.chat.tokenizer import TextTokenizer


@dataclass
class AnswerText:
    """`limit`: the most tokens, the stop token included. `start`: of the answer, in seconds of the monotonic clock.

    `drops_space`: a space at the very beginning belongs to the prompt's format.
    """

    tokenizer: TextTokenizer
    stop_ids: frozenset[int]
    limit: int
    prompt_tokens: int
    dropped_turns: int
    start: float
    drops_space: bool
    tokens: int = 0
    _ids: list[int] = field(default_factory=list)
    _decoded: str = ""
    _pieces: list[str] = field(default_factory=list)
    _stream: DecodeStream = field(default_factory=lambda: DecodeStream(skip_special_tokens=True))

    def add(self, token_id: int) -> Chunk:
        """The piece that the id completes; the last one says why the answer ends."""
        self.tokens += 1
        is_stop = token_id in self.stop_ids
        text = "" if is_stop else self._step(token_id)
        if is_stop or self.tokens >= self.limit:
            return self._chunk(text + self._rest(), "stop" if is_stop else "length")
        return self._chunk(text, None)

    def whole(self, last: Chunk) -> Chunk:
        """The answer in one piece, after its last one."""
        return replace(last, text="".join(self._pieces))

    def _step(self, token_id: int) -> str:
        self._ids.append(token_id)
        piece = self._stream.step(self.tokenizer.backend, token_id) or ""
        self._decoded += piece
        return piece

    def _rest(self) -> str:
        """The text of a character that was never finished."""
        whole = self.tokenizer.decode(self._ids)
        return whole[len(self._decoded) :] if whole.startswith(self._decoded) else ""

    def _chunk(self, text: str, finish: FinishReason | None) -> Chunk:
        if text and self.drops_space:
            text, self.drops_space = text.removeprefix(" "), False
        self._pieces.append(text)
        seconds = time.monotonic() - self.start
        return Chunk(text, self.tokens, seconds, finish, self.prompt_tokens, self.dropped_turns)
