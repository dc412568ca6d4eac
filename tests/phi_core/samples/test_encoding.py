"""Records as token ids: one answer an assistant message, whatever stands between."""

import pytest
from prepared_data import demo_format

from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import PromptFormat
from phi_core.data.records import Record
from phi_core.errors import DataError, ModelError
from phi_core.samples.cut import CutRule, cut_one
from phi_core.samples.encoding import Encoded, encoded, estimated

RAW = PromptFormat("raw", "<|endoftext|>", ("<|endoftext|>",))


def record(*messages: Message, line: int = 1) -> Record:
    return Record(messages, "/data/rows.jsonl", line)


def asked(text: str) -> Message:
    return Message("user", text)


def said(text: str) -> Message:
    return Message("assistant", text)


def answers(found: Encoded) -> list[str]:
    """What stands in each answer."""
    _, tokenizer = demo_format()
    bounds = list(zip(found.answers[::2], found.answers[1::2], strict=True))
    return [tokenizer.decode(list(found.ids[start:end]), skip_special_tokens=False) for start, end in bounds]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((asked("Hi"), said("Ahoy")), ["Ahoy"]),
        ((asked("Hi"), said("Ahoy"), said("matey")), ["Ahoy", "matey"]),
        ((asked("Hi"), said("Ahoy"), asked(""), said("matey")), ["Ahoy", "matey"]),
        ((asked("Hi"), said("Ahoy"), asked(""), said("")), ["Ahoy", ""]),
        ((said(""), said("")), ["", ""]),
        ((asked("Hi"), said("<|endoftext|>"), said("b")), ["<|endoftext|>", "b"]),
    ],
)
def test_each_assistant_message_is_an_answer(messages: tuple[Message, ...], expected: list[str]) -> None:
    _, tokenizer = demo_format()
    for found in encoded([record(*messages)], RAW, tokenizer):
        assert answers(found) == [f"{text}<|endoftext|>" for text in expected]


def test_the_last_answer_is_the_last_assistant_message_alone() -> None:
    _, tokenizer = demo_format()
    (found,) = encoded([record(asked("Hi"), said("Ahoy"), asked(""), said("No."))], RAW, tokenizer)
    bounds = list(zip(found.answers[::2], found.answers[1::2], strict=True))
    cut = cut_one(found.num_tokens, bounds, 0, CutRule(100, train_on="last_answer"))
    assert cut.trained == (bounds[-1],)
    trained = [token for start, end in cut.trained for token in found.ids[start:end]]
    assert tokenizer.decode(trained, skip_special_tokens=False) == "No.<|endoftext|>"


def test_texts_and_conversations_keep_their_order() -> None:
    form, tokenizer = demo_format()
    text = Record((said("Plain."),), "/data/rows.jsonl", 2, is_text=True)
    first, second, third = encoded([record(said("a")), text, record(said("b"))], form, tokenizer)
    assert answers(second)[0].startswith("Plain.") and second.num_tokens == len(second.ids)
    assert "a" in answers(first)[0] and "b" in answers(third)[0]


def test_half_a_surrogate_pair_is_an_error() -> None:
    form, tokenizer = demo_format()
    rows = [record(asked("Hi"), said("Ahoy")), record(asked("Hi \ud83d"), said("Ahoy"), line=7)]
    with pytest.raises(DataError, match=r"a text holds half a surrogate pair.*Hi \\ud83d"):
        encoded(rows, form, tokenizer)


def test_a_record_that_the_template_refuses_is_an_error() -> None:
    _, tokenizer = demo_format()
    picky = (
        "{% if messages | length > 1 %}{{ raise_exception('too many') }}{% endif %}{{ messages[0].content }}"
    )
    form = PromptFormat("jinja", "<|endoftext|>", ("<|endoftext|>",), picky)
    with pytest.raises(ModelError, match=r"too many"):
        encoded([record(asked("a"), said("b"), line=7)], form, tokenizer)


def test_an_estimate_has_the_answers_too() -> None:
    found = estimated(record(asked("x" * 8), said("y" * 12), said("")))
    assert (found.ids, found.num_tokens, found.answers) == ((), 6, [2, 5, 5, 6])
