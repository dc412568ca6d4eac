"""Figures and warnings of a dataset."""

import json
from pathlib import Path
from typing import Any

import pytest

from phi_core.data.check import LONG_RECORD_CHARACTERS, DataSummary, Spread, summary
from phi_core.data.dataset import read_dataset


def _summary(tmp_path: Path, *rows: Any) -> DataSummary:
    path = tmp_path / "pirate.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return summary(read_dataset(path))


def _texts(*texts: str) -> list[dict[str, str]]:
    return [{"text": text} for text in texts]


def test_counts_are_those_of_the_dataset(tmp_path: Path) -> None:
    found = _summary(tmp_path, *_texts("a", "a", "b"), {"text": ""})
    assert (found.num_records, found.num_faults, found.num_duplicates, found.formats) == (
        3,
        1,
        1,
        {"text": 3},
    )
    assert found.faults[0].where == "pirate.jsonl line 4, field text"


def test_turns_and_characters_are_per_record_over_all_messages(tmp_path: Path) -> None:
    found = _summary(tmp_path, {"prompt": "12345", "response": "67"}, *_texts("a", "ab", "abc"))
    assert found.turns == Spread(1, 1, 2)
    assert found.characters == Spread(1, 2.5, 7)


def test_a_dataset_without_records_has_no_lengths(tmp_path: Path) -> None:
    found = _summary(tmp_path)
    assert (found.turns, found.characters, found.warnings) == (None, None, ())


def test_a_clean_dataset_has_no_warnings(tmp_path: Path) -> None:
    assert (
        _summary(tmp_path, *_texts("plain", "tab\tand\nnewline", "x" * LONG_RECORD_CHARACTERS)).warnings == ()
    )


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (_texts("a", "b", "a", "b"), "same content as an earlier record: 2 records, the first in line 3"),
        ([{"text": "a"}, {"prompt": "p", "response": "r"}], "formats are mixed: 1 text, 1 prompt/response"),
        (_texts("a", "\x1b[2Jb"), "control or escape characters: 1 record, in line 2"),
        (_texts("x" * (LONG_RECORD_CHARACTERS + 1)), "longer than 100,000 characters: 1 record, in line 1"),
    ],
)
def test_each_suspicious_thing_is_one_warning(tmp_path: Path, rows: list[Any], words: str) -> None:
    (warning,) = _summary(tmp_path, *rows).warnings
    assert (warning.where, warning.what) == ("pirate.jsonl", words)


@pytest.mark.parametrize("character", ["\x1b", "\x00", "\x07", "\r", "\x7f", "\x9b", "\u202e"])
def test_whatever_a_terminal_would_obey_counts_as_a_control_character(tmp_path: Path, character: str) -> None:
    found = _summary(tmp_path, {"prompt": f"a{character}", "response": "r"}, *_texts("b"))
    assert found.num_with_control_characters == 1


def test_the_summary_is_json(tmp_path: Path) -> None:
    found = _summary(tmp_path, *_texts("a", "a"), {"text": None})
    document = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert document["characters"] == {"minimum": 1, "median": 1, "maximum": 1}
    assert document["faults"][0]["what"] == "must be text, got null"
    assert document["warnings"][0]["where"] == "pirate.jsonl"
    assert document["fingerprint"] == found.fingerprint
