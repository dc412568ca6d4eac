"""Control tokens, and messages that spell them.

A control token is one that a prompt format writes to set turns apart, such as <|im_end|>. A message may spell one;
it must then be read as the ordinary text that it is, else a question could end itself and an answer stop early. So
before rendering, every spelled control token gets a *mark* after its first character: a Unicode noncharacter that the
conversation does not hold. Templates carry the mark along; after rendering it tells spelled tokens from real ones, and
is taken out again. Text itself is never changed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from phi_core.chat.messages import Message
from phi_core.errors import ModelError

NONCHARACTERS = "".join(map(chr, range(0xFDD0, 0xFDF0)))
"""Code points that Unicode keeps for a program's own use: no text should hold one."""


@dataclass(frozen=True)
class ControlTokens:
    """`greedy` are those after which the tokenizer swallows white space."""

    tokens: frozenset[str]
    greedy: frozenset[str] = frozenset()

    def spelled_in(self, text: str) -> bool:
        return any(
            head in text and any(token in text for token in tokens) for head, tokens in self._by_head.items()
        )

    def marked(self, messages: Sequence[Message]) -> tuple[Sequence[Message], str]:
        """The messages with a mark in every spelled control token, and the mark: "" if none is spelled."""
        if not any(self.spelled_in(message.content) for message in messages):
            return messages, ""
        mark = _unused("".join(message.content for message in messages))
        return [self._marked(message, mark) for message in messages], mark

    def sections(self, text: str, mark: str) -> Iterator[tuple[str, bool]]:
        """`text` cut at its real control tokens into (section, whether it holds a mark).

        Sections without a mark are joined with the control tokens beside them.
        """
        joined = ""
        for place, section in enumerate(self._real.split(text)):
            if place % 2 or mark not in section:
                joined += section
                continue
            if joined:
                yield joined, False
            joined = ""
            yield section, True
        if joined:
            yield joined, False

    def swallows_after(self, text: str) -> bool:
        """Whether white space after `text` would be lost in its last token."""
        return text.endswith(tuple(self.greedy)) if self.greedy else False

    def _marked(self, message: Message, mark: str) -> Message:
        content, at = message.content, message.input_at
        if at is not None:
            at += sum(found.start() + 1 <= at for found in self._start.finditer(content)) * len(mark)
        return replace(message, content=self._start.sub(rf"\1{mark}", content), input_at=at)

    @cached_property
    def _by_head(self) -> dict[str, list[str]]:
        """First two characters → tokens: a look for these spares most texts all others."""
        found: dict[str, list[str]] = {}
        for token in self.tokens:
            found.setdefault(token[:2], []).append(token)
        return found

    @cached_property
    def _alternatives(self) -> str:
        longest_first = sorted(self.tokens, key=lambda token: (-len(token), token))
        return "|".join(
            re.escape(token) + (r"\s*" if token in self.greedy else "") for token in longest_first
        )

    @cached_property
    def _start(self) -> re.Pattern[str]:
        """The first character of each control token, also of those that overlap."""
        return re.compile(f"(?=(?:{self._alternatives}))(.)", re.DOTALL)

    @cached_property
    def _real(self) -> re.Pattern[str]:
        return re.compile(f"({self._alternatives})")


def unmarked(text: str, mark: str) -> str:
    return text.replace(mark, "") if mark else text


def _unused(text: str) -> str:
    for mark in NONCHARACTERS:
        if mark not in text:
            return mark
    raise ModelError(
        "a conversation spells a control token and holds every Unicode noncharacter",
        "Take U+FDD0 to U+FDEF out of it",
    )
