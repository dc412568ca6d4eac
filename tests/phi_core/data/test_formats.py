"""Keys in, messages or a fault that names the field out."""

from typing import Any

import pytest

from phi_core.chat.messages import Message
from phi_core.data.formats import FORMATS, detect
from phi_core.data.records import RecordFault


def _messages(record: dict[str, Any]) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in detect(record).messages(record)]


def _fault(record: dict[str, Any]) -> RecordFault:
    with pytest.raises(RecordFault) as caught:
        detect(record).messages(record)
    return caught.value


def _chat(*turns: tuple[str, str]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


@pytest.mark.parametrize(
    ("record", "name", "messages"),
    [
        ({"prompt": "p", "response": "r"}, "prompt/response", [("user", "p"), ("assistant", "r")]),
        ({"question": "q", "answer": "a"}, "question/answer", [("user", "q"), ("assistant", "a")]),
        ({"text": "t"}, "text", [("assistant", "t")]),
        (
            {"instruction": "i", "output": "o"},
            "instruction/input/output",
            [("user", "i"), ("assistant", "o")],
        ),
        (
            {"instruction": "i", "input": "x", "output": "o"},
            "instruction/input/output",
            [("user", "i\n\nx"), ("assistant", "o")],
        ),
        (_chat(("user", "q"), ("assistant", "a")), "messages", [("user", "q"), ("assistant", "a")]),
    ],
)
def test_each_format_is_known_by_its_keys(
    record: dict[str, Any], name: str, messages: list[tuple[str, str]]
) -> None:
    assert detect(record).name == name
    assert _messages(record) == messages
    assert _messages({"id": 7, "source": None, **record}) == messages


@pytest.mark.parametrize("details", ["", None])
def test_an_empty_input_leaves_the_instruction_alone(details: str | None) -> None:
    assert _messages({"instruction": "i", "input": details, "output": "o"})[0] == ("user", "i")


@pytest.mark.parametrize(
    "text", ["  two  ", "line\n\n", "\x1b[31mred", "Instruct: x\nOutput:", "\r\n.", "😀\u2028"]
)
def test_no_prompt_or_answer_is_altered(text: str) -> None:
    assert _messages({"prompt": text, "response": text}) == [("user", text), ("assistant", text)]
    assert _messages({"text": text}) == [("assistant", text)]
    assert _messages(_chat(("system", text), ("user", text), ("assistant", text)))[0] == ("system", text)


def test_of_several_complete_formats_the_one_with_most_fields_wins_then_the_first() -> None:
    alpaca = {"instruction": "i", "input": "", "output": "o", "text": "Below is …"}
    assert detect(alpaca).name == "instruction/input/output"
    assert detect({"prompt": "p", **_chat(("user", "q"), ("assistant", "a"))}).name == "messages"
    assert detect({"question": "q", "answer": "a", "prompt": "p", "response": "r"}).name == "prompt/response"


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_a_field_that_is_missing_is_named(known: Any) -> None:
    for field in known.fields:
        others = {name: "x" for name in known.fields if name != field}
        if others:
            assert (_fault(others).field, _fault(others).reason[:7]) == (field, "missing")


@pytest.mark.parametrize("value", [None, 7, 0.5, True, ["x"], {"x": "y"}])
@pytest.mark.parametrize(
    ("field", "record"),
    [
        ("prompt", {"prompt": 0, "response": "r"}),
        ("response", {"prompt": "p", "response": 0}),
        ("instruction", {"instruction": 0, "output": "o"}),
        ("output", {"instruction": "i", "output": 0}),
        ("question", {"question": 0, "answer": "a"}),
        ("answer", {"question": "q", "answer": 0}),
        ("text", {"text": 0}),
    ],
)
def test_a_field_that_is_no_text_is_named_with_what_it_is(
    field: str, record: dict[str, Any], value: Any
) -> None:
    fault = _fault({**record, field: value})
    assert fault.field == field
    assert fault.reason.startswith("must be text, got ")


def test_an_input_that_is_no_text_is_a_fault() -> None:
    assert _fault({"instruction": "i", "input": 7, "output": "o"}).field == "input"


@pytest.mark.parametrize("empty", ["", "  ", "\n\t\u00a0"])
@pytest.mark.parametrize(
    ("field", "record"),
    [
        ("response", {"prompt": "p"}),
        ("output", {"instruction": "i"}),
        ("answer", {"question": "q"}),
        ("text", {}),
    ],
)
def test_an_empty_answer_is_a_fault(field: str, record: dict[str, Any], empty: str) -> None:
    fault = _fault({**record, field: empty})
    assert (fault.field, fault.reason[:5]) == (field, "empty")


@pytest.mark.parametrize(
    ("messages", "field", "words"),
    [
        ([], "messages", "an empty list"),
        ("hi", "messages", "text"),
        (None, "messages", "null"),
        ({"role": "user"}, "messages", "an object"),
        (["hi"], "messages turn 1", "text"),
        ([{"content": "q"}], "messages turn 1", "role must be one of system, user, assistant, got None"),
        ([{"role": "human", "content": "q"}], "messages turn 1", "got 'human'"),
        ([{"role": ["user"], "content": "q"}], "messages turn 1", "role must be one of"),
        ([{"role": "user"}], "messages turn 1", "content must be text"),
        ([{"role": "user", "content": [{"type": "text"}]}], "messages turn 1", "content must be text"),
        ([{"role": "assistant", "content": "a"}], "messages", "begin with a system or user turn"),
        ([{"role": "user", "content": "q"}], "messages", "no assistant turn"),
        (
            [{"role": "user", "content": "q"}, {"role": "assistant", "content": " "}],
            "messages turn 2",
            "empty",
        ),
        (
            [{"role": "user", "content": "q"}, {"role": "tool", "content": "x"}],
            "messages turn 2",
            "got 'tool'",
        ),
    ],
)
def test_a_bad_conversation_names_the_turn_and_the_reason(messages: Any, field: str, words: str) -> None:
    fault = _fault({"messages": messages})
    assert fault.field == field
    assert words in fault.reason


def test_half_a_character_is_a_fault_since_no_tokenizer_takes_it() -> None:
    assert "\\ud83d at character 3" in _fault({"prompt": "hi\ud83d", "response": "r"}).reason
    assert _fault(_chat(("user", "q"), ("assistant", "\ude00"))).field == "messages turn 2"


@pytest.mark.parametrize(
    ("record", "remedy"),
    [
        ({"promt": "p", "response": "r"}, "Did you mean prompt instead of promt?"),
        ({"prompt": "p", "respnse": "r"}, "Did you mean response instead of respnse?"),
        ({"Messages": []}, "Did you mean messages instead of Messages?"),
        ({"question": "q", "answers": []}, "Did you mean answer instead of answers?"),
    ],
)
def test_a_slip_of_the_pen_is_pointed_out(record: dict[str, Any], remedy: str) -> None:
    assert _fault(record).remedy == remedy


@pytest.mark.parametrize("record", [{"a": 1, "context": "c"}, {}, {"role": "user", "content": "q"}])
def test_unknown_keys_are_listed_with_the_known_formats(record: dict[str, Any]) -> None:
    fault = _fault(record)
    assert all(key in fault.reason for key in record)
    assert all(known.name in fault.remedy for known in FORMATS)


def test_a_fault_is_short_and_safe_whatever_the_keys_and_roles_hold() -> None:
    nasty = {f"\x1b]52;c;{number}\x07\ud800" * 50: number for number in range(200)}
    for fault in (_fault(nasty), _fault(_chat(("\x1b[2J" * 1000, "q")))):
        sentence = str(fault.at("a.jsonl line 1"))
        assert len(sentence) < 500 and "\x1b" not in sentence and sentence.encode()


def test_records_are_plain_messages() -> None:
    assert detect({"text": "t"}).messages({"text": "t"}) == (Message("assistant", "t"),)
