"""Keys in, messages or a fault that names the field out."""

from datetime import date, datetime
from typing import Any, get_args

import pytest

from phi_core.chat.messages import Message
from phi_core.config.training import TrainingConfig
from phi_core.config.words import FormatChoice
from phi_core.data.formats import (
    FORMAT_NAMES,
    FORMATS,
    SPEAKERS,
    columns_from,
    detect,
    recognised,
)
from phi_core.data.records import Reading, RecordFault
from phi_core.errors import DataError


def _messages(record: dict[str, Any], **how: Any) -> list[tuple[str, str]]:
    _, messages, _ = recognised(record, Reading(**how))
    return [(message.role, message.content) for message in messages]


def _fault(record: dict[str, Any], **how: Any) -> RecordFault:
    with pytest.raises(RecordFault) as caught:
        recognised(record, Reading(**how))
    return caught.value


def _spoken(*turns: tuple[str, str]) -> dict[str, Any]:
    return {"conversations": [{"from": speaker, "value": said} for speaker, said in turns]}


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
        (_spoken(("human", "q"), ("gpt", "a")), "conversations", [("user", "q"), ("assistant", "a")]),
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
        ([{"role": "user", "content": 7}], "messages turn 1", "content must be text, got a number"),
        ([{"role": "user", "content": b"q"}], "messages turn 1", "content must be text, got bytes"),
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


@pytest.mark.parametrize(
    ("record", "flag"),
    [
        ({"prompt": "p", "completion": "c"}, "response=completion"),
        ({"prompt": "p", "completion": "c", "score": 3}, "response=completion"),
        ({"prompt": "p", "completion": "c", "id": "x"}, "response=COLUMN"),
        ({"prompt": "p", "output": "o"}, "response=output"),
        ({"prompt": "p", "best answer": "a"}, "'response=best answer'"),
        ({"prompt": "p", "a,b": "a"}, r"'response=a\,b'"),
    ],
)
def test_a_missing_field_comes_with_the_map_that_names_its_column(record: dict[str, Any], flag: str) -> None:
    assert _fault(record).remedy == f"Name its column: --columns {flag}"


def test_what_is_mapped_already_stays_in_the_map_that_is_proposed() -> None:
    fault = _fault({"q": "p", "completion": "c"}, columns=(("prompt", "q"),))
    assert fault.remedy == "Name its column: --columns prompt=q,response=completion"


def test_where_nothing_else_is_there_no_map_is_proposed() -> None:
    assert _fault({"prompt": "p"}).remedy == ""


@pytest.mark.parametrize(
    ("record", "flag"),
    [
        ({"Prompt": "p", "Response": "r"}, "prompt=Prompt,response=Response"),
        ({"prompt": "p", "Response": "r"}, "response=Response"),
        ({"QUESTION": "q", "Answer": "a"}, "question=QUESTION,answer=Answer"),
        ({"Messages": []}, "messages=Messages"),
    ],
)
def test_keys_in_other_letters_come_with_the_map_that_reads_them(record: dict[str, Any], flag: str) -> None:
    assert _fault(record).remedy == f"Name the columns as they are written: --columns {flag}"


def test_no_known_format_ends_with_the_map() -> None:
    assert _fault({"a": 1, "content": "c"}).remedy.endswith("text. Name its column: --columns text=content")
    assert _fault({"a": "b", "c": "d"}).remedy.endswith("Name its column: --columns FIELD=COLUMN")


@pytest.mark.parametrize("content", [{}, {"content": None}, {"content": ""}])
def test_calls_of_tools_are_told_from_a_missing_text(content: dict[str, Any]) -> None:
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [{"id": 1}], **content}]
    fault = _fault({"messages": turns})
    assert (fault.field, fault.reason) == ("messages turn 2", "tool calls are not supported")
    assert "leave them out" in fault.remedy


def test_a_number_that_nothing_can_hold_is_called_so() -> None:
    assert _fault({"text": float("inf")}).reason == "must be text, got a number too large"
    grouped = _fault({"text": "t", "who": float("-inf")}, group_by="who")
    assert grouped.reason == "must be text or a number to group by, got a number too large"


def test_a_fault_is_short_and_safe_whatever_the_keys_and_roles_hold() -> None:
    nasty = {f"\x1b]52;c;{number}\x07\ud800" * 50: number for number in range(200)}
    for fault in (_fault(nasty), _fault(_chat(("\x1b[2J" * 1000, "q")))):
        sentence = str(fault.at("a.jsonl line 1"))
        assert len(sentence) < 500 and "\x1b" not in sentence and sentence.encode()


def test_records_are_plain_messages() -> None:
    known, messages, group = recognised({"text": "t"}, Reading())
    assert (known.name, known.is_text, messages, group) == ("text", True, (Message("assistant", "t"),), None)


def test_only_the_text_format_is_text() -> None:
    assert [known.name for known in FORMATS if known.is_text] == ["text"]


def test_the_names_of_formats_are_those_of_the_option() -> None:
    option = TrainingConfig.model_fields["record_format"]
    assert get_args(option.annotation) == get_args(FormatChoice) == ("auto", *FORMAT_NAMES)


def test_the_input_of_an_instruction_begins_where_the_message_says() -> None:
    record = {"instruction": "Add.\n\n", "input": " 1, 2", "output": "3"}
    _, (asked, answer), _ = recognised(record, Reading())
    assert asked.content == "Add.\n\n\n\n 1, 2"
    assert asked.input_at is not None and asked.content[asked.input_at :] == " 1, 2"
    assert answer.input_at is None


@pytest.mark.parametrize("details", ["", None])
def test_an_instruction_without_input_has_no_place_for_one(details: str | None) -> None:
    _, (asked, _), _ = recognised({"instruction": "i", "input": details, "output": "o"}, Reading())
    assert asked == Message("user", "i")


@pytest.mark.parametrize(("speaker", "role"), SPEAKERS.items())
def test_each_speaker_has_a_role(speaker: str, role: str) -> None:
    others = ("human", "q"), ("gpt", "a")
    assert _messages(_spoken(("system", "s"), (speaker, "x"), *others))[1] == (role, "x")


def test_conversations_may_be_written_as_messages_are() -> None:
    record = {"conversations": _chat(("user", "q"), ("assistant", "a"))["messages"]}
    assert _messages(record) == [("user", "q"), ("assistant", "a")]


@pytest.mark.parametrize(
    ("conversations", "field", "words"),
    [
        ([], "conversations", "an empty list"),
        ("hi", "conversations", "from and value, got text"),
        (["hi"], "conversations turn 1", "an object with from and value, got text"),
        ([{"from": "pirate", "value": "q"}], "conversations turn 1", "from must be one of human, user, gpt"),
        ([{"from": "pirate", "value": "q"}], "conversations turn 1", "got 'pirate'"),
        ([{"from": ["human"], "value": "q"}], "conversations turn 1", "from must be one of"),
        ([{"value": "q"}], "conversations turn 1", "got None"),
        ([{"from": "human"}], "conversations turn 1", "value must be text, got nothing"),
        ([{"from": "human", "value": None}], "conversations turn 1", "value must be text, got null"),
        ([{"role": "user", "content": 1}], "conversations turn 1", "content must be text, got a number"),
        ([{"from": "gpt", "value": "a"}], "conversations", "begin with a system or user turn"),
        ([{"from": "human", "value": "q"}], "conversations", "no assistant turn"),
        (
            [{"from": "human", "value": "q"}, {"from": "gpt", "value": "\n"}],
            "conversations turn 2",
            "empty",
        ),
    ],
)
def test_a_bad_spoken_conversation_names_the_turn(conversations: Any, field: str, words: str) -> None:
    fault = _fault({"conversations": conversations})
    assert fault.field == field
    assert words in fault.reason


@pytest.mark.parametrize("role", ["tool", "function", "observation", "function_call"])
def test_turns_of_tools_are_refused_with_what_to_do(role: str) -> None:
    for record in (_chat(("user", "q"), (role, "x")), _spoken(("human", "q"), (role, "x"))):
        fault = _fault(record)
        assert (fault.field.rpartition(" ")[2], fault.reason.endswith(f"got '{role}'")) == ("2", True)
        assert "leave them out" in fault.remedy


def test_further_keys_of_a_turn_are_left_alone() -> None:
    turns = [
        {"role": "user", "content": "q", "weight": 0},
        {"role": "assistant", "content": "a", "train": False},
    ]
    assert _messages({"messages": turns}) == [("user", "q"), ("assistant", "a")]


def test_two_turns_of_a_role_and_a_question_at_the_end_are_accepted() -> None:
    turns = ("user", "q"), ("user", "q2"), ("assistant", "a"), ("user", "q3")
    assert _messages(_chat(*turns)) == list(turns)


def test_columns_without_a_value_do_not_decide_the_format() -> None:
    """Parquet gives every column to every row."""
    chat = _chat(("user", "q"), ("assistant", "a"))
    assert _messages({"prompt": None, "response": None, **chat}) == [("user", "q"), ("assistant", "a")]
    assert _messages({"text": "t", "question": None, "answer": None}) == [("assistant", "t")]


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_a_format_that_is_told_needs_its_fields_whatever_else_is_there(known: Any) -> None:
    everything = {"prompt": "p", "response": "r", "question": "q", "answer": "a", "text": "t"}
    everything |= {"instruction": "i", "output": "o", **_chat(("user", "q"), ("assistant", "a"))}
    everything |= _spoken(("human", "q"), ("gpt", "a"))
    found, _, _ = recognised(everything, Reading(known.name))
    assert found is known
    for field in known.fields:
        fault = _fault(
            {key: value for key, value in everything.items() if key != field}, record_format=known.name
        )
        assert (fault.field, fault.reason[:7]) == (field, "missing")


def test_a_field_that_a_told_format_misses_comes_with_the_slip_or_the_format() -> None:
    told = {"record_format": "question/answer"}
    assert _fault({"question": "q", "anser": "a"}, **told).remedy == "Did you mean answer instead of anser?"
    assert _fault({"text": "t"}, **told).remedy == (
        "The format is said to be question/answer. Name its column: --columns question=COLUMN"
    )
    assert _fault({}, **told).remedy == "The format is said to be question/answer"


def test_a_column_is_read_as_the_field_that_it_is_said_to_be() -> None:
    row = {"question": "q", "best_answer": "b", "answers": ["x"]}
    columns = (("prompt", "question"), ("response", "best_answer"))
    known, messages, _ = recognised(row, Reading(columns=columns))
    assert (known.name, messages) == ("prompt/response", (Message("user", "q"), Message("assistant", "b")))
    assert row == {"question": "q", "best_answer": "b", "answers": ["x"]}


def test_a_format_with_a_named_column_comes_before_those_without() -> None:
    row = {"prompt": "p", "response": "r", "body": "t", "context": "x", "instruction": "i", "output": "o"}
    assert _messages(row, columns=(("text", "body"),)) == [("assistant", "t")]
    assert _messages(row, columns=(("input", "context"),))[0] == ("user", "i\n\nx")


def test_a_column_that_is_read_as_a_field_is_none_under_its_own_name() -> None:
    row = {"text": "q", "response": "r"}
    assert _messages(row, columns=(("prompt", "text"),)) == [("user", "q"), ("assistant", "r")]


def test_two_fields_may_change_places() -> None:
    row = {"prompt": "r", "response": "p"}
    columns = (("prompt", "response"), ("response", "prompt"))
    assert _messages(row, columns=columns) == [("user", "p"), ("assistant", "r")]


def test_a_column_that_is_not_there_is_named_with_the_nearest_key() -> None:
    fault = _fault({"question": "q", "best_answer": "a"}, columns=(("response", "best_anwser"),))
    assert (fault.field, fault.remedy) == ("best_anwser", "Did you mean best_answer?")
    assert "the keys are question, best_answer" in fault.reason


def test_a_fault_names_the_column_as_the_file_does() -> None:
    columns = (("prompt", "q"), ("response", "a"))
    assert _fault({"q": "q", "a": " "}, columns=columns).field == "a"
    chat = {"chat": [{"role": "user", "content": 7}]}
    assert _fault(chat, columns=(("messages", "chat"),)).field == "chat turn 1"


@pytest.mark.parametrize(
    ("value", "group"),
    [("Anne", "Anne"), (" x ", " x "), (7, "7"), (0, "0"), (1.5, "1.5"), (True, "true"), (False, "false")],
)
def test_the_group_is_the_value_of_its_column_as_text(value: Any, group: str) -> None:
    row = {"text": "t", "person": value}
    assert recognised(row, Reading(group_by="person"))[2] == group


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"persn": "x"}, "missing"),
        ({"person": None}, "must be text or a number to group by, got null"),
        ({"person": float("nan")}, "got NaN"),
        ({"person": ["x"]}, "got a list"),
        ({"person": " "}, "empty"),
    ],
)
def test_a_record_without_a_group_is_a_fault_if_groups_are_asked_for(row: Any, words: str) -> None:
    fault = _fault({"text": "t", **row}, group_by="person")
    assert fault.field == "person"
    assert words in fault.reason


def test_a_group_may_be_a_column_that_is_read_as_a_field() -> None:
    reading = Reading(columns=(("prompt", "topic"),), group_by="topic")
    assert recognised({"topic": "sea", "response": "r"}, reading)[2] == "sea"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (b"x", "bytes"),
        (date(2024, 1, 2), "a date"),
        (datetime(2024, 1, 2), "a date"),
        (range(2), "type range"),
    ],
)
def test_a_value_that_json_does_not_know_is_named(value: Any, kind: str) -> None:
    assert _fault({"text": value}).reason.endswith(kind)


def test_columns_are_written_as_field_and_column() -> None:
    assert columns_from(["prompt=question", " response = best answer "]) == (
        ("prompt", "question"),
        ("response", "best answer"),
    )
    assert columns_from([]) == ()


@pytest.mark.parametrize(
    ("items", "words"),
    [
        (["prompt"], "prompt: must be field=column"),
        (["prompt="], "prompt=: has no column"),
        (["promt=q"], "'promt' is no field of any format. Did you mean prompt?"),
        (["x=q"], "Known fields: prompt, response, instruction, output, input"),
        (["prompt=a", "prompt=b"], "prompt: is named twice"),
    ],
)
def test_columns_that_mean_nothing_are_all_named(items: list[str], words: str) -> None:
    with pytest.raises(DataError) as caught:
        columns_from([*items, "response=a", "q"])
    assert words in str(caught.value) and "q: must be" in str(caught.value)
