"""A conversation as token ids, with the place of each answer: one function for training, chat, compare and eval.

Segments are tokenised one by one, so the ids of a prompt in chat are exactly those that training saw. Control tokens
that a message spells are read as ordinary text; a plain text, which no format touches, may hold them.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from phi_core.chat.control_tokens import ControlTokens, unmarked
from phi_core.chat.messages import Message
from phi_core.chat.prompt_form import PromptFormat
from phi_core.chat.rendering import Segment, render
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.errors import ModelError
from phi_core.plain_text import one_line

_OTHER_FORMAT = "Use prompt_format auto, instruct or raw"
BATCH = 1024
"""Conversations that are tokenised at once."""
PROBE = (
    Message("system", "Answer in one line."),
    Message("user", "  Naïve\tcafé №5: 数 🏴‍☠️ «a  b»?\r\n"),
    Message("assistant", "Ahoy — 12345.67, {it's} <fine>!"),
    Message("user", "<|end|> </s> <|im_end|> is text\u00a0here. Yes?"),
    Message("assistant", "Yes."),
)
"""Odd characters, spelled control tokens and two turns: where tokenizers and templates differ, this shows it."""


@dataclass(frozen=True)
class Tokenised:
    """`answers` are (start, end) of the trained tokens of each assistant message, stop token included, in order."""

    ids: tuple[int, ...]
    answers: tuple[tuple[int, int], ...]

    @cached_property
    def trained(self) -> tuple[bool, ...]:
        """Whether the loss counts the prediction of each id."""
        marks = bytearray(len(self.ids))
        for start, end in self.answers:
            marks[start:end] = b"\1" * (end - start)
        return tuple(map(bool, marks))

    @property
    def num_trained(self) -> int:
        """A first token is predicted nowhere."""
        return sum(end - max(start, 1) for start, end in self.answers if end > 1)

    def cut(self, length: int) -> "Tokenised":
        """Without what lies beyond `length` tokens."""
        if len(self.ids) <= length:
            return self
        kept = tuple((start, min(end, length)) for start, end in self.answers if start < length)
        return Tokenised(self.ids[:length], kept)


def segments(form: PromptFormat, messages: Sequence[Message], *, generation: bool) -> list[Segment]:
    """The text of a conversation; with `generation` it ends where the next answer begins."""
    parts, mark = _rendered(form, messages, _control_of(form.stops), generation)
    return [Segment(unmarked(part.text, mark), part.answer) for part in parts]


def tokenise(
    form: PromptFormat, messages: Sequence[Message], tokenizer: TextTokenizer, *, generation: bool = False
) -> Tokenised:
    """The ids of a conversation and the places of its answers.

    A template writes its own opening token; for the other formats the tokenizer's is put in front.
    """
    pieces = _pieces(form, messages, tokenizer, generation)
    return _joined(_opening(form, tokenizer), pieces, lambda piece: _ids(piece, tokenizer))


def tokenise_all(
    form: PromptFormat, conversations: Sequence[Sequence[Message]], tokenizer: TextTokenizer
) -> list[Tokenised]:
    """Each conversation as `tokenise` gives it, faster: many at once, on all cores."""
    opening = _opening(form, tokenizer)
    found: list[Tokenised] = []
    for start in range(0, len(conversations), BATCH):
        batch = [
            _pieces(form, messages, tokenizer, False) for messages in conversations[start : start + BATCH]
        ]
        ids_of = _encoded(batch, tokenizer)
        found += [_joined(opening, pieces, ids_of) for pieces in batch]
    return found


def tokenise_text(form: PromptFormat, text: str, tokenizer: TextTokenizer) -> Tokenised:
    """A plain text, all of it trained, with the token that ends a text; no format touches it.

    Control tokens in it are control tokens, for it may have been rendered elsewhere: one that brings its own opening
    or end gets no second one.
    """
    return _whole_text(tokenizer.encode(text), tokenizer.opening, _ends_of_text(form, tokenizer))


def tokenise_texts(form: PromptFormat, texts: Sequence[str], tokenizer: TextTokenizer) -> list[Tokenised]:
    """Each text as `tokenise_text` gives it, faster."""
    opening, ends = tokenizer.opening, _ends_of_text(form, tokenizer)
    found: list[Tokenised] = []
    for start in range(0, len(texts), BATCH):
        encoded = tokenizer.encode_all(texts[start : start + BATCH])
        found += [_whole_text(ids, opening, ends) for ids in encoded]
    return found


def stop_ids(form: PromptFormat, tokenizer: TextTokenizer) -> frozenset[int]:
    """The ids at which generation ends. ModelError if the tokenizer lacks the stop token, or a token of the format."""
    for token in form.needed_tokens:
        _require_token(token, form, tokenizer)
    found = (tokenizer.token_id(token) for token in form.stops)
    return frozenset(token_id for token_id in found if token_id is not None)


def probe_ids_hash(form: PromptFormat, tokenizer: TextTokenizer) -> str:
    """SHA-256 of the ids of a fixed conversation: equal where format and tokenizer give the same ids.

    Templates that refuse a system message or a second turn are tried without. Today's date is left out.
    """
    from phi_core.chat.template_engine import FIXED_DATE

    timeless = replace(form, template=FIXED_DATE + form.template) if "strftime_now" in form.template else form
    for messages in (PROBE, PROBE[1:], PROBE[:3]):
        try:
            return _hash(tokenise(timeless, messages, tokenizer).ids)
        except ModelError:
            continue
    return _hash(tokenise(timeless, PROBE[1:3], tokenizer).ids)


def _require_token(token: str, form: PromptFormat, tokenizer: TextTokenizer) -> None:
    """ModelError unless encoding the token's text gives its id: else the text would be read as ordinary pieces."""
    role = "ends an answer" if token == form.stop else "opens a turn"
    token_id = tokenizer.token_id(token)
    if token_id is None:
        raise ModelError(
            f"the tokenizer has no token {token!r}, which {role} in prompt format {form.name}", _OTHER_FORMAT
        )
    found = tokenizer.encode(token)
    if found != [token_id]:
        pieces = " ".join(repr(tokenizer.token(piece)) for piece in found)
        raise ModelError(
            f"the tokenizer reads the token {token!r}, which {role} in prompt format {form.name}, as "
            f"{len(found)} pieces: {one_line(pieces)}",
            f"Name it as a special token in tokenizer_config.json. {_OTHER_FORMAT}",
        )


class _Piece(NamedTuple):
    """Text that is encoded by itself. Spelled control tokens hold `mark`; it is "" where none of `control` is spelled."""

    text: str
    answer: int | None
    mark: str
    control: ControlTokens


def _pieces(
    form: PromptFormat, messages: Sequence[Message], tokenizer: TextTokenizer, generation: bool
) -> list[_Piece]:
    control = tokenizer.control
    if not control.tokens.issuperset(form.stops):
        control = _with_stops(control, form.stops)
    parts, mark = _rendered(form, messages, control, generation)
    pieces: list[_Piece] = []
    swallow = False  # white space after an answer's stop token, as in one text
    for text, answer in ((part.text, part.answer) for part in parts):
        text = text.lstrip() if swallow else text
        swallow = answer is not None and control.swallows_after(text)
        if not mark or mark not in text:
            pieces.append(_Piece(text, answer, "", control))
        else:
            pieces += [
                _Piece(section, answer, mark if spelled else "", control)
                for section, spelled in control.sections(text, mark)
            ]
    return pieces


def _rendered(
    form: PromptFormat, messages: Sequence[Message], control: ControlTokens, generation: bool
) -> tuple[list[Segment], str]:
    """The segments, with a mark in every spelled control token, and the mark."""
    marked, mark = control.marked(messages)
    return render(form, marked, generation=generation), mark


def _encoded(batch: Sequence[Sequence[_Piece]], tokenizer: TextTokenizer) -> Callable[[_Piece], list[int]]:
    """Every distinct text of the batch is encoded once."""
    texts = list({piece.text: None for pieces in batch for piece in pieces if not piece.mark})
    known = dict(zip(texts, tokenizer.encode_all(texts), strict=True))
    return lambda piece: _ids(piece, tokenizer) if piece.mark else known[piece.text]


def _ids(piece: _Piece, tokenizer: TextTokenizer) -> list[int]:
    if piece.mark:
        return tokenizer.encode_as_text(piece.text, piece.mark, piece.control)
    return tokenizer.encode(piece.text)


def _joined(
    opening: Sequence[int], pieces: Sequence[_Piece], ids_of: Callable[[_Piece], list[int]]
) -> Tokenised:
    ids = list(opening)
    spans: dict[int, tuple[int, int]] = {}
    for piece in pieces:
        start = len(ids)
        ids += ids_of(piece)
        if piece.answer is not None:
            first, _ = spans.get(piece.answer, (start, start))
            spans[piece.answer] = first, len(ids)
    return Tokenised(tuple(ids), tuple(spans.values()))


def _ends_of_text(form: PromptFormat, tokenizer: TextTokenizer) -> tuple[int, ...]:
    """The id that ends a text, and that which ends an answer. ModelError if there is none."""
    stop_ids(form, tokenizer)
    found = (tokenizer.token_id(token) for token in (form.end_of_text, form.stop))
    return tuple(token_id for token_id in found if token_id is not None)


def _whole_text(ids: Sequence[int], opening: tuple[int, ...], ends: Sequence[int]) -> Tokenised:
    content = tuple(ids[len(opening) :] if tuple(ids[: len(opening)]) == opening else ids)
    if not content or content[-1] not in ends:
        content += (ends[0],)
    return Tokenised(opening + content, ((len(opening), len(opening) + len(content)),))


def _opening(form: PromptFormat, tokenizer: TextTokenizer) -> tuple[int, ...]:
    return () if form.writes_opening else tokenizer.opening


@lru_cache(maxsize=8)
def _control_of(stops: tuple[str, ...]) -> ControlTokens:
    return ControlTokens(frozenset(stop for stop in stops if len(stop) > 1))


@lru_cache(maxsize=8)
def _with_stops(control: ControlTokens, stops: tuple[str, ...]) -> ControlTokens:
    return replace(control, tokens=control.tokens | _control_of(stops).tokens)


def _hash(ids: Sequence[int]) -> str:
    return hashlib.sha256(json.dumps(list(ids)).encode()).hexdigest()
