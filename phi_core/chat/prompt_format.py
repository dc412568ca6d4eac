"""Prompt formats: messages → text segments, each marked as trained or not.

One registry for training, chat, compare and eval:

    chat_template  the tokenizer's own Jinja template, rendered byte for byte as transformers does
    instruct       "Instruct: {prompt}\\nOutput:" then " {answer}" and the stop token (Phi-2's model card)
    raw            the messages' text and nothing else, then the stop token

Segments are tokenised one by one (`tokenise`), so the ids of a prompt in chat are exactly those that training saw.
Prompts are never altered. Knows nothing about torch.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from phi_core.chat.messages import Message
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.errors import ModelError
from phi_core.model_files.folder import read_json

FormatName = Literal["chat_template", "instruct", "raw"]
KNOWN = ", ".join(get_args(FormatName))
FILE = "prompt_format.json"
"""Written beside an adapter: the format that it was trained with."""


@dataclass(frozen=True)
class PromptFormat:
    """`stop` is the token that ends an answer; `stops` are all tokens at which generation ends, `stop` among them."""

    name: FormatName
    stop: str
    stops: tuple[str, ...]
    template: str = ""
    special_tokens: tuple[tuple[str, str], ...] = ()

    @property
    def hash(self) -> str:
        """SHA-256 over all that decides the rendered text."""
        content = json.dumps([self.name, self.stop, self.template, self.special_tokens])
        return hashlib.sha256(content.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "hash": self.hash,
            "stop": self.stop,
            "stops": list(self.stops),
            "template": self.template,
            "special_tokens": dict(self.special_tokens),
        }


@dataclass(frozen=True)
class Segment:
    text: str
    trained: bool


@dataclass(frozen=True)
class Tokenised:
    """`trained[i]` says whether the loss counts the prediction of `ids[i]`. Both have the same length."""

    ids: tuple[int, ...]
    trained: tuple[bool, ...]

    @property
    def num_trained(self) -> int:
        return sum(self.trained[1:])

    def cut(self, length: int) -> "Tokenised":
        """Without what lies beyond `length` tokens."""
        return self if len(self.ids) <= length else Tokenised(self.ids[:length], self.trained[:length])


def read_prompt_format(folder: Path, wanted: str = "auto") -> PromptFormat:
    """The format for a model folder. `auto`: the tokenizer's chat template if it has one, else instruct."""
    settings = read_json(folder, "tokenizer_config.json")
    template = _template(folder, settings)
    if wanted == "chat_template" and not template:
        raise ModelError(
            "prompt_format chat_template: the tokenizer has no chat template",
            "Use prompt_format instruct or raw",
        )
    name = ("chat_template" if template else "instruct") if wanted == "auto" else wanted
    return _prompt_format(name, folder, settings, template=template)


def prompt_format_from(record: Mapping[str, Any]) -> PromptFormat:
    """The format recorded in prompt_format.json. ModelError if it is not one of ours."""
    if record.get("name") not in get_args(FormatName):
        raise ModelError(f"{FILE} names the prompt format {record.get('name')!r}", f"Known: {KNOWN}")
    try:
        return PromptFormat(
            name=record["name"],
            stop=record["stop"],
            stops=tuple(record["stops"]),
            template=record.get("template", ""),
            special_tokens=tuple(record.get("special_tokens", {}).items()),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{FILE} is not a prompt format: {error!r}") from None


def segments(form: PromptFormat, messages: Sequence[Message], *, generation: bool) -> list[Segment]:
    """The text of a conversation; with `generation` it ends where the next answer begins."""
    render = {"chat_template": _render_template, "instruct": _render_instruct, "raw": _render_raw}[form.name]
    return [segment for segment in render(form, messages, generation) if segment.text]


def tokenise(
    form: PromptFormat, messages: Sequence[Message], tokenizer: TextTokenizer, *, generation: bool = False
) -> Tokenised:
    """The ids of a conversation and which of them are trained.

    A chat template writes its own opening token; for the other formats the tokenizer's is put in front.
    """
    ids: list[int] = [] if form.name == "chat_template" else list(tokenizer.opening)
    trained = [False] * len(ids)
    for segment in segments(form, messages, generation=generation):
        part = tokenizer.encode(segment.text)
        ids += part
        trained += [segment.trained] * len(part)
    return Tokenised(tuple(ids), tuple(trained))


def stop_ids(form: PromptFormat, tokenizer: TextTokenizer) -> frozenset[int]:
    """The ids at which generation ends. ModelError if the tokenizer lacks the stop token."""
    found = {token: tokenizer.token_id(token) for token in form.stops}
    if found.get(form.stop) is None:
        raise ModelError(
            f"the tokenizer has no token {form.stop!r}, which ends an answer in this prompt format"
        )
    return frozenset(token_id for token_id in found.values() if token_id is not None)


def _render_instruct(form: PromptFormat, messages: Sequence[Message], generation: bool) -> list[Segment]:
    parts = []
    for message in messages:
        if message.role == "assistant":
            parts += [Segment(f" {message.content}", True), Segment(form.stop, True)]
        elif message.role == "user":
            parts.append(Segment(f"Instruct: {message.content}\nOutput:", False))
        else:
            parts.append(Segment(f"{message.content}\n", False))
    return parts


def _render_raw(form: PromptFormat, messages: Sequence[Message], generation: bool) -> list[Segment]:
    parts = []
    for message in messages:
        answer = message.role == "assistant"
        parts.append(Segment(message.content, answer))
        parts += [Segment(form.stop, True)] if answer else []
    return parts


def _render_template(form: PromptFormat, messages: Sequence[Message], generation: bool) -> list[Segment]:
    """Answers as the template writes them; whatever stands between two answers belongs to the next question."""
    parts: list[Segment] = []
    done = ""
    for position, message in enumerate(messages):
        if message.role != "assistant":
            continue
        before = _rendered(form, messages[:position], generation=True)
        after = _rendered(form, messages[: position + 1], generation=False)
        answer = _through_stop(form, _continued(after, before), message.content)
        parts += [Segment(_continued(before, done), False), Segment(answer, True)]
        if not answer.endswith(form.stops):
            parts.append(Segment(form.stop, True))
        done = before + answer
    whole = _rendered(form, messages, generation=generation)
    return [*parts, Segment(_continued(whole, done), False)]


def _through_stop(form: PromptFormat, text: str, content: str) -> str:
    """An answer up to its first stop token; all of it if the template writes none."""
    content = content.strip()
    start = text.find(content) + len(content) if content in text else 0
    ends = [found + len(stop) for stop in form.stops if (found := text.find(stop, start)) >= 0]
    return text[: min(ends)] if ends else text


def _continued(longer: str, shorter: str) -> str:
    if not longer.startswith(shorter):
        raise ModelError(
            "the chat template is not prefix-stable: adding a message changes the text before it",
            "Use prompt_format instruct or raw for this model",
        )
    return longer[len(shorter) :]


def _rendered(form: PromptFormat, messages: Sequence[Message], *, generation: bool) -> str:
    values: dict[str, Any] = {"tools": None, "documents": None, **dict(form.special_tokens)}
    values["messages"] = [message.as_json() for message in messages]
    try:
        return _compiled(form.template).render(**values, add_generation_prompt=generation)
    except (
        jinja2.TemplateError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        raise ModelError(f"the chat template refuses these messages: {error}") from None


class _GenerationTag(Extension):
    """`{% generation %}…{% endgeneration %}` marks answers in some templates; its content is rendered as it is."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Namespace(Namespace):
    """Jinja's namespace without names of Python's own: templates come from strangers."""

    def __init__(self, *pairs: Any, **values: Any) -> None:
        super().__init__(*pairs, **values)
        for name in dict(*pairs, **values):
            _require_own_name(name)

    def __setitem__(self, name: str, value: Any) -> None:
        _require_own_name(name)
        super().__setitem__(name, value)


def _require_own_name(name: str) -> None:
    if str(name).startswith("_"):
        raise SecurityError(f"a namespace may not hold {name!r}")


@cache
def _compiled(template: str) -> jinja2.Template:
    # The same sandbox, white-space rules, filter and functions as transformers' apply_chat_template.
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTag, loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals |= {
        "raise_exception": _raise,
        "strftime_now": _strftime_now,
        "namespace": _Namespace,
        "dict": lambda *pairs, **values: dict(*pairs, **values),
    }
    try:
        return environment.from_string(template)
    except jinja2.TemplateError as error:
        raise ModelError(f"the chat template is broken: {error}") from None


def _to_json(value: Any, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=False, **options)


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)


def _strftime_now(form: str) -> str:
    from datetime import datetime

    return datetime.now().strftime(form)


def _template(folder: Path, settings: Mapping[str, Any]) -> str:
    path = folder / "chat_template.jinja"
    if path.exists():
        return path.read_text(encoding="utf-8")
    template = settings.get("chat_template") or ""
    if isinstance(template, list):  # older files: several named templates
        template = next((item["template"] for item in template if item.get("name") == "default"), "")
    return str(template)


def _prompt_format(name: str, folder: Path, settings: Mapping[str, Any], *, template: str) -> PromptFormat:
    special = {key: _token_text(settings[key]) for key in _SPECIAL if settings.get(key)}
    stop = special.get("eos_token", "")
    if not stop:
        raise ModelError(f"the tokenizer in {folder} names no eos_token, so no answer could end")
    used = template if name == "chat_template" else ""
    stops = tuple(dict.fromkeys((stop, *_generation_stops(folder))))
    specials = tuple(special.items()) if used else ()
    return PromptFormat(name, stop, stops, used, specials)  # type: ignore[arg-type]


_SPECIAL = ("bos_token", "eos_token", "unk_token", "pad_token")


def _token_text(token: Any) -> str:
    return str(token["content"] if isinstance(token, dict) else token)


def _generation_stops(folder: Path) -> list[str]:
    """Texts of the end-of-sequence ids of generation_config.json (Phi-3.5 has three)."""
    wanted = read_json(folder, "generation_config.json").get("eos_token_id")
    ids = wanted if isinstance(wanted, list) else [] if wanted is None else [wanted]
    added = {
        item.get("id"): item.get("content")
        for item in read_json(folder, "tokenizer.json").get("added_tokens", [])
    }
    return [str(added[token_id]) for token_id in ids if token_id in added]
