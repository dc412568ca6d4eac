"""`phi data split`: the folder that it writes is a source, and every record stands in it once."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from command_line import files_under, phi

from phi_core.data.records import Reading
from phi_core.data.sources.find import find_sources
from phi_core.data.split_files import SplitWish, write_split
from phi_core.data.watch import EVERY_RECORDS


def _rows(count: int, **further: Any) -> list[dict[str, Any]]:
    return [{"prompt": f"p{number}", "response": "r", "id": number, **further} for number in range(count)]


def _lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _side(folder: Path, side: str) -> list[dict[str, Any]]:
    path = folder / f"{side}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _sides(folder: Path) -> tuple[list[dict[str, Any]], ...]:
    return tuple(_side(folder, side) for side in ("train", "validation", "test"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "split"


def test_rows_are_copied_as_they_are_each_to_one_side(tmp_path: Path, out: Path) -> None:
    rows = _rows(50, further={"nested": [1, None, "ü😀"]}, half="\ud800")
    done = phi("data", "split", _lines(tmp_path / "a.jsonl", rows), "--output", out, "--test_fraction", "0.2")
    assert done.status == 0, done.err
    train, validation, test = _sides(out)
    assert (len(train), len(validation), len(test)) == (35, 5, 10)
    assert sorted([*train, *validation, *test], key=lambda row: row["id"]) == rows
    for side in (train, validation, test):
        assert [row["id"] for row in side] == sorted(row["id"] for row in side)


def test_faulty_rows_of_several_kinds_of_files_are_left_out_and_none_is_lost_or_doubled(
    tmp_path: Path, out: Path
) -> None:
    (tmp_path / "a.jsonl").write_text(
        '\n{"text": "a1"}\n{broken\n\n{"text": ""}\n{"text": "a2", "k": 1}\n[]\n'
    )
    (tmp_path / "b.csv").write_text('text,k\n"b\n1",1\nb2\nb2,2\n\n" ",3\n')
    (tmp_path / "c.txt").write_text("c1\n\nc2\nc3\n")
    (tmp_path / "d.json").write_text('[{"text": "d1"}, 7, {"txt": "d"}, {"text": "d2"}]')
    files = [tmp_path / name for name in ("a.jsonl", "b.csv", "c.txt", "d.json")]
    refused = phi("data", "split", *files, "--output", out, "--text_unit", "line")
    assert refused.status == 2 and "faulty records beside 9 good" in refused.err
    assert "a.jsonl line 3" in refused.err and "b.csv line 4" in refused.err
    assert not out.exists()
    done = phi(
        *("data", "split", *files, "--output", out, "--text_unit", "line", "--on_bad_record", "skip"),
        *("--validation_fraction", "0.3"),
    )
    assert done.status == 0, done.err
    train, validation, _ = _sides(out)
    assert (len(train), len(validation)) == (6, 3)
    assert sorted(row["text"] for row in (*train, *validation)) == [
        *("a1", "a2", "b\n1", "b2", "c1", "c2", "c3", "d1", "d2")
    ]
    assert {"text": "a2", "k": 1} in (*train, *validation) and {"text": "b2", "k": "2"} in (
        *train,
        *validation,
    )
    assert "skipped  7 faulty" in done.out


def test_each_source_gives_its_share_and_the_counts_are_shown(tmp_path: Path, out: Path) -> None:
    first = _lines(tmp_path / "a.jsonl", _rows(40))
    second = _lines(tmp_path / "b.jsonl", [{"text": f"t{number}"} for number in range(10)])
    done = phi("data", "split", first, second, "--output", out, "--validation_fraction", "golden")
    assert [line.split() for line in done.out.splitlines()[:4]] == [
        ["source", "train", "validation", "test"],
        ["a", "24", "16", "0"],
        ["b", "6", "4", "0"],
        ["all", "30", "20", "0"],
    ]


def test_the_folder_is_a_source_with_its_own_validation(tmp_path: Path, out: Path) -> None:
    phi("data", "split", _lines(tmp_path / "a.jsonl", _rows(10)), "--output", out, "--test_fraction", "0.2")
    (source,) = find_sources([str(out)])
    assert [part.name for part in source.parts] == ["train.jsonl"]
    assert [part.name for part in source.validation] == ["validation.jsonl"]
    again = phi("data", "split", out, "--output", tmp_path / "other")
    assert again.status == 2 and "has validation records of its own" in again.err


def test_equal_records_and_groups_stay_on_one_side(tmp_path: Path, out: Path) -> None:
    who = [f"w{number // 4}" if number < 30 else f"u{number}" for number in range(60)]
    rows = [{"prompt": f"p{number % 30}", "response": "r", "who": who[number]} for number in range(60)]
    done = phi(
        *("data", "split", _lines(tmp_path / "a.jsonl", rows), "--output", out, "--group_by", "who"),
        *("--validation_fraction", "0.3", "--test_fraction", "0.2"),
    )
    assert done.status == 0, done.err
    sides = _sides(out)
    assert sum(map(len, sides)) == 60 and all(sides)
    for key in ("prompt", "who"):
        counts = Counter(value for side in sides for value in {row[key] for row in side})
        assert set(counts.values()) == {1}


def test_columns_are_read_by_their_names_and_copied_under_them(tmp_path: Path, out: Path) -> None:
    path = _lines(tmp_path / "a.jsonl", [{"q": f"q{number}", "a": "x"} for number in range(4)])
    assert phi("data", "split", path, "--output", out).status == 2
    done = phi(
        "data",
        "split",
        path,
        "--output",
        out,
        "--columns",
        "prompt=q,response=a",
        "--validation_records",
        "1",
    )
    assert done.status == 0, done.err
    assert all(set(row) == {"q", "a"} for row in (*_side(out, "train"), *_side(out, "validation")))
    assert len(_side(out, "validation")) == 1


def test_the_test_side_may_be_a_number_of_records(tmp_path: Path, out: Path) -> None:
    path = _lines(tmp_path / "a.jsonl", _rows(20))
    done = phi("data", "split", path, "--output", out, "--test_records", 3, "--validation_records", 2)
    assert done.status == 0, done.err
    assert [len(side) for side in _sides(out)] == [15, 2, 3]


def test_progress_counts_both_readings_of_all_sources(tmp_path: Path, out: Path) -> None:
    paths = [_lines(tmp_path / name, _rows(EVERY_RECORDS)) for name in ("a.jsonl", "b.jsonl")]
    sources = find_sources(list(map(str, paths)))
    told: list[tuple[int, int]] = []
    wish = SplitWish(validation=0.1, test=0, seed=1)
    write_split(sources, out, Reading(), wish, on_progress=lambda *done: told.append(done))
    num_bytes = sum(path.stat().st_size for path in paths)
    assert [records for _, records in told] == [EVERY_RECORDS, 2 * EVERY_RECORDS] * 2
    assert told == sorted(told) and told[2][0] > num_bytes and told[-1][0] <= 2 * num_bytes


def test_a_seed_gives_the_same_files_and_another_seed_others(tmp_path: Path) -> None:
    path = _lines(tmp_path / "a.jsonl", _rows(60))
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        assert phi("data", "split", path, "--output", tmp_path / name, "--seed", seed).status == 0
    assert _sides(tmp_path / "one") == _sides(tmp_path / "same") != _sides(tmp_path / "other")


def test_an_earlier_split_is_replaced_only_with_a_word_and_then_as_a_whole(tmp_path: Path, out: Path) -> None:
    path = _lines(tmp_path / "a.jsonl", _rows(20))
    assert phi("data", "split", path, "--output", out, "--test_fraction", "0.1").status == 0
    before = files_under(out)
    refused = phi("data", "split", path, "--output", out)
    assert refused.status == 2 and "exists already" in refused.err and files_under(out) == before
    done = phi("data", "split", path, "--output", out, "--overwrite")
    assert done.status == 0 and "removed  test.jsonl" in done.out
    assert sorted(item.name for item in out.iterdir()) == ["train.jsonl", "validation.jsonl"]


def test_a_row_that_json_cannot_hold_ends_the_split_and_nothing_is_written(tmp_path: Path, out: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    moments = pyarrow.array([None] * 8 + [0, None], pyarrow.timestamp("s"))
    columns = {"text": [f"t{number}" for number in range(10)], "when": moments}
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    done = phi("data", "split", tmp_path / "a.parquet", "--output", out)
    assert done.status == 2 and "a.parquet row 9, field when" in done.err
    assert not list(out.iterdir())


def test_a_folder_with_other_training_files_is_refused(tmp_path: Path, out: Path) -> None:
    out.mkdir()
    (out / "valid.csv").write_text("text\nx\n")
    done = phi("data", "split", _lines(tmp_path / "a.jsonl", _rows(20)), "--output", out)
    assert done.status == 2 and "valid.csv, which would be read as part of the split" in done.err


def test_a_file_may_be_split_into_its_own_folder(tmp_path: Path) -> None:
    path = _lines(tmp_path / "train.jsonl", rows := _rows(20))
    assert phi("data", "split", path, "--output", tmp_path, "--overwrite").status == 0
    train, validation, _ = _sides(tmp_path)
    assert len(validation) == 2 and sorted([*train, *validation], key=lambda row: row["id"]) == rows


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--validation_fraction", "1.5"], "leave nothing"),
        (["--validation_records", "20"], "leave nothing of 20 records"),
        (["--validation_records", "3", "--validation_fraction", "0.1"], "two answers to one question"),
        (["--test_records", "3", "--test_fraction", "0.1"], "two answers to one question"),
        (["--test_records", "20"], "leave nothing of 20 records"),
        (["--validation_fraction", "silver"], "validation_fraction"),
    ],
)
def test_shares_that_make_no_sense_are_refused_and_nothing_is_written(
    tmp_path: Path, out: Path, words: list[str], message: str
) -> None:
    done = phi("data", "split", _lines(tmp_path / "a.jsonl", _rows(20)), "--output", out, *words)
    assert done.status == 2 and message in done.err
    assert not out.exists()


def test_one_record_cannot_be_split(tmp_path: Path, out: Path) -> None:
    done = phi("data", "split", _lines(tmp_path / "a.jsonl", _rows(1)), "--output", out)
    assert done.status == 2 and "at least 2 different records, got 1 record" in done.err
    assert not out.exists()


def test_nothing_to_split_and_no_good_record_are_told(tmp_path: Path, out: Path) -> None:
    assert "nothing to split" in phi("data", "split", "--output", out).err
    (tmp_path / "a.jsonl").write_text("{broken\n")
    done = phi("data", "split", tmp_path / "a.jsonl", "--output", out, "--on_bad_record", "skip")
    assert done.status == 2 and "no good record" in done.err and "a.jsonl line 1" in done.err
