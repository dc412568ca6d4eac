"""Rows in, records and faults out: where they stand, how far the reading is, and what it costs."""

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from phi_core.chat.messages import Message
from phi_core.data.reading import read_records
from phi_core.data.records import Fault, Reading, Record, RecordFault
from phi_core.data.sources.find import find_sources
from phi_core.data.sources.json_array import ITEM_LIMIT, json_array
from phi_core.data.sources.kinds import READERS, read_rows
from phi_core.data.sources.lines import LINE_LIMIT
from phi_core.data.sources.part import Part
from phi_core.errors import DataError

PART = Part("a.json", "a.json", "json_array", "line", 0)
MEBIBYTE = 1 << 20


def _file(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _parts(*paths: Path) -> tuple[Part, ...]:
    return tuple(part for source in find_sources([str(path) for path in paths]) for part in source.parts)


def test_records_know_their_messages_source_line_and_format(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.jsonl", {"prompt": "p", "response": "r"}, {"text": "t", "who": "Anne"})
    first, second = read_records(_parts(path), Reading())
    assert first == Record(
        (Message("user", "p"), Message("assistant", "r")), str(path), 1, "prompt/response", is_text=False
    )
    assert second == Record((Message("assistant", "t"),), str(path), 2, "text", is_text=True)


def test_columns_and_groups_are_those_of_the_reading(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.jsonl", {"q": "p", "a": "r", "who": "Anne"})
    columns = (("prompt", "q"), ("response", "a"))
    (record,) = read_records(_parts(path), Reading("prompt/response", columns, "who"))
    assert isinstance(record, Record)
    assert (record.messages[-1].content, record.group) == ("r", "Anne")


def test_a_fault_knows_its_source_line_and_field(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.jsonl", {"prompt": "p", "response": ""})
    (fault,) = read_records(_parts(path), Reading())
    assert isinstance(fault, Fault)
    assert (fault.source, fault.line) == (str(path), 1)
    assert str(fault.problem) == "a.jsonl line 1, field response: empty, so there is nothing to learn"


def test_parts_are_read_one_after_the_other(tmp_path: Path) -> None:
    paths = _file(tmp_path / "a.jsonl", {"text": "a"}, {}), _file(tmp_path / "b.jsonl", {"text": "b"})
    found = list(read_records(_parts(*paths), Reading()))
    assert [(type(item).__name__, Path(item.source).name, item.line) for item in found] == [
        ("Record", "a.jsonl", 1),
        ("Fault", "a.jsonl", 2),
        ("Record", "b.jsonl", 1),
    ]


def test_bytes_are_counted_over_all_parts_and_end_at_their_sum(tmp_path: Path) -> None:
    import gzip

    first = _file(tmp_path / "a.jsonl", *[{"text": "yo ho " * 1000}] * 900)
    packed = tmp_path / "b.jsonl.gz"
    packed.write_bytes(gzip.compress(first.read_bytes()))
    parts, seen = _parts(first, packed), list[int]()
    assert sum(1 for _ in read_records(parts, Reading(), on_bytes=seen.append)) == 1800
    assert seen == sorted(seen)
    assert seen[-1] == first.stat().st_size + packed.stat().st_size
    assert 5 < len(seen) < 50


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    parts = _parts(_file(tmp_path / "a.jsonl", {"text": "a"}))
    (tmp_path / "a.jsonl").unlink()
    records = read_records(parts, Reading())
    with pytest.raises(DataError, match=r"a\.jsonl does not exist"):
        next(records)


def test_a_file_that_is_not_read_to_its_end_is_closed(tmp_path: Path) -> None:
    records = read_records(_parts(_file(tmp_path / "a.jsonl", *[{"text": "a"}] * 9)), Reading())
    next(records)
    records.close()  # type: ignore[attr-defined]


def test_every_kind_that_is_found_can_be_read() -> None:
    assert set(READERS) >= {"json_lines", "json_array", "csv", "tsv", "text_lines", "text_paragraphs"}
    assert set(READERS) >= {"parquet", "saved", "hub"}


def test_a_line_beyond_the_limit_is_a_fault_and_the_next_one_is_read(tmp_path: Path) -> None:
    long = b'{"text": "' + b"a" * LINE_LIMIT + b'"}'
    (tmp_path / "a.jsonl").write_bytes(long + b'\n{"text": "b"}\n' + long)
    rows = [row for part in _parts(tmp_path / "a.jsonl") for row in read_rows(part)]
    assert [(number, isinstance(row, RecordFault)) for number, row in rows] == [
        (1, True),
        (2, False),
        (3, True),
    ]
    assert "the line is longer than 64 MiB" in str(rows[0][1])


def test_an_item_beyond_the_limit_is_the_last() -> None:
    content = b'[{"text": "a"},\n{"text": "' + b"a" * (2 * ITEM_LIMIT) + b'"}, {}]'
    rows = list(json_array(BytesIO(content), PART))
    assert rows[0] == (1, {"text": "a"})
    assert len(rows) == 2 and "the item is longer than 64 MiB" in str(rows[1][1])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 17, 64])
def test_an_array_is_the_same_through_a_window_of_any_size(size: int) -> None:
    items = [
        {"text": 'a\\" é 🏴‍☠️ \n' * 5, "n": [-1.5e10, 123456789, True, None]},
        {},
        {"deep": [[{"a": "b"}]]},
    ]
    content = b"\xef\xbb\xbf" + json.dumps(items, indent=1).encode() + b"\n"
    escaped = json.dumps([*items, 1234567], ensure_ascii=False).replace("},", "},\n").encode()
    assert [row for _, row in json_array(BytesIO(content), PART, chunk_bytes=size)] == items
    rows = list(json_array(BytesIO(escaped), PART, chunk_bytes=size))
    assert [row for _, row in rows[:-1]] == items
    assert "got a number" in str(rows[-1][1])


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_where_an_array_breaks_does_not_depend_on_the_window(size: int) -> None:
    for content, line, reason in (
        (
            b'[{"text": "a"},\n  {"text": "b", x}, {"text": "c"}, {"text": "ddddddddddddddddd"}]',
            2,
            "column 17",
        ),
        (
            '[{"é": "ééé"},\n{"é": "'.encode() + b'\xff"}, {"text": "ddddddddddddddd"}]',
            2,
            "byte 28 of the file: 0xff",
        ),
        (b'[{"text": "a"},\n{"text": "b"}', 2, "column 14: the array is not closed"),
    ):
        (_, _), *_, (number, fault) = list(json_array(BytesIO(content), PART, chunk_bytes=size))
        assert (number, reason in str(fault)) == (line, True), (size, fault)


def _json_lines(rows: Iterable[dict[str, str]]) -> Iterator[str]:
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _json_array(rows: Iterable[dict[str, str]]) -> Iterator[str]:
    yield "[\n"
    for position, row in enumerate(rows):
        yield (",\n" if position else "") + json.dumps(row, ensure_ascii=False)
    yield "\n]"


def _csv(rows: Iterable[dict[str, str]]) -> Iterator[str]:
    yield "prompt,response\n"
    yield from (f'"{row["prompt"]}","{row["response"]}"\n' for row in rows)


def _csv_not_closed(rows: Iterable[dict[str, str]]) -> Iterator[str]:
    yield "prompt,response\np,r\n"
    yield from (
        f'"{row["prompt"]}\n' if not position else f"{row['response']}\n" for position, row in enumerate(rows)
    )


def _paragraphs(rows: Iterable[dict[str, str]]) -> Iterator[str]:
    return (f"{row['prompt']}\n{row['response']}\n\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "written", "limit"),
    [
        ("a.jsonl", _json_lines, 16),
        ("a.json", _json_array, 16),
        ("a.csv", _csv, 16),
        ("a.txt", _paragraphs, 16),
        ("a.csv", _csv_not_closed, 160),
    ],
    ids=["jsonl", "array", "csv", "text", "csv-not-closed"],
)
def test_memory_stays_bounded_while_a_large_file_streams(
    tmp_path: Path, name: str, written: Callable[[Iterable[dict[str, str]]], Iterator[str]], limit: int
) -> None:
    rows = [{"prompt": f"{number} é 🏴 " * 20, "response": "yo\\n ho " * 400} for number in range(50)]
    path = tmp_path / name
    with path.open("w", encoding="utf-8") as file:
        file.writelines(written(row for _ in range(400) for row in rows))
    assert path.stat().st_size > 60 * MEBIBYTE
    (part,) = _parts(path)
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_rows(part))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == (2 if written is _csv_not_closed else 400 * 50)
    assert peak < limit * MEBIBYTE


def test_text_kinds_are_read_without_arrow(tmp_path: Path) -> None:
    _file(tmp_path / "a.jsonl", {"text": "a"})
    (tmp_path / "b.json").write_text('[{"text": "a"}]')
    (tmp_path / "c.csv").write_text("text\na\n")
    (tmp_path / "d.txt").write_text("a\n")
    script = """
import sys
from phi_core.data.reading import read_records
from phi_core.data.records import Reading
from phi_core.data.sources.find import find_sources
from phi_core.data.sources.fingerprint import fingerprint

parts = [part for source in find_sources(sys.argv[1:]) for part in source.parts]
assert len(list(read_records(parts, Reading()))) == 4 and fingerprint(parts)
print(sorted({"pyarrow", "datasets", "numpy", "torch", "transformers"} & sys.modules.keys()))
"""
    command = [sys.executable, "-c", script, *(str(path) for path in sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[3])
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
