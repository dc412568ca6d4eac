"""The space between a prompt and its answer: whose it is, in every way of writing a prompt."""

from dataclasses import replace

import pytest

from phi_core.chat.prompt_form import PromptFormat
from phi_core.chat.rendering import answer_begins_with_space

PLAIN = PromptFormat(name="raw", stop="<|endoftext|>", stops=("<|endoftext|>",))
TEMPLATE = "{% for m in messages %}{% if m['role'] == 'user' %}Q: {{ m['content'] }}\nA:{% else %}SPACE{{ m['content'] }}{% endif %}{% endfor %}"


@pytest.mark.parametrize(("name", "is_so"), [("instruct", True), ("raw", False), ("alpaca", False)])
def test_a_written_format_says_it(name: str, is_so: bool) -> None:
    assert answer_begins_with_space(replace(PLAIN, name=name)) is is_so  # type: ignore[arg-type]


@pytest.mark.parametrize(("template", "is_so"), [("{{ ' ' }}", True), ("", False)])
def test_a_template_is_tried(template: str, is_so: bool) -> None:
    form = replace(PLAIN, name="chat_template", template=TEMPLATE.replace("SPACE", template))
    assert answer_begins_with_space(form) is is_so


def test_a_template_that_fails_has_none() -> None:
    assert not answer_begins_with_space(
        replace(PLAIN, name="chat_template", template="{{ raise_exception('no') }}")
    )
