"""Masks, token by token; many at once as one by one; and the hash that shows another tokenizer or template."""

import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
from chat_tokenizers import (
    CHATML,
    FORGETFUL,
    expected_marks,
    save_phi35_tokenizer,
    save_tokenizer,
    token_marks,
    tokenizer_of,
)
from tiny_models import STOP, byte_tokenizer
from tokenizers import processors

from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import (
    PromptFormat,
    Tokenised,
    probe_ids_hash,
    read_prompt_format,
    tokenise,
    tokenise_all,
    tokenise_text,
    tokenise_texts,
)
from phi_core.chat.tokenizer import TextTokenizer, text_tokenizer
from phi_core.errors import ModelError

CHAT = (
    Message("system", "Be brief."),
    Message("user", "Hi"),
    Message("assistant", "Ahoy"),
    Message("user", "More?"),
    Message("assistant", "No."),
)
ALPACA_BLOCK = "### Instruction:\n{}\n\n### Response:"
MASKS = {
    # (tokenizer, format): what each token is, T for trained and M for masked
    ("phi-3.5", "chat_template"): [
        ("<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\n", "M"),
        ("Ahoy<|end|>", "T"),
        ("\n<|user|>\nMore?<|end|>\n<|assistant|>\n", "M"),
        ("No.<|end|>", "T"),
        ("\n<|endoftext|>", "M"),
    ],
    ("tiny", "instruct"): [
        ("Be brief.\nInstruct: Hi\nOutput:", "M"),
        (" Ahoy<|endoftext|>", "T"),
        ("Instruct: More?\nOutput:", "M"),
        (" No.<|endoftext|>", "T"),
    ],
    ("tiny", "alpaca"): [
        (f"Be brief.\n\n{ALPACA_BLOCK.format('Hi')}", "M"),
        ("Ahoy<|endoftext|>", "T"),
        (f"\n\n{ALPACA_BLOCK.format('More?')}", "M"),
        ("No.<|endoftext|>", "T"),
    ],
    ("chatml", "chatml"): [
        (
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
            "M",
        ),
        ("Ahoy<|im_end|>", "T"),
        ("\n<|im_start|>user\nMore?<|im_end|>\n<|im_start|>assistant\n", "M"),
        ("No.<|im_end|>", "T"),
        ("\n", "M"),
    ],
    ("tiny", "raw"): [
        ("Be brief.Hi", "M"),
        ("Ahoy<|endoftext|>", "T"),
        ("More?", "M"),
        ("No.<|endoftext|>", "T"),
    ],
}
MASKS["phi-3.5", "phi3"] = MASKS["phi-3.5", "chat_template"]
MASKS["chatml", "chat_template"] = MASKS["chatml", "chatml"]


@pytest.fixture(params=MASKS, ids="-".join)
def case(
    request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[PromptFormat, TextTokenizer, list[tuple[str, str]]]:
    name, wanted = request.param
    folder = save_tokenizer(tmp_path, name)
    tokenizer = tokenizer_of(folder)
    expected = expected_marks(*MASKS[request.param], tokens=sorted(tokenizer.control.tokens))
    return read_prompt_format(folder, wanted), tokenizer, expected


Case = tuple[PromptFormat, TextTokenizer, list[tuple[str, str]]]


def test_in_a_chat_of_two_turns_each_answer_and_its_stop_token_are_trained_and_no_other_token(
    case: Case,
) -> None:
    form, tokenizer, expected = case
    assert token_marks(tokenise(form, CHAT, tokenizer), tokenizer) == expected


def test_every_assistant_message_is_an_answer_of_its_own_from_its_first_token_to_its_stop_token(
    case: Case,
) -> None:
    form, tokenizer, expected = case
    sample = tokenise(form, CHAT, tokenizer)
    texts = [text for text, _ in expected]
    (first, first_end), (start, end) = sample.answers
    assert "".join(texts[first:first_end]).strip() == f"Ahoy{form.stop}"
    assert "".join(texts[start:end]).strip() == f"No.{form.stop}"


@pytest.mark.parametrize(
    "said",
    [
        ("Ahoy", "No."),
        ("", ""),
        ("", "No."),
        ("Ahoy", ""),
    ],
)
@pytest.mark.parametrize("between", [(), (Message("user", ""),)], ids=["nothing", "an empty question"])
def test_answers_with_nothing_between_them_are_two_answers(
    case: Case, said: tuple[str, str], between: tuple[Message, ...]
) -> None:
    form, tokenizer, _ = case
    first, last = (Message("assistant", text) for text in said)
    messages = (Message("user", "Hi"), first, *between, last)
    sample = tokenise(form, messages, tokenizer)
    found = [
        tokenizer.decode(sample.ids[start:end], skip_special_tokens=False) for start, end in sample.answers
    ]
    assert [text.strip() for text in found] == [f"{text}{form.stop}" for text in said]
    assert tokenise_all(form, [messages], tokenizer) == [sample]


def test_what_chat_sends_is_the_beginning_of_what_training_sees(case: Case) -> None:
    form, tokenizer, _ = case
    for position in (2, 4):
        prompt = tokenise(form, CHAT[:position], tokenizer, generation=True).ids
        assert tokenise(form, CHAT[: position + 1], tokenizer).ids[: len(prompt)] == prompt


def test_the_stop_token_of_each_answer_is_trained_once_though_padding_is_the_same_token(case: Case) -> None:
    form, tokenizer, _ = case
    sample = tokenise(form, CHAT, tokenizer)
    stop = tokenizer.token_id(form.stop)
    trained = [token_id for token_id, counts in zip(sample.ids, sample.trained, strict=True) if counts]
    assert trained.count(stop) == 2  # type: ignore[arg-type]


def test_white_space_that_the_stop_token_swallows_is_no_token_of_its_own(tmp_path: Path) -> None:
    folder = save_phi35_tokenizer(tmp_path)
    form, tokenizer = read_prompt_format(folder, "phi3"), tokenizer_of(folder)
    sample = tokenise(form, CHAT[1:], tokenizer)
    found = [
        (tokenizer.token(token_id), trained)
        for token_id, trained in zip(sample.ids, sample.trained, strict=True)
    ]
    assert found == [
        *((token, False) for token in ("<|user|>", "▁", "H", "i", "<|end|>", "<|assistant|>")),
        *((token, True) for token in ("▁", *"Ahoy", "<|end|>")),
        *((token, False) for token in ("<|user|>", "▁", *"More?", "<|end|>", "<|assistant|>")),
        *((token, True) for token in ("▁", *"No.", "<|end|>")),
        ("<|endoftext|>", False),
    ]


def opened_tokenizer() -> TextTokenizer:
    """With an opening token of its own, which is no stop token."""
    backend = byte_tokenizer()
    backend.add_special_tokens(["<s>"])
    bos = backend.token_to_id("<s>")
    backend.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", bos)])
    return text_tokenizer(backend)


@pytest.mark.parametrize("name", ["instruct", "raw", "chat_template"])
def test_a_plain_text_is_trained_from_its_opening_to_its_end(name: str) -> None:
    tokenizer = opened_tokenizer()
    form = PromptFormat(name, STOP, (STOP,), CHATML if name == "chat_template" else "")  # type: ignore[arg-type]
    expected = [("<s>", "M"), ("a", "T"), (STOP, "T")]
    for text in ("a", "<s>a", f"a{STOP}", f"<s>a{STOP}"):
        assert token_marks(tokenise_text(form, text, tokenizer), tokenizer) == expected


def test_a_plain_text_ends_with_eos_where_answers_end_otherwise(tmp_path: Path) -> None:
    folder = save_tokenizer(tmp_path, "phi-3.5")
    form, tokenizer = read_prompt_format(folder, "phi3"), tokenizer_of(folder)
    assert tokenizer.token(tokenise_text(form, "a", tokenizer).ids[-1]) == STOP
    rendered = "<|user|>\na<|end|>\n<|assistant|>\nb<|end|>"
    assert tokenizer.token(tokenise_text(form, rendered, tokenizer).ids[-1]) == "<|end|>"


def test_many_plain_texts_are_as_each_alone() -> None:
    tokenizer, form = opened_tokenizer(), PromptFormat("raw", STOP, (STOP,))
    chosen = random.Random(3)
    texts = [
        "".join(chosen.choices(["a", " ", "é", STOP, "<s>", "\n"], k=chosen.randrange(9))) for _ in range(50)
    ]
    assert tokenise_texts(form, texts, tokenizer) == [tokenise_text(form, text, tokenizer) for text in texts]


def test_more_conversations_than_a_batch_holds_keep_their_order() -> None:
    tokenizer, form = opened_tokenizer(), PromptFormat("raw", STOP, (STOP,))
    many = [(Message("user", str(number)), Message("assistant", "ok")) for number in range(2500)]
    found = tokenise_all(form, many, tokenizer)
    assert [tokenizer.decode(sample.ids) for sample in found] == [f"{number}ok" for number in range(2500)]
    assert tokenise_all(form, [], tokenizer) == []


def test_a_first_token_is_predicted_nowhere_and_counts_not() -> None:
    assert Tokenised((1, 2), ((0, 2),)).num_trained == 1
    assert Tokenised((1,), ((0, 1),)).num_trained == 0


def test_the_marks_are_those_of_the_answers() -> None:
    sample = Tokenised((5, 6, 7, 8, 9), ((0, 1), (2, 3), (3, 5)))
    assert sample.trained == (True, False, True, True, True)
    assert sample.num_trained == sum(sample.trained[1:])


def test_cutting_takes_the_end_of_answers_with_it() -> None:
    sample = Tokenised((5, 6, 7, 8, 9), ((1, 2), (3, 5)))
    assert sample.cut(4) == Tokenised((5, 6, 7, 8), ((1, 2), (3, 4)))
    assert sample.cut(3) == Tokenised((5, 6, 7), ((1, 2),))
    assert sample.cut(5) is sample


class TestProbe:
    def test_it_is_the_same_for_the_same_tokenizer_and_format(self, tmp_path: Path) -> None:
        one, two = (save_tokenizer(tmp_path / name, "chatml") for name in ("one", "two"))
        hashes = {probe_ids_hash(read_prompt_format(folder), tokenizer_of(folder)) for folder in (one, two)}
        assert len(hashes) == 1

    def test_it_tells_formats_templates_and_tokenizers_apart(self, tmp_path: Path) -> None:
        folder = save_tokenizer(tmp_path / "model", "chatml")
        form, tokenizer = read_prompt_format(folder), tokenizer_of(folder)
        path = folder / "tokenizer.json"
        path.write_text(path.read_text().replace('"add_prefix_space": false', '"add_prefix_space": true'))
        found = [
            probe_ids_hash(form, tokenizer),
            probe_ids_hash(
                replace(form, template=form.template.replace("{% endfor %}", " {% endfor %}")), tokenizer
            ),
            probe_ids_hash(read_prompt_format(folder, "raw"), tokenizer),
            probe_ids_hash(form, tokenizer_of(folder)),
        ]
        assert len(set(found)) == len(found)

    @pytest.mark.parametrize(
        "rule",
        [
            "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}",
            "{% if messages | length > 3 %}{{ raise_exception('one turn') }}{% endif %}",
            "{% if messages | length > 2 %}{{ raise_exception('one turn, no system') }}{% endif %}",
            "{{ messages | length }}",
        ],
    )
    def test_templates_that_refuse_a_system_message_or_a_second_turn_have_one(self, rule: str) -> None:
        tokenizer = text_tokenizer(byte_tokenizer())
        form = PromptFormat("jinja", STOP, (STOP,), rule + FORGETFUL.replace("{% else %}…", ""))
        if "{{ messages | length }}" in rule:
            with pytest.raises(ModelError, match="not prefix-stable"):
                probe_ids_hash(form, tokenizer)
        else:
            assert len(probe_ids_hash(replace(form, template=rule + CHATML), tokenizer)) == 64

    def test_it_does_not_depend_on_the_day(self) -> None:
        tokenizer = text_tokenizer(byte_tokenizer())
        today = "{% if strftime_now is defined %}{{ strftime_now('" + "%d %b %Y" + "') }}{% endif %}" + CHATML
        form = PromptFormat("jinja", STOP, (STOP,), today)
        fixed = replace(form, template="01 Jan 2026" + CHATML)
        assert probe_ids_hash(form, tokenizer) == probe_ids_hash(fixed, tokenizer)
        shown = tokenizer.decode(tokenise(form, CHAT[:2], tokenizer).ids)
        assert shown.startswith(time.strftime("%d %b %Y"))
