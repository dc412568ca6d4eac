"""Text to token ids and back, for the light side and the heavy side alike.

Wraps the Rust `tokenizers` library, which starts in milliseconds and needs no torch. Text is encoded in segments and
never with special tokens added by the library: where they belong is the prompt format's business.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer

from phi_core.chat.control_tokens import ControlTokens, unmarked
from phi_core.errors import DataError, ModelError
from phi_core.model_files.folder import read_json
from phi_core.plain_text import one_line

KNOWN_STOPS = (
    *("<|im_end|>", "<|end|>", "<|eot_id|>", "<|endoftext|>", "</s>", "<end_of_turn>", "<|end_of_text|>"),
    *("<|eot|>", "<|eom_id|>", "<|end_of_turn|>", "<|return|>", "<eos>", "<｜end▁of▁sentence｜>"),
)
"""Tokens with which published templates end an answer."""
NAMED_TOKENS = tuple(f"{name}_token" for name in ("bos", "eos", "unk", "sep", "pad", "cls", "mask"))
"""Keys under which a model folder names its special tokens."""
_MORE_TOKENS = ("extra_special_tokens", "additional_special_tokens")
_FLAGS = ("single_word", "lstrip", "rstrip", "normalized")
_TURN_TOKEN = re.compile(r"<[|｜].+[|｜]>", re.DOTALL)


@dataclass(frozen=True)
class TextTokenizer:
    """`opening` holds the ids that the tokenizer puts before a text of its own (a BOS token, or none)."""

    backend: Tokenizer
    opening: tuple[int, ...]

    def encode(self, text: str) -> list[int]:
        """Control tokens that `text` spells become control tokens."""
        return _ids(self.backend, text)

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of many texts, each as `encode` gives them: on all cores, without Python's lock."""
        try:
            found = self.backend.encode_batch_fast(list(texts), add_special_tokens=False)
        except TypeError:
            return [_ids(self.backend, text) for text in texts]
        return [encoding.ids for encoding in found]

    def encode_as_text(self, text: str, mark: str, control: ControlTokens) -> list[int]:
        """The ids of a text in which a mark stands in every spelled control token: none becomes one.

        The same tokenizer without its control tokens reads it. Should its vocabulary hold one as an ordinary word,
        the text is cut at the marks instead.
        """
        ids = _ids(self._as_text, unmarked(text, mark))
        if {self.token_id(token) for token in control.tokens}.isdisjoint(ids):
            return ids
        return [token_id for piece in text.split(mark) for token_id in self.encode(piece)]

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        text: str = self.backend.decode(list(ids), skip_special_tokens=skip_special_tokens)
        return text

    def token_id(self, token: str) -> int | None:
        try:
            found: int | None = self.backend.token_to_id(token)
        except UnicodeEncodeError:  # half a surrogate pair is no token
            return None
        return found

    def token(self, token_id: int) -> str | None:
        found: str | None = self.backend.id_to_token(token_id)
        return found

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all that decides which ids a text gets."""
        return hashlib.sha256(self.backend.to_str().encode()).hexdigest()

    @cached_property
    def control(self) -> ControlTokens:
        """The tokens that only a prompt format may write: special ones, and those that look like marks of a turn.

        Other added tokens (runs of spaces, <think>) are text like any other.
        """
        added: dict[int, AddedToken] = self.backend.get_added_tokens_decoder()
        tokens = [token for token in added.values() if _is_control(token)]
        return ControlTokens(
            frozenset(token.content for token in tokens),
            frozenset(token.content for token in tokens if token.rstrip),
        )

    @cached_property
    def _as_text(self) -> Tokenizer:
        content = json.loads(self.backend.to_str())
        kept = [item for item in content["added_tokens"] if item["content"] not in self.control.tokens]
        content["added_tokens"] = kept
        return Tokenizer.from_str(json.dumps(content))


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
        return text_tokenizer(_with_special_tokens(Tokenizer.from_file(str(path)), folder))
    except ModelError:
        raise
    except Exception as error:  # the Rust library raises bare Exception
        raise ModelError(f"{path} is no tokenizer: {error}") from None


def special_token_settings(folder: Path) -> dict[str, Any]:
    """tokenizer_config.json, with what an older special_tokens_map.json says otherwise, as transformers reads both."""
    settings = read_json(folder, "tokenizer_config.json")
    if "added_tokens_decoder" in settings:
        return settings
    return settings | read_json(folder, "special_tokens_map.json")


def token_text(token: Any) -> str:
    """A token is named by its text, or by a dictionary with it."""
    return str(token.get("content", "") if isinstance(token, dict) else token)


def special_token_names(folder: Path) -> tuple[str, ...]:
    """The special tokens that a model folder names, whether or not its tokenizer.json lists them."""
    return tuple(token.content for token in _special_tokens(special_token_settings(folder)))


def _with_special_tokens(backend: Tokenizer, folder: Path) -> Tokenizer:
    """The tokenizer with the special tokens that the folder names, as transformers registers them.

    A token that the vocabulary lacks stays ordinary text: it would get an id for which the model has no weights.
    """
    named = _special_tokens(special_token_settings(folder))
    backend.add_special_tokens([token for token in named if backend.token_to_id(token.content) is not None])
    return backend


def _special_tokens(settings: dict[str, Any]) -> list[AddedToken]:
    detailed = settings.get("added_tokens_decoder")
    known = {token_text(item): item for item in detailed.values()} if isinstance(detailed, dict) else {}
    found = [settings[key] for key in NAMED_TOKENS if settings.get(key)]
    found += [token for key in _MORE_TOKENS for token in _items(settings.get(key))]
    return [_special_token(known.get(token_text(token), token)) for token in found if token_text(token)]


def _items(tokens: Any) -> Iterable[Any]:
    """Tokens of a list, or of a dictionary with a name for each."""
    return tokens.values() if isinstance(tokens, dict) else tokens if isinstance(tokens, list) else ()


def _special_token(token: Any) -> AddedToken:
    flags = {key: bool(token[key]) for key in _FLAGS if key in token} if isinstance(token, dict) else {}
    return AddedToken(token_text(token), **{"normalized": False, **flags, "special": True})


def _ids(backend: Tokenizer, text: str) -> list[int]:
    """DataError for half a surrogate pair, which JSON can hold and no tokenizer reads."""
    try:
        ids: list[int] = backend.encode(text, add_special_tokens=False).ids
    except TypeError:
        raise DataError(
            f"a text holds half a surrogate pair, which is no character: {one_line(_around_half(text))}",
            remedy="Write the whole character, or leave it out",
        ) from None
    return ids


def _around_half(text: str) -> str:
    place = next((at for at, letter in enumerate(text) if "\ud800" <= letter <= "\udfff"), 0)
    return text[max(0, place - 20) : place + 20].encode("utf-8", "backslashreplace").decode()


def _is_control(token: AddedToken) -> bool:
    """A token of one character cannot be told from text and counts as text."""
    name: str = token.content
    is_mark = token.special or name in KNOWN_STOPS or _TURN_TOKEN.fullmatch(name) is not None
    return len(name) > 1 and is_mark
