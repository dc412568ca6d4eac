"""Text to token ids and back, for the light side and the heavy side alike.

Wraps the Rust `tokenizers` library, which starts in milliseconds and needs no torch. Text is encoded in segments and
never with special tokens added by the library: where they belong is the prompt format's business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from phi_core.errors import ModelError


@dataclass(frozen=True)
class TextTokenizer:
    """`opening` holds the ids that the tokenizer puts before a text of its own (a BOS token, or none)."""

    backend: Tokenizer
    opening: tuple[int, ...]

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self.backend.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        text: str = self.backend.decode(list(ids), skip_special_tokens=skip_special_tokens)
        return text

    def token_id(self, token: str) -> int | None:
        found: int | None = self.backend.token_to_id(token)
        return found

    def token(self, token_id: int) -> str | None:
        found: str | None = self.backend.id_to_token(token_id)
        return found


def text_tokenizer(backend: Tokenizer) -> TextTokenizer:
    """Padding and truncation that the file may ask for are switched off: samples are cut by us, and counted."""
    backend.no_padding()
    backend.no_truncation()
    whole: list[int] = backend.encode("a", add_special_tokens=True).ids
    bare: list[int] = backend.encode("a", add_special_tokens=False).ids
    return TextTokenizer(backend, tuple(whole[: whole.index(bare[0])] if bare and bare[0] in whole else ()))


def read_tokenizer(folder: Path) -> TextTokenizer | None:
    """The tokenizer of a model folder; None if it has no tokenizer.json (then only the heavy side can read it)."""
    path = folder / "tokenizer.json"
    if not path.exists():
        return None
    try:
        return text_tokenizer(Tokenizer.from_file(str(path)))
    except Exception as error:  # the Rust library raises bare Exception
        raise ModelError(f"{path} is no tokenizer: {error}") from None
