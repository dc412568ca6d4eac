"""Which prompt format a model folder has; and the door to everything about formats: what they write, as which ids.

One registry for training, chat, compare and eval. `rendering` says what each format writes, `tokens` which ids that
is. Knows nothing about torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date as Day
from pathlib import Path
from typing import Any

from phi_core.chat.messages import Message
from phi_core.chat.prompt_form import FILE, FORMATS, FormatName, PromptFormat, prompt_format_from
from phi_core.chat.rendering import TWO_TURNS, UNSTABLE, Segment, rendered_text
from phi_core.chat.tokenizer import (
    KNOWN_STOPS,
    special_token_names,
    special_token_settings,
    token_text,
)
from phi_core.chat.tokens import (
    Tokenised,
    probe_ids_hash,
    segments,
    stop_ids,
    tokenise,
    tokenise_all,
    tokenise_text,
    tokenise_texts,
)
from phi_core.errors import ModelError, Problem
from phi_core.model_files.folder import read_json

__all__ = [
    "FILE",
    "FORMATS",
    "FormatName",
    "PromptFormat",
    "Segment",
    "Tokenised",
    "check_template",
    "probe_ids_hash",
    "prompt_format_from",
    "read_prompt_format",
    "segments",
    "stop_ids",
    "tokenise",
    "tokenise_all",
    "tokenise_text",
    "tokenise_texts",
]
MAX_TEMPLATE_BYTES = 1 << 20
_SYSTEM = Message("system", "Be brief.")
_SPECIAL = ("bos_token", "eos_token", "unk_token", "pad_token")
_OWN_STOPS = {"phi3": "<|end|>", "chatml": "<|im_end|>"}


def read_prompt_format(
    folder: Path, wanted: str = "auto", template_file: Path | None = None, *, date: str | None = None
) -> PromptFormat:
    """The format for a model folder. `auto`: the tokenizer's chat template if it has one, else instruct.

    A template file of the user's own is format `jinja`. A template that asks for today's date is told `date`, an ISO
    day, always; None is today. ModelError if the folder or the file cannot serve.
    """
    settings = special_token_settings(folder)
    if template_file is not None:
        if wanted not in ("auto", "jinja"):
            raise ModelError(
                f"both prompt_format {wanted} and the template {template_file} were given", "Give one of them"
            )
        own = _form("jinja", folder, settings, _template_of(template_file), date)
        return _with_written_stop(own, folder)
    template = _chat_template(folder, settings)
    if wanted == "chat_template" and not template:
        raise ModelError(
            "prompt_format chat_template: the tokenizer has no chat template",
            "Use prompt_format instruct or raw",
        )
    name = ("chat_template" if template else "instruct") if wanted == "auto" else wanted
    if name == "chat_template":
        return _with_written_stop(_form(name, folder, settings, template, date), folder)
    form = _form(name, folder, settings, "", date)
    _require_tokens(form, folder)
    return form


def check_template(form: PromptFormat, *, system: bool = True, num_turns: int = 2) -> Problem | None:
    """Why a template cannot serve conversations of so many turns, tried on a fixed one; None if it can.

    A template may refuse a system message: then it is tried without.
    """
    if not form.is_template:
        return None
    turns = TWO_TURNS[: 2 * num_turns]
    fault = _fault(form, (_SYSTEM, *turns)) if system else _fault(form, turns)
    if fault is not None and system and UNSTABLE not in fault.what:
        fault = _fault(form, turns)
    fault = fault or _left_out(form, turns)
    return Problem(f"prompt_format {form.name}", fault.what, fault.remedy) if fault else None


def _left_out(form: PromptFormat, turns: Sequence[Message]) -> ModelError | None:
    """Texts that a template does not write, in whatever case, would be neither read nor trained."""
    text = "".join(part.text for part in segments(form, turns, generation=False)).casefold()
    missing = [turn.role for turn in turns if turn.content.strip().casefold() not in text]
    if not missing:
        return None
    return ModelError(
        f"the template leaves out what the {missing[0]} says", "Write {{ message.content }} for every message"
    )


def _fault(form: PromptFormat, messages: Sequence[Message]) -> ModelError | None:
    try:
        segments(form, messages, generation=False)
    except ModelError as error:
        return error
    return None


def _form(
    name: str, folder: Path, settings: Mapping[str, Any], template: str, date: str | None
) -> PromptFormat:
    if name not in FORMATS or (name == "jinja" and not template):
        raise ModelError(f"prompt_format {name!r} is none", f"Known: {', '.join(FORMATS)}")
    special = {key: token_text(settings[key]) for key in _SPECIAL if settings.get(key)}
    eos = special.get("eos_token", "")
    if not eos:
        raise ModelError(f"the tokenizer in {folder} names no eos_token, so no answer could end")
    stop = _OWN_STOPS.get(name, eos)
    stops = tuple(dict.fromkeys((stop, eos, *_generation_stops(folder))))
    if not template:
        special = {"eos_token": eos} if name in _OWN_STOPS else {}
    day = (date or Day.today().isoformat()) if _asks_for_date(template) else ""
    return PromptFormat(name, stop, stops, template, tuple(special.items()), day)  # type: ignore[arg-type]


def _asks_for_date(template: str) -> bool:
    from phi_core.chat.template_engine import asks_for_date  # late, here and below: most read no template

    return asks_for_date(template)


def _with_written_stop(form: PromptFormat, folder: Path) -> PromptFormat:
    """The format with the stop token that its template writes after an answer; eos if it writes none."""
    from phi_core.chat.template_engine import compiled

    compiled(form.template)
    added = {*_added_tokens(folder).values(), *special_token_names(folder)}
    candidates = (*form.stops, *(token for token in KNOWN_STOPS if token in added))
    question, answer = TWO_TURNS[:2]
    try:
        text = rendered_text(form, (question, answer), generation=False)
    except ModelError:  # `check_template` says so
        return form
    after = text.partition(answer.content)[2]
    written = [stop for stop in candidates if stop in after]
    if not written:
        return form
    stop = min(written, key=after.index)
    return replace(form, stop=stop, stops=tuple(dict.fromkeys((stop, *form.stops))))


def _require_tokens(form: PromptFormat, folder: Path) -> None:
    """ModelError if the format's tokens are none of this tokenizer's. Without tokenizer.json `stop_ids` finds it."""
    added = set(_added_tokens(folder).values())
    missing = [token for token in form.needed_tokens if token not in {*added, *special_token_names(folder)}]
    if added and missing and form.name in _OWN_STOPS:
        raise ModelError(
            f"prompt_format {form.name}: the tokenizer has no token {', '.join(missing)}",
            "Use prompt_format auto, instruct or raw",
        )


def _template_of(path: Path) -> str:
    """The content of a template file. ModelError if it is none."""
    try:
        size = path.stat().st_size
        if size > MAX_TEMPLATE_BYTES:
            raise ModelError(
                f"template {path} has {size:,} bytes", f"A template has at most {MAX_TEMPLATE_BYTES:,}"
            )
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ModelError(
            f"template {path} is not UTF-8: byte {error.start} is 0x{error.object[error.start]:02x}"
        ) from None
    except OSError as error:
        raise ModelError(f"template {path} cannot be read: {error.strerror}") from None
    if not text.strip():
        raise ModelError(f"template {path} is empty", "Give a file with a Jinja chat template")
    from phi_core.chat.template_engine import compiled

    try:
        compiled(text)
    except ModelError as error:
        raise ModelError(f"{path}: {error.what}", error.remedy) from None
    return text


def _chat_template(folder: Path, settings: Mapping[str, Any]) -> str:
    path = folder / "chat_template.jinja"
    if path.exists():
        return path.read_text(encoding="utf-8")
    template = settings.get("chat_template") or ""
    if isinstance(template, list):  # older files: several named templates
        template = next((item["template"] for item in template if item.get("name") == "default"), "")
    return str(template)


def _generation_stops(folder: Path) -> list[str]:
    """Texts of the end-of-sequence ids of generation_config.json (Phi-3.5 has three)."""
    wanted = read_json(folder, "generation_config.json").get("eos_token_id")
    ids = wanted if isinstance(wanted, list) else [] if wanted is None else [wanted]
    added = _added_tokens(folder)
    return [added[token_id] for token_id in ids if token_id in added]


def _added_tokens(folder: Path) -> dict[int, str]:
    """Id → text of the tokens that tokenizer.json adds to its vocabulary."""
    items = read_json(folder, "tokenizer.json").get("added_tokens", [])
    return {item.get("id"): str(item.get("content")) for item in items}
