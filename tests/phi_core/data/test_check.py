"""Figures and findings of records."""

import json
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

from phi_core.chat.messages import Message, Role
from phi_core.data.check import (
    LONG_RECORD_CHARACTERS,
    DataSummary,
    Finding,
    NearPair,
    Spread,
    figure,
    summarise,
)
from phi_core.data.formats import recognised
from phi_core.data.records import Fault, Reading, Record, RecordFault
from phi_core.data.sources.part import Part

SOURCE = "/data/pirate.jsonl"
ROLES: dict[str, Role] = {"s": "system", "u": "user", "a": "assistant"}


def _items(*rows: Any, source: str = SOURCE) -> Iterable[Record | Fault]:
    """Records and faults as reading a file gives them."""
    for line, row in enumerate(rows, start=1):
        try:
            known, messages, _ = recognised(row, Reading())
        except RecordFault as fault:
            yield Fault(fault.at(f"{source.rpartition('/')[2]} line {line}"), source, line)
        else:
            yield Record(messages, source, line, known.name, known.is_text)


def _summary(*rows: Any, **how: Any) -> DataSummary:
    return summarise(_items(*rows), **how)


def _texts(*texts: str) -> list[dict[str, str]]:
    return [{"text": text} for text in texts]


def _asked(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"prompt": prompt, "response": answer} for prompt, answer in pairs]


def _chat(roles: str) -> Record:
    messages = (Message(ROLES[role], f"{role}{place}") for place, role in enumerate(roles))
    return Record(tuple(messages), SOURCE, 1, "messages")


def _finding(found: DataSummary, kind: str) -> Finding:
    (finding,) = (finding for finding in found.warnings if finding.kind == kind)
    return finding


def _prose(seed: int, num_words: int = 60) -> str:
    random = Random(seed)
    return " ".join(f"word{random.randrange(3000)}" for _ in range(num_words))


def test_records_faults_and_formats_are_counted() -> None:
    found = _summary(*_texts("a", "a", "b"), {"text": ""}, *_asked(("p", "r")))
    assert (found.num_records, found.num_faults, found.num_duplicates) == (4, 1, 1)
    assert found.formats == {"text": 3, "prompt/response": 1}
    assert found.faults[0].problem.where == "pirate.jsonl line 4, field text"
    assert (found.faults[0].source, found.faults[0].line) == (SOURCE, 4)


def test_faults_are_listed_up_to_the_limit_and_all_counted() -> None:
    found = _summary(*_texts(*[""] * 33), fault_limit=5)
    assert (found.num_faults, [fault.line for fault in found.faults]) == (33, [1, 2, 3, 4, 5])
    assert _summary(*_texts(""), fault_limit=0).faults == ()


def test_faults_are_counted_by_kind_whatever_differs_from_row_to_row() -> None:
    bad_turns = [{"role": "user", "content": "q"}, {"role": "tool", "content": "x"}]
    worse_turns = [{"role": "fool", "content": "q"}]
    found = _summary(
        *_asked(("p", ""), ("p", " "), ("hi\ud83d", "r"), ("oh no\ud83e", "r")),
        {"prompt": "p"},
        {"prompt": "p", "other": 1},
        {"a": 1},
        {"b": 2},
        {"prompt": "p", "response": 1},
        {"prompt": "p", "response": None},
        {"messages": bad_turns},
        {"messages": worse_turns},
    )
    assert found.fault_kinds == {
        "response: empty": 2,
        "prompt: half of a character": 2,
        "response: missing": 2,
        "no known format": 2,
        "response: must be text, got a number": 1,
        "response: must be text, got null": 1,
        "messages turn: role must be one of system, user, assistant": 2,
    }


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("not UTF-8 at byte 7 of the line", "not UTF-8"),
        ("wrong number of values: 1 where the header has 2", "wrong number of values"),
        ("the line is longer than 16 MiB", "the line is longer than 16 MiB"),
    ],
)
def test_a_kind_of_fault_reads_well(reason: str, kind: str) -> None:
    faults = [Fault(RecordFault(reason).at(f"a line {line}"), SOURCE, line) for line in (1, 2)]
    assert summarise(faults).fault_kinds == {kind: 2}


def test_kinds_of_faults_stay_few_however_many_reasons_there_are() -> None:
    faults = (
        Fault(RecordFault(f"reason {chr(0x4E00 + number)}").at("a line 1"), SOURCE, number + 1)
        for number in range(300)
    )
    found = summarise(faults)
    assert (len(found.fault_kinds), found.fault_kinds["other"]) == (101, 200)


def test_turns_and_characters_are_per_record() -> None:
    found = _summary(*_asked(("12345", "67")), *_texts("a", "ab", "abc"))
    assert found.turns == Spread(1, 1, 2, 2)
    assert found.characters == Spread(1, 2.5, 7, 7)
    assert found.prompt_characters == Spread(0, 0, 5, 5)
    assert found.answer_characters == Spread(1, 2, 3, 3)


def test_95_of_100_lengths_are_not_above_p95() -> None:
    found = _summary(*_texts(*("x" * length for length in range(1, 101))))
    assert found.characters == Spread(1, 50.5, 95, 100)


def test_data_without_records_has_no_lengths() -> None:
    found = _summary()
    assert (found.turns, found.characters, found.warnings, found.sources) == (None, None, (), ())


def test_clean_data_has_no_findings() -> None:
    found = _summary(*_texts("plain", "tab\tand\nnewline", "é 😀 עברית"), *_texts("y" * 40))
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("kind", "rows", "words"),
    [
        (
            "duplicates",
            _texts("a", "b", "a", "b"),
            "same content as an earlier record: 2 records, the first in line 3",
        ),
        (
            "mixed_formats",
            [{"text": "a"}, *_asked(("p", "r"))],
            "formats are mixed: 1 text, 1 prompt/response",
        ),
        (
            "control_characters",
            _texts("a", "\x1b[2Jb"),
            "control or escape characters (\\x1b × 1): 1 record, in line 2",
        ),
        ("empty_prompt", _asked(("p", "r"), (" ", "b")), "an empty prompt: 1 record, in line 2"),
        (
            "conflicting_answers",
            _asked(("p", "a"), ("q", "b"), ("p", "c"), ("p", "d")),
            "same prompt as an earlier record, another answer: 1 record, in line 3",
        ),
        (
            "near_duplicates",
            _texts(_prose(1), _prose(2), _prose(1) + " end"),
            "nearly the same as an earlier record (80% of the words or more): 1 record, in line 3",
        ),
        (
            "constant_answer",
            _asked(*((f"q{number}", "yes" if number % 2 else f"a{number}") for number in range(10))),
            "the same answer in 50% of the records: 5 records, the first in line 2",
        ),
        (
            "long_for_this_data",
            _texts("x" * 10, "y" * 10, "z" * 201),
            "longer than 20 times the median of 10 characters: 1 record, in line 3",
        ),
    ],
)
def test_each_suspicious_thing_is_one_finding(kind: str, rows: list[Any], words: str) -> None:
    (finding,) = _summary(*rows).warnings
    assert (finding.kind, finding.problem.where, finding.problem.what) == (kind, "pirate.jsonl", words)


def test_a_record_beyond_the_longest_is_found() -> None:
    rows = _texts("x" * (LONG_RECORD_CHARACTERS + 1), "y" * LONG_RECORD_CHARACTERS)
    (finding,) = _summary(*rows).warnings
    assert finding.problem.what == "longer than 100,000 characters: 1 record, in line 1"


@pytest.mark.parametrize(
    ("roles", "kinds"),
    [
        ("ua", set()),
        ("suaua", set()),
        ("uua", {"same_role_twice"}),
        ("uaa", {"same_role_twice"}),
        ("uau", {"untrained_end"}),
        ("uaus", {"untrained_end"}),
        ("uauu", {"untrained_end", "same_role_twice"}),
    ],
)
def test_turns_that_no_template_expects_or_that_train_nothing_are_found(roles: str, kinds: set[str]) -> None:
    assert {finding.kind for finding in summarise([_chat(roles)]).warnings} == kinds


def test_a_finding_knows_its_first_place_and_what_it_means() -> None:
    finding = _finding(_summary(*_texts("a", "b\x07", "c", "d\x07")), "control_characters")
    assert (finding.count, finding.source, finding.line) == (2, SOURCE, 2)
    assert finding.problem.remedy == "The model would learn to write them"


@pytest.mark.parametrize("character", ["\x1b", "\x00", "\x07", "\r", "\x7f", "\x9b", "\u202e"])
def test_whatever_a_terminal_would_obey_counts_as_a_control_character(character: str) -> None:
    found = _summary(*_asked((f"a{character}", "r")), *_texts("b"))
    assert found.num_with_control_characters == 1


def test_line_ends_of_windows_are_no_control_characters() -> None:
    assert _summary(*_texts("one\r\ntwo\r\n", "three")).num_with_control_characters == 0


def test_control_characters_are_named_with_their_records_and_the_first_kinds_only() -> None:
    found = _finding(_summary(*_texts("\x1b[1m\x1b", "\x1b\x00")), "control_characters")
    assert "(\\x1b × 2, \\x00 × 1): 2 records" in found.problem.what
    many = _finding(_summary(*_texts("".join(map(chr, range(1, 9))))), "control_characters")
    assert many.problem.what.count("×") == 5 and ", …)" in many.problem.what


@pytest.mark.parametrize(
    ("value", "written"), [(5_000_001, "5,000,001"), (2_500_000.0, "2,500,000"), (2.5, "2.5")]
)
def test_a_figure_has_all_its_digits(value: float, written: str) -> None:
    assert figure(value) == written


def test_a_record_with_several_odd_turns_counts_once() -> None:
    messages = (Message("user", "\x07"), Message("assistant", "\x07"))
    assert summarise([Record(messages, SOURCE, 1)]).num_with_control_characters == 1


def test_equal_records_are_duplicates_and_not_near_ones() -> None:
    found = _summary(*_texts(_prose(1), _prose(1), _prose(1) + " end"))
    assert (found.num_duplicates, found.num_near_duplicates) == (1, 1)
    assert found.near_duplicates == (NearPair("pirate.jsonl line 1", "pirate.jsonl line 3"),)


def test_the_same_words_in_other_turns_are_other_content() -> None:
    one = Record((Message("user", "ab"), Message("assistant", "c")), SOURCE, 1)
    other = Record((Message("user", "a"), Message("assistant", "bc")), SOURCE, 2)
    assert summarise([one, other]).num_duplicates == 0


def test_near_duplicates_are_searched_among_the_first_records() -> None:
    rows = _texts(_prose(1), _prose(2), _prose(1) + " end")
    found = _summary(*rows, near_duplicate_limit=2)
    assert (found.num_searched, found.num_near_duplicates) == (2, 0)
    assert _summary(*rows).num_searched == 3


def test_duplicates_are_found_across_sources_and_placed_in_the_later() -> None:
    items = [*_items(*_texts("a", "b")), *_items(*_texts("c", "b"), source="/data/second.jsonl")]
    finding = _finding(summarise(items), "duplicates")
    assert (finding.problem.where, finding.source, finding.line) == ("second.jsonl", "/data/second.jsonl", 2)


def test_formats_are_mixed_only_within_a_source() -> None:
    items = [*_items(*_texts("a", "b")), *_items(*_asked(("p", "r")), {}, source="/data/second.jsonl")]
    found = summarise(items)
    assert found.warnings == ()
    assert [
        (source.name, source.num_records, source.num_faults, source.formats) for source in found.sources
    ] == [
        ("pirate.jsonl", 2, 0, {"text": 2}),
        ("second.jsonl", 1, 1, {"prompt/response": 1}),
    ]


def test_places_are_named_as_the_parts_are() -> None:
    part = Part("rows.parquet", SOURCE, "parquet", "row", 0)
    finding = _finding(_summary(*_texts("a", "a"), parts=[part]), "duplicates")
    assert finding.problem.where == "rows.parquet"
    assert finding.problem.what.endswith("1 record, in row 2")


def test_a_constant_answer_needs_a_few_records_and_more_than_its_share() -> None:
    few = _asked(*((f"q{number}", "yes") for number in range(4)))
    fifth = _asked(*((f"q{number}", "yes" if number < 5 else f"a{number}") for number in range(25)))
    assert _summary(*few).warnings == ()
    assert _summary(*fifth).warnings == ()
    assert _finding(_summary(*fifth[:24]), "constant_answer").count == 5


def test_texts_without_a_prompt_contradict_nothing() -> None:
    assert _summary(*_texts("one", "two", "three")).warnings == ()


def test_names_of_sources_cannot_command_the_terminal() -> None:
    found = summarise(_items(*_texts("a", "a"), source="/data/a\x1b[2J.jsonl"))
    assert "\x1b" not in str(found.warnings[0].problem)


def test_the_summary_is_json() -> None:
    found = _summary(*_texts("a", "a", _prose(1), _prose(1) + " end"), {"text": None})
    document = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert document["turns"] == {"minimum": 1, "median": 1, "p95": 1, "maximum": 1}
    assert document["faults"] == [
        {
            "where": "pirate.jsonl line 5, field text",
            "what": "must be text, got null",
            "remedy": "",
            "source": SOURCE,
            "line": 5,
        }
    ]
    assert (document["warnings"][0]["kind"], document["warnings"][0]["line"]) == ("duplicates", 2)
    assert document["near_duplicates"] == [{"earlier": "pirate.jsonl line 3", "later": "pirate.jsonl line 4"}]
