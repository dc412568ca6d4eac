"""Messages → text segments, each of an answer or of none, for every prompt format.

    chat_template  the tokenizer's own Jinja template, byte for byte as transformers renders it
    jinja          a template of the user's own
    instruct       "Instruct: {prompt}\\nOutput:" then " {answer}" and the stop token (Phi-2's model card)
    phi3           Phi-3.5's published template, for tokenizers that have its tokens
    alpaca         Stanford Alpaca's two prompts; a system message stands in place of the opening sentences, further
                   questions are further "### Instruction:" blocks
    chatml         "<|im_start|>{role}\\n{content}<|im_end|>\\n"
    raw            the messages' text and nothing else, then the stop token

An answer's stop token is trained with it; what a format writes after that is not. Messages are never altered. Knows
nothing about tokens.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from phi_core.chat.control_tokens import NONCHARACTERS
from phi_core.chat.messages import Message
from phi_core.chat.prompt_form import PromptFormat
from phi_core.errors import ModelError
from phi_core.plain_text import one_line

ALPACA = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request."
)
ALPACA_WITH_INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request."
)
TWO_TURNS = (
    Message("user", "What is 2 + 2?"),
    Message("assistant", "It is 4."),
    Message("user", "And 3 + 3?"),
    Message("assistant", "That makes 6."),
)
"""What a template is tried on."""
UNSTABLE = "the chat template is not prefix-stable"


@dataclass(frozen=True)
class Segment:
    """`answer` is the position of the assistant message that the text belongs to; None for what is not trained."""

    text: str
    answer: int | None = None

    @property
    def trained(self) -> bool:
        return self.answer is not None


def render(form: PromptFormat, messages: Sequence[Message], *, generation: bool) -> list[Segment]:
    """The text of a conversation; with `generation` it ends where the next answer begins."""
    write = _render_template if form.is_template else _WRITERS[form.name]
    return [segment for segment in write(form, messages, generation) if segment.text]


def answer_begins_with_space(form: PromptFormat) -> bool:
    """Whether the form writes a space of its own between the prompt and an answer, as instruct does after "Output:".

    A model that was trained so begins its answers with this space. False for a template that cannot be tried.
    """
    try:
        prompt = "".join(segment.text for segment in render(form, TWO_TURNS[:1], generation=True))
        whole = "".join(segment.text for segment in render(form, TWO_TURNS[:2], generation=False))
    except ModelError:
        return False
    return whole.startswith(f"{prompt} {TWO_TURNS[1].content}")


def rendered_text(form: PromptFormat, messages: Sequence[Message], *, generation: bool) -> str:
    """What the form's template writes."""
    plain = [message.as_json() for message in messages]
    special = dict(form.special_tokens)
    from phi_core.chat.template_engine import render_template  # late: most who load this render nothing

    return render_template(
        form.template, plain, special_tokens=special, generation=generation, date=form.date
    )


def _render_instruct(form: PromptFormat, messages: Sequence[Message], generation: bool) -> list[Segment]:
    parts = []
    for position, message in enumerate(messages):
        if message.role == "assistant":
            parts += [Segment(f" {message.content}", position), Segment(form.stop, position)]
        elif message.role == "user":
            parts.append(Segment(f"Instruct: {message.content}\nOutput:"))
        else:
            parts.append(Segment(f"{message.content}\n"))
    return parts


def _render_raw(form: PromptFormat, messages: Sequence[Message], generation: bool) -> list[Segment]:
    parts = []
    for position, message in enumerate(messages):
        answer = position if message.role == "assistant" else None
        parts.append(Segment(message.content, answer))
        parts += [Segment(form.stop, answer)] if answer is not None else []
    return parts


def _render_phi3(form: PromptFormat, messages: Sequence[Message], generation: bool) -> list[Segment]:
    heard = [pair for pair in enumerate(messages) if pair[1].content or pair[1].role != "system"]
    end = "<|assistant|>\n" if generation else form.end_of_text
    return _framed(heard, lambda role: f"<|{role}|>\n", form.stop, end)


def _render_chatml(form: PromptFormat, messages: Sequence[Message], generation: bool) -> list[Segment]:
    end = "<|im_start|>assistant\n" if generation else ""
    return _framed(enumerate(messages), lambda role: f"<|im_start|>{role}\n", form.stop, end)


def _framed(
    messages: Iterable[tuple[int, Message]], opening: Callable[[str], str], stop: str, end: str
) -> list[Segment]:
    """Every message between an opening line and the stop token with a line end."""
    parts, before = [], ""
    for position, message in messages:
        before += opening(message.role)
        if message.role == "assistant":
            parts += [Segment(before), Segment(f"{message.content}{stop}", position)]
            before = "\n"
        else:
            before += f"{message.content}{stop}\n"
    return [*parts, Segment(before + end)]


def _render_alpaca(form: PromptFormat, messages: Sequence[Message], generation: bool) -> list[Segment]:
    parts: list[Segment] = []
    written = False  # whether a text stands before: a system message, or the opening sentences
    for position, message in enumerate(messages):
        if message.role == "assistant":
            parts += [Segment(message.content, position), Segment(form.stop, position)]
        elif message.role == "user":
            opening = "" if written else ALPACA if message.input_at is None else ALPACA_WITH_INPUT
            parts.append(Segment(f"{opening}\n\n{_alpaca_block(message)}"))
        elif message.content:
            parts.append(Segment(f"\n\n{message.content}" if parts else message.content))
        written = written or bool(parts)
    return parts


def _alpaca_block(message: Message) -> str:
    """An empty line between instruction and input, which joins them in other formats, is the block's own."""
    instruction, details = message.content, ""
    if message.input_at is not None:
        instruction = message.content[: message.input_at].removesuffix("\n\n")
        details = f"### Input:\n{message.content[message.input_at :]}\n\n"
    return f"### Instruction:\n{instruction}\n\n{details}### Response:"


_WRITERS = {
    "instruct": _render_instruct,
    "phi3": _render_phi3,
    "alpaca": _render_alpaca,
    "chatml": _render_chatml,
    "raw": _render_raw,
}


def _render_template(form: PromptFormat, messages: Sequence[Message], generation: bool) -> list[Segment]:
    """Answers as the template writes them; whatever stands between two answers belongs to the next question."""
    frame = _frame(form)
    parts = _by_frame(form, frame, messages, generation) if frame else None
    return _by_comparison(form, messages, generation) if parts is None else parts


@dataclass(frozen=True)
class _Frame:
    """What a template writes right before and right after each answer; `after` ends with a stop token."""

    before: str
    after: str


@cache
def _frame(form: PromptFormat) -> _Frame | None:
    """None if the template does not write every answer in the same way, or ends it with no stop token."""
    try:
        parts = _by_comparison(form, TWO_TURNS, False)
    except ModelError:
        return None
    written = [segment.text for segment in parts if segment.trained]
    answers = [message.content for message in TWO_TURNS if message.role == "assistant"]
    if len(written) != len(answers):
        return None
    found = [text.partition(answer) for text, answer in zip(written, answers, strict=True)]
    frames = {_Frame(before, after) for before, _, after in found}
    return frames.pop() if len(frames) == 1 else None


def _by_frame(
    form: PromptFormat, frame: _Frame, messages: Sequence[Message], generation: bool
) -> list[Segment] | None:
    """The segments from one text of the whole conversation; None if an answer is not where it should be."""
    whole = rendered_text(form, messages, generation=generation)
    parts, done = [], 0
    for position, message in enumerate(messages):
        if message.role != "assistant":
            continue
        before = rendered_text(form, messages[:position], generation=True)
        written = (
            f"{frame.before}{text}{frame.after}" for text in (message.content, message.content.strip())
        )
        answer = next((text for text in written if whole.startswith(text, len(before))), None)
        if answer is None or not done <= len(before) or not whole.startswith(before):
            return None
        parts += [Segment(whole[done : len(before)]), Segment(answer, position)]
        done = len(before) + len(answer)
    return [*parts, Segment(whole[done:])]


def _by_comparison(form: PromptFormat, messages: Sequence[Message], generation: bool) -> list[Segment]:
    """The segments from the texts before and after each answer. ModelError if one does not continue the other."""
    parts: list[Segment] = []
    done = ""
    for position, message in enumerate(messages):
        if message.role != "assistant":
            continue
        before = rendered_text(form, messages[:position], generation=True)
        after = rendered_text(form, messages[: position + 1], generation=False)
        question = _continued(before, done, f"message {position}")
        answer = _through_stop(form, _continued(after, before, f"message {position + 1}"), message.content)
        parts += [Segment(question), Segment(answer, position)]
        if not answer.endswith(form.stops):
            parts.append(Segment(form.stop, position))
        done = before + answer
    whole = rendered_text(form, messages, generation=generation)
    return [*parts, Segment(_continued(whole, done, f"message {len(messages)}"))]


def _through_stop(form: PromptFormat, text: str, content: str) -> str:
    """An answer up to its first stop token; all of it if the template writes none."""
    content = content.strip()
    start = text.find(content) + len(content) if content in text else 0
    ends = [found + len(stop) for stop in form.stops if (found := text.find(stop, start)) >= 0]
    return text[: min(ends)] if ends else text


def _continued(longer: str, shorter: str, added: str) -> str:
    if longer.startswith(shorter):
        return longer[len(shorter) :]
    place = next(
        (at for at, (one, other) in enumerate(zip(longer, shorter, strict=False)) if one != other),
        len(longer),
    )
    raise ModelError(
        f"{UNSTABLE}: adding {added} changes the text before it, "
        f"{_excerpt(shorter, place)} became {_excerpt(longer, place)}",
        "Use another prompt_format, such as instruct or raw, or single-turn records",
    )


def _excerpt(text: str, place: int) -> str:
    """Some of `text` around a place, on one line."""
    seen = text[max(0, place - 20) : place + 20].translate(dict.fromkeys(map(ord, NONCHARACTERS)))
    return f"'{one_line(repr(seen)[1:-1], 80)}'"
