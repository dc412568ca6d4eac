"""Files of JSON lines: what is appended is read, whatever a crash, a full disk or another program has left there."""

import os
from pathlib import Path

import pytest

from phi_core.json_lines import append_record, read_records

ODD = {"text": "line\nbreak \u2028 \ud800 é"}


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lines"
    for record in (ODD, {"n": 1}):
        append_record(path, record)
    assert list(read_records(path)) == [ODD, {"n": 1}]
    assert list(read_records(tmp_path / "none")) == []


def test_a_torn_line_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append_record(path, ODD)
    whole = path.read_bytes()
    for end in range(len(whole) - 1):
        path.write_bytes(whole + whole[:end])
        assert list(read_records(path)) == [ODD]
        append_record(path, {"n": 1})
        assert list(read_records(path)) == [ODD, {"n": 1}]


def test_what_is_no_record_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b'\xff\n[1]\n5\n\n{"a": 1\n' + b"[" * 200_000 + b"\n")
    append_record(path, ODD)
    assert list(read_records(path)) == [ODD]


def test_a_number_that_is_not_finite_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        append_record(tmp_path / "lines", {"n": float("nan")})
    assert not (tmp_path / "lines").exists()


def test_a_write_that_is_cut_short_is_carried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a disk does that is nearly full; if it then refuses, nobody takes the line for kept."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    append_record(tmp_path / "lines", ODD)
    assert list(read_records(tmp_path / "lines")) == [ODD]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told() -> None:
    with pytest.raises(OSError, match="No space"):
        append_record(Path("/dev/full"), ODD)
