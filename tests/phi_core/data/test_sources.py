"""Files in, numbered objects or faults out."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from phi_core.data.records import RecordFault
from phi_core.data.sources import fingerprint, json_lines, opened, reader_for
from phi_core.errors import DataError

OBJECT = b'{"text": "ahoy"}'


def _rows(tmp_path: Path, content: bytes) -> list[tuple[int, object]]:
    path = tmp_path / "pirate.jsonl"
    path.write_bytes(content)
    with opened(path) as file:
        return [
            (number, row.reason if isinstance(row, RecordFault) else row)
            for number, row in reader_for(path)(file)
        ]


def _refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught, opened(path):
        pass
    return str(caught.value)


def test_lines_are_numbered_from_one_and_blank_lines_count(tmp_path: Path) -> None:
    rows = _rows(tmp_path, OBJECT + b"\n\n  \t\r\n" + OBJECT)
    assert rows == [(1, {"text": "ahoy"}), (4, {"text": "ahoy"})]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b""])
def test_any_line_ending_will_do(tmp_path: Path, ending: bytes) -> None:
    assert _rows(tmp_path, OBJECT + ending) == [(1, {"text": "ahoy"})]


def test_a_byte_order_mark_is_no_content_even_between_joined_files(tmp_path: Path) -> None:
    with_mark = b"\xef\xbb\xbf" + OBJECT + b"\n"
    assert _rows(tmp_path, with_mark + with_mark) == [(1, {"text": "ahoy"}), (2, {"text": "ahoy"})]


def test_unicode_line_separators_do_not_end_a_line(tmp_path: Path) -> None:
    content = '{"text": "a\u2028b\u0085c"}\n'.encode()
    assert _rows(tmp_path, content) == [(1, {"text": "a\u2028b\u0085c"})]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_a_file_without_content_has_no_rows(tmp_path: Path, content: bytes) -> None:
    assert _rows(tmp_path, content) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"text": "a" "b"}', ("column 14", "delimiter")),
        (b'{"text": ', ("column 10", "Expecting value")),
        (b"{'text': 1}", ("column 2", "double quotes")),
        (b'{"text": "a\tb"}', ("column 12", "control character")),
        (OBJECT + OBJECT, ("column 17", "Extra data")),
        (b'{"text": NaN}', ("NaN",)),
        (b'{"text": Infinity}', ("Infinity",)),
        (b'{"text": -Infinity}', ("-Infinity",)),
        (b'{"text": "\xff"}', ("UTF-8", "byte 11", "0xff")),
        (b"[1, 2]", ("object", "a list")),
        (b'"ahoy"', ("object", "text")),
        (b"7", ("object", "a number")),
        (b"null", ("object", "null")),
        (b"true", ("object", "true or false")),
        (b"[" * 200_000, ("not JSON",)),
        (b'{"n": ' + b"9" * 5000 + b"}", ("not JSON", "4300")),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_bad_line_is_a_fault_with_its_number_and_the_next_line_is_read(
    tmp_path: Path, line: bytes, words: tuple[str, ...]
) -> None:
    rows = _rows(tmp_path, OBJECT + b"\n" + line + b"\n" + OBJECT + b"\n")
    assert [number for number, _ in rows] == [1, 2, 3]
    assert rows[2] == (3, {"text": "ahoy"})
    assert all(word in str(rows[1][1]) for word in words), rows[1]


def test_rows_are_read_one_line_at_a_time() -> None:
    taken: list[int] = []

    def lines() -> Iterator[bytes]:
        for number in range(100):
            taken.append(number)
            yield OBJECT + b"\n"

    next(json_lines(lines()))  # type: ignore[arg-type]
    assert taken == [0]


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "pirate.jsonl").write_bytes(OBJECT)
    (tmp_path / "pirate.jsonk").write_bytes(OBJECT)
    refusal = _refusal(tmp_path / "pirat.jsonl")
    assert f"{tmp_path}/pirat.jsonl does not exist" in refusal
    assert f"Did you mean {tmp_path}/pirate.jsonl?" in refusal


def test_a_missing_file_without_neighbours_says_what_to_name(tmp_path: Path) -> None:
    assert "Name a .jsonl file" in _refusal(tmp_path / "pirate.jsonl")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert f"no folder {tmp_path}/nowhere" in _refusal(tmp_path / "nowhere" / "pirate.jsonl")


def test_a_folder_is_refused_with_a_file_in_it(tmp_path: Path) -> None:
    assert "is a folder. Name a .jsonl file" in _refusal(tmp_path)
    (tmp_path / "pirate.jsonl").write_bytes(OBJECT)
    assert "is a folder. Name a file in it, such as pirate.jsonl" in _refusal(tmp_path)


@pytest.mark.parametrize(
    ("name", "words"), [("data.csv", "the suffix .csv"), ("data", "no suffix"), ("d.jsonl.gz", ".gz")]
)
def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / name).write_bytes(OBJECT)
    refusal = _refusal(tmp_path / name)
    assert words in refusal and ".jsonl, .ndjson, .json" in refusal


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json", "a.JSONL"])
def test_known_suffixes_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(OBJECT + b"\n" + OBJECT)
    with opened(tmp_path / name) as file:
        assert len(list(reader_for(tmp_path / name)(file))) == 2


@pytest.mark.parametrize(
    ("name", "content", "command"),
    [
        ("a.json", b'[{"text": "ahoy"}]', "jq -c '.[]' a.json"),
        ("a.json", b' [\n  {"text": "ahoy"}\n]', "jq -c '.[]' a.json"),
        ("a.jsonl", b'[\r\n  {"text": "ahoy"}\r\n]', "jq -c '.[]' a.jsonl"),
        ("a.jsonl", b'{\n  "text": "ahoy"\n}', "jq -c '.' a.jsonl"),
    ],
)
def test_one_json_document_is_refused_once_with_the_command_that_rewrites_it(
    tmp_path: Path, name: str, content: bytes, command: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert command in _refusal(tmp_path / name)


def test_a_lone_brace_is_a_fault_of_its_line_only(tmp_path: Path) -> None:
    assert [number for number, _ in _rows(tmp_path, b"{\n" + OBJECT)] == [1, 2]


def test_utf_16_is_refused_once(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "ahoy"}', encoding="utf-16")
    assert "is UTF-16. Save it as UTF-8" in _refusal(tmp_path / "a.jsonl")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_read_permission_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(OBJECT)
    path.chmod(0)
    assert "cannot be read: Permission denied" in _refusal(path)


def test_a_link_to_itself_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").symlink_to(tmp_path / "a.jsonl")
    assert "cannot be read: " in _refusal(tmp_path / "a.jsonl")


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jsonl")
    assert "no regular file" in _refusal(tmp_path / "a.jsonl")


def test_names_from_the_folder_cannot_command_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "pirate\x1b[2J.jsonl").write_bytes(OBJECT)
    assert "\x1b" not in _refusal(tmp_path / "pirate.jsonl")


def test_the_fingerprint_is_of_all_bytes_wherever_the_reading_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"")
    with opened(path) as file:
        assert fingerprint(file) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    path.write_bytes(OBJECT + b"\n\n")
    with opened(path) as file:
        whole = fingerprint(file)
        assert fingerprint(file) == whole
