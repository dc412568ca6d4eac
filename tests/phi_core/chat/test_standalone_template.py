"""A format as a Jinja template writes what the format writes; for conversations with and without a system message."""

import pytest

from phi_core.chat.messages import Message
from phi_core.chat.prompt_form import PromptFormat
from phi_core.chat.rendering import TWO_TURNS, render
from phi_core.chat.standalone_template import standalone_template
from phi_core.chat.template_engine import render_template

SYSTEM = Message("system", "Be “brief”.\nAlways.")
CONVERSATIONS = (TWO_TURNS[:1], TWO_TURNS[:2], TWO_TURNS[:3], TWO_TURNS, (SYSTEM, *TWO_TURNS[:3]))
STOPS = {"phi3": "<|end|>", "chatml": "<|im_end|>"}


def form_of(name: str) -> PromptFormat:
    stop = STOPS.get(name, '</s"\\>')
    return PromptFormat(name, stop, (stop,), special_tokens=(("eos_token", "<|endoftext|>"),))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["instruct", "raw", "phi3", "chatml", "alpaca"])
@pytest.mark.parametrize("generation", [True, False])
def test_it_writes_what_the_format_writes(name: str, generation: bool) -> None:
    form = form_of(name)
    template = standalone_template(form)
    for messages in CONVERSATIONS:
        wanted = "".join(segment.text for segment in render(form, messages, generation=generation))
        plain = [message.as_json() for message in messages]
        assert render_template(template, plain, special_tokens={}, generation=generation) == wanted, messages


def test_the_opening_token_is_written_where_the_tokenizer_would_put_it() -> None:
    text = render_template(
        standalone_template(form_of("instruct"), opening="<s>"),
        [TWO_TURNS[0].as_json()],
        special_tokens={},
        generation=True,
    )
    assert text == f"<s>Instruct: {TWO_TURNS[0].content}\nOutput:"
    assert standalone_template(form_of("phi3"), opening="<s>") == standalone_template(form_of("phi3"))


def test_a_template_of_its_own_stays() -> None:
    form = PromptFormat("jinja", "x", ("x",), template="{{ messages }}")
    assert standalone_template(form, opening="<s>") == "{{ messages }}"
