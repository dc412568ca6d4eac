"""A prompt format as plain data: what it is called, which template it has, which tokens end an answer.

What a format writes is in `rendering`; which format a model folder has, in `prompt_format`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date as Day
from typing import Any, Literal, get_args

from phi_core.errors import ModelError

FormatName = Literal["chat_template", "instruct", "phi3", "alpaca", "chatml", "raw", "jinja"]
FORMATS: tuple[str, ...] = get_args(FormatName)
FILE = "prompt_format.json"
"""Written beside an adapter: the format that it was trained with."""
_TEMPLATES = ("chat_template", "jinja")
_WRITTEN = {
    "phi3": ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
    "chatml": ("<|im_start|>", "<|im_end|>"),
}


@dataclass(frozen=True)
class PromptFormat:
    """`stop` is the token that ends an answer; `stops` are all tokens at which generation ends, `stop` among them.

    `date` is the ISO day that a template which asks for today's date is told, so that the same conversation has the same
    ids on any day. "": the template asks for none (or, in an older record, is told today's).
    """

    name: FormatName
    stop: str
    stops: tuple[str, ...]
    template: str = ""
    special_tokens: tuple[tuple[str, str], ...] = ()
    date: str = ""

    @property
    def hash(self) -> str:
        """SHA-256 over all that decides the ids. The order of `stops` decides none."""
        content = json.dumps(
            [self.name, self.stop, sorted(self.stops), self.template, self.special_tokens, self.date]
        )
        return hashlib.sha256(content.encode()).hexdigest()

    def equals_but_for_date(self, other: "PromptFormat") -> bool:
        return replace(self, date="").hash == replace(other, date="").hash

    @property
    def is_template(self) -> bool:
        """Whether a Jinja template writes the text."""
        return self.name in _TEMPLATES

    @property
    def writes_opening(self) -> bool:
        """Whether the format itself says if a text opens with a token; for the others the tokenizer does."""
        return self.is_template or self.name == "phi3"

    @property
    def end_of_text(self) -> str:
        """The token that ends a plain text: the tokenizer's eos, also where answers end with another token."""
        return dict(self.special_tokens).get("eos_token", self.stop)

    @property
    def needed_tokens(self) -> tuple[str, ...]:
        """What the tokenizer must have as tokens, lest the format be read as ordinary text."""
        return tuple(dict.fromkeys((*_WRITTEN.get(self.name, ()), self.stop)))

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "hash": self.hash,
            "stop": self.stop,
            "stops": list(self.stops),
            "template": self.template,
            "special_tokens": dict(self.special_tokens),
            "date": self.date,
        }


def prompt_format_from(record: Mapping[str, Any]) -> PromptFormat:
    """The format recorded in prompt_format.json. ModelError if it is not one of ours.

    Its hash is worked out anew: older records hold one over less.
    """
    if record.get("name") not in FORMATS:
        known = ", ".join(FORMATS)
        raise ModelError(f"{FILE} names the prompt format {record.get('name')!r}", f"Known: {known}")
    try:
        return PromptFormat(
            name=record["name"],
            stop=record["stop"],
            stops=tuple(record["stops"]),
            template=record.get("template", ""),
            special_tokens=tuple(record.get("special_tokens", {}).items()),
            date=_iso_day(record.get("date", "")),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelError(f"{FILE} is not a prompt format: {error!r}") from None


def _iso_day(text: str) -> str:
    """ValueError if it is neither an ISO day nor empty."""
    return Day.fromisoformat(text).isoformat() if text else ""
