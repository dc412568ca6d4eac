"""Files in, good records and every fault out."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from phi_core.chat.messages import Message
from phi_core.data.dataset import Dataset, read_dataset, require_records
from phi_core.data.records import Record
from phi_core.errors import DataError

GOOD = {"prompt": "p", "response": "r"}
BAD = {"prompt": "p", "response": ""}


def _file(tmp_path: Path, *rows: Any) -> Path:
    path = tmp_path / "pirate.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _refusal(dataset: Dataset, **how: Any) -> str:
    with pytest.raises(DataError) as caught:
        require_records(dataset, **how)
    return str(caught.value)


def test_records_know_their_messages_file_and_line(tmp_path: Path) -> None:
    path = _file(tmp_path, GOOD, BAD, {"text": "t"})
    assert read_dataset(path).records == (
        Record((Message("user", "p"), Message("assistant", "r")), str(path), 1),
        Record((Message("assistant", "t"),), str(path), 3),
    )


def test_a_fault_names_file_line_field_and_reason(tmp_path: Path) -> None:
    (fault,) = read_dataset(_file(tmp_path, GOOD, GOOD, BAD)).faults
    assert str(fault) == "pirate.jsonl line 3, field response: empty, so there is nothing to learn"


def test_faults_are_listed_up_to_the_limit_and_all_counted(tmp_path: Path) -> None:
    path = _file(tmp_path, *[BAD] * 33, GOOD)
    dataset = read_dataset(path)
    assert (len(dataset.faults), dataset.num_faults, len(dataset.records)) == (20, 33, 1)
    assert [fault.where.split(",")[0] for fault in dataset.faults[:2]] == [
        "pirate.jsonl line 1",
        "pirate.jsonl line 2",
    ]
    assert len(read_dataset(path, fault_limit=100).faults) == 33
    assert (read_dataset(path, fault_limit=0).faults, read_dataset(path, fault_limit=0).num_faults) == (
        (),
        33,
    )


def test_every_row_is_a_record_or_a_fault(tmp_path: Path) -> None:
    path = _file(tmp_path, GOOD, BAD, [1], {"promt": "x"}, {"text": "t"}, "s", GOOD)
    with path.open("ab") as file:
        file.write(b"\n{broken\n\xff\n")
    dataset = read_dataset(path)
    assert (len(dataset.records), dataset.num_faults) == (3, 6)
    assert [fault.where for fault in dataset.faults][-2:] == ["pirate.jsonl line 9", "pirate.jsonl line 10"]


def test_formats_and_duplicates_are_counted_over_good_records(tmp_path: Path) -> None:
    same = {"question": "p", "answer": "r"}
    dataset = read_dataset(_file(tmp_path, GOOD, GOOD, same, {"text": "r"}, BAD))
    assert dataset.formats == {"prompt/response": 2, "question/answer": 1, "text": 1}
    assert dataset.num_duplicates == 2


def test_the_fingerprint_is_that_of_the_file(tmp_path: Path) -> None:
    path = _file(tmp_path, GOOD, BAD)
    assert read_dataset(path).fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_that_is_not_there_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_dataset(tmp_path / "pirate.jsonl")


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(_file(tmp_path, GOOD).parent))
    assert read_dataset(Path("~/pirate.jsonl")).path == tmp_path / "pirate.jsonl"


def test_a_dataset_without_faults_gives_its_records(tmp_path: Path) -> None:
    dataset = read_dataset(_file(tmp_path, GOOD))
    assert require_records(dataset, on_bad_record="error") == dataset.records


def test_faults_stop_the_run_with_all_that_are_listed(tmp_path: Path) -> None:
    dataset = read_dataset(_file(tmp_path, GOOD, *[BAD] * 33))
    refusal = _refusal(dataset, on_bad_record="error")
    assert f"{dataset.path} has 33 faulty records beside 1 good" in refusal
    assert "line 2, field response" in refusal and "line 21, field response" in refusal
    assert refusal.endswith("and 13 more")


def test_skipping_leaves_the_good_records(tmp_path: Path) -> None:
    dataset = read_dataset(_file(tmp_path, BAD, GOOD, BAD))
    assert [record.line for record in require_records(dataset, on_bad_record="skip")] == [2]


def test_too_few_good_records_are_refused_with_the_counts(tmp_path: Path) -> None:
    dataset = read_dataset(_file(tmp_path, GOOD, BAD, BAD))
    refusal = _refusal(dataset, on_bad_record="skip", minimum=2)
    assert "has 1 good record and 2 faulty; at least 2 needed" in refusal
    assert "line 2, field response" in refusal


def test_an_empty_dataset_is_refused(tmp_path: Path) -> None:
    dataset = read_dataset(_file(tmp_path))
    assert (dataset.records, dataset.num_faults, dataset.formats) == ((), 0, {})
    assert "has 0 good records; at least 1 needed" in _refusal(dataset, on_bad_record="error")
    assert require_records(dataset, on_bad_record="error", minimum=0) == ()
