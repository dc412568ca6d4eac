"""What each prompt format writes, letter for letter, and which templates are refused."""

import json
import re
from pathlib import Path

import pytest
from chat_tokenizers import CHATML, FORGETFUL, LLAMA3, MARKED, PHI35, save_tokenizer, tokenizer_of

from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import (
    PromptFormat,
    check_template,
    prompt_format_from,
    read_prompt_format,
    segments,
    stop_ids,
)
from phi_core.chat.rendering import _by_comparison, _frame
from phi_core.chat.template_engine import compiled
from phi_core.errors import ModelError

STOP = "<|endoftext|>"
TWO_TURNS = (
    Message("user", "Hi"),
    Message("assistant", "Ahoy"),
    Message("user", "More?"),
    Message("assistant", "No."),
)
SYSTEM = Message("system", "Be brief.")
ONE_LINE = "Write a response that appropriately completes the request."
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHATML
THINKING = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' and not loop.last %}"
    "{{ m.content.split('</think>')[-1] }}{% else %}{{ m.content }}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SYSTEM_LAST = (
    "{% for m in messages %}{% if m.role == 'user' %}[INST]{% if loop.last or loop.index == messages|length - 1 %}"
    "{{ messages[0].content if messages[0].role == 'system' }}{% endif %}{{ m.content }}[/INST]"
    "{% elif m.role == 'assistant' %}{{ m.content }}</s>{% endif %}{% endfor %}"
)


def form(name: str, template: str = "") -> PromptFormat:
    stops = {"phi3": "<|end|>", "chatml": "<|im_end|>"}
    stop = stops.get(name, "<|im_end|>" if template else STOP)
    return PromptFormat(name, stop, (stop, STOP, "<|end|>", "<|eot_id|>"), template, (("eos_token", STOP),))  # type: ignore[arg-type]


def text(form: PromptFormat, *messages: Message, generation: bool = False) -> str:
    return "".join(part.text for part in segments(form, messages, generation=generation))


def test_phi3_is_phi_35s_published_template_letter_for_letter() -> None:
    whole = text(form("phi3"), SYSTEM, *TWO_TURNS)
    assert whole == (
        "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nAhoy<|end|>\n"
        "<|user|>\nMore?<|end|>\n<|assistant|>\nNo.<|end|>\n<|endoftext|>"
    )
    prompt = text(form("phi3"), Message("system", ""), *TWO_TURNS[:1], generation=True)
    assert prompt == "<|user|>\nHi<|end|>\n<|assistant|>\n"


@pytest.mark.parametrize("generation", [True, False])
@pytest.mark.parametrize(
    "messages", [TWO_TURNS, (SYSTEM, *TWO_TURNS[:3]), (Message("system", ""), *TWO_TURNS)]
)
def test_phi3_and_chatml_write_what_their_templates_write(
    messages: tuple[Message, ...], generation: bool
) -> None:
    for name, template in (("phi3", PHI35), ("chatml", CHATML)):
        stop = form(name).stop
        by_template = PromptFormat("jinja", stop, (stop,), template, (("eos_token", STOP),))
        expected = segments(by_template, messages, generation=generation)
        assert segments(form(name), messages, generation=generation) == expected


def test_alpaca_sets_the_input_apart_from_the_instruction() -> None:
    asked = Message("user", "Add them up.\n\n2 and 2", input_at=14)
    assert text(form("alpaca"), asked, Message("assistant", "4")) == (
        "Below is an instruction that describes a task, paired with an input that provides further context. "
        f"{ONE_LINE}\n\n### Instruction:\nAdd them up.\n\n### Input:\n2 and 2\n\n### Response:4<|endoftext|>"
    )


def test_alpaca_without_an_input_has_the_shorter_opening_and_one_block_a_question() -> None:
    assert text(form("alpaca"), *TWO_TURNS) == (
        f"Below is an instruction that describes a task. {ONE_LINE}\n\n"
        "### Instruction:\nHi\n\n### Response:Ahoy<|endoftext|>"
        "\n\n### Instruction:\nMore?\n\n### Response:No.<|endoftext|>"
    )


def test_in_alpaca_a_system_message_stands_in_place_of_the_opening() -> None:
    assert text(form("alpaca"), SYSTEM, *TWO_TURNS[:1]) == (
        "Be brief.\n\n### Instruction:\nHi\n\n### Response:"
    )


def test_formats_that_do_not_set_the_input_apart_write_the_content_as_it_is() -> None:
    asked = Message("user", "Add them up.\n\n2 and 2", input_at=14)
    assert text(form("instruct"), asked) == "Instruct: Add them up.\n\n2 and 2\nOutput:"


@pytest.mark.parametrize(
    "template",
    [CHATML, PHI35, LLAMA3, MARKED, THINKING, "{% for m in messages %}[{{ m.content }}]{% endfor %}"],
)
@pytest.mark.parametrize(
    "messages",
    [
        TWO_TURNS,
        TWO_TURNS[:2],
        (Message("user", " a "), Message("assistant", " b \n")),
        (Message("user", "a"), Message("assistant", "")),
        (Message("user", "a"), Message("assistant", "It is 4."), Message("assistant", "It is 4.")),
    ],
)
def test_one_text_of_the_whole_conversation_gives_the_segments_that_comparing_gives(
    template: str, messages: tuple[Message, ...]
) -> None:
    jinja = form("jinja", template)
    assert _frame(jinja) is not None or not template.startswith("<")
    compared = [part for part in _by_comparison(jinja, messages, False) if part.text]
    assert segments(jinja, messages, generation=False) == compared


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (FORGETFUL, r"not prefix-stable: adding message \d .*'.*' became '…"),
        (SYSTEM_LAST, "not prefix-stable"),
        ("{{ raise_exception('never') }}", "refuses these messages: never"),
    ],
)
def test_a_template_that_cannot_serve_is_known_before_any_data(template: str, said: str) -> None:
    found = check_template(form("chat_template", template))
    assert found is not None
    assert found.where == "prompt_format chat_template"
    assert re.search(said, str(found))


def test_a_template_that_can_serve_passes_with_or_without_a_system_message() -> None:
    for template in (CHATML, PHI35, LLAMA3, NO_SYSTEM, THINKING):
        assert check_template(form("chat_template", template)) is None
    assert check_template(form("alpaca")) is None
    assert check_template(form("jinja", SYSTEM_LAST), system=False, num_turns=1) is None


def test_an_answer_that_the_template_rewrites_later_is_refused_with_the_place() -> None:
    thought = Message("assistant", "<think>Hm.</think>Ahoy")
    assert text(form("jinja", THINKING), TWO_TURNS[0], thought).endswith("Hm.</think>Ahoy<|im_end|>\n")
    with pytest.raises(ModelError, match=r"adding message 3 .*<think>Hm.*became '.*Ahoy"):
        text(form("jinja", THINKING), TWO_TURNS[0], thought, *TWO_TURNS[2:])


class TestTemplateFile:
    def test_it_is_the_format_and_ends_answers_as_it_writes_them(self, tmp_path: Path) -> None:
        folder = save_tokenizer(tmp_path / "model", "phi-3.5")
        file = tmp_path / "mine.jinja"
        file.write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}<|end|>\n{% endfor %}")
        found = read_prompt_format(folder, template_file=file)
        assert (found.name, found.stop, found.template) == ("jinja", "<|end|>", file.read_text())
        assert {STOP, "<|end|>", "<|assistant|>"} == set(found.stops)
        assert prompt_format_from(json.loads(json.dumps(found.as_json()))) == found

    @pytest.mark.parametrize("written", ["{{ eos_token }}", "", "<|im_end|>"])
    def test_eos_ends_an_answer_where_it_writes_no_token_of_the_tokenizer(
        self, tmp_path: Path, written: str
    ) -> None:
        folder = save_tokenizer(tmp_path / "model", "tiny")
        file = tmp_path / "mine.jinja"
        file.write_text("{% for m in messages %}{{ m.content }}" + written + "{% endfor %}")
        assert read_prompt_format(folder, template_file=file).stop == STOP

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"line\n\n{% for m in %}", "mine.jinja: the chat template is broken at line 3"),
            (b"{% if %}\xff", "not UTF-8: byte 8 is 0xff"),
            (b"x" * ((1 << 20) + 1), "has 1,048,577 bytes"),
            (b" \n", "is empty"),
        ],
    )
    def test_one_that_cannot_serve_is_named_with_the_reason(
        self, tmp_path: Path, content: bytes, said: str
    ) -> None:
        file = tmp_path / "mine.jinja"
        file.write_bytes(content)
        with pytest.raises(ModelError, match=said):
            read_prompt_format(save_tokenizer(tmp_path / "model", "tiny"), template_file=file)

    def test_one_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        folder = save_tokenizer(tmp_path / "model", "tiny")
        for path in (tmp_path / "nowhere.jinja", tmp_path):
            with pytest.raises(ModelError, match="cannot be read"):
                read_prompt_format(folder, template_file=path)

    def test_it_stands_alone(self, tmp_path: Path) -> None:
        file = tmp_path / "mine.jinja"
        file.write_text(CHATML)
        folder = save_tokenizer(tmp_path / "model", "tiny")
        with pytest.raises(ModelError, match="both prompt_format alpaca and the template"):
            read_prompt_format(folder, "alpaca", file)


@pytest.mark.parametrize(("name", "missing"), [("chatml", r"<\|im_start\|>"), ("phi3", r"<\|system\|>")])
def test_a_format_whose_tokens_the_tokenizer_lacks_is_refused(
    tmp_path: Path, name: str, missing: str
) -> None:
    folder = save_tokenizer(tmp_path, "tiny")
    with pytest.raises(ModelError, match=rf"prompt_format {name}: the tokenizer has no token {missing}"):
        read_prompt_format(folder, name)
    with pytest.raises(ModelError, match=rf"no token .{missing}., which"):
        stop_ids(form(name), tokenizer_of(folder))


def test_a_format_that_is_none_is_refused(tmp_path: Path) -> None:
    for wanted in ("vicuna", "jinja"):
        with pytest.raises(ModelError, match=f"{wanted}.*Known: chat_template, instruct, phi3"):
            read_prompt_format(save_tokenizer(tmp_path / wanted, "tiny"), wanted)


def test_stops_of_the_generation_config_are_honoured(tmp_path: Path) -> None:
    folder = save_tokenizer(tmp_path, "phi-3.5")
    tokenizer = tokenizer_of(folder)
    for wanted, stop in (("auto", "<|end|>"), ("phi3", "<|end|>"), ("instruct", STOP)):
        found = read_prompt_format(folder, wanted)
        assert found.stop == stop
        assert len(stop_ids(found, tokenizer)) == 3


def test_a_template_without_end_is_refused() -> None:
    with pytest.raises(ModelError, match="broken"):
        compiled("{{ " + "(" * 5000 + ")" * 5000 + " }}")
