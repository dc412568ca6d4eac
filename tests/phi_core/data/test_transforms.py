"""Rows of CSV and JSON lines changed as they stream by: what each step does, and what it refuses."""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

from phi_core.data.field_number import number_in
from phi_core.data.records import RecordFault
from phi_core.data.row_filter import TEXT_LIMIT, condition
from phi_core.data.row_numbers import smoothed, window_weights
from phi_core.data.sources.file_kind import file_part
from phi_core.data.transforms import Transformed, Transforms, transform
from phi_core.data.watch import EVERY_RECORDS
from phi_core.errors import DataError
from phi_core.schedules.golden_ratio import GOLDEN_RATIO

CSV = 'name,score,note\nAda,1,x\nBen,2,\nCid,,y\nDan,4.0,NaN\nEve,5,"a, ""b""\nc"\n'


def _written(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def _lines(path: Path, *rows: Any) -> Path:
    return _written(path, "".join(json.dumps(row) + "\n" for row in rows))


def _transform(source: Path, target: Path, *, overwrite: bool = False, **steps: Any) -> Transformed:
    return transform(file_part(source, text_unit="auto"), target, Transforms(**steps), overwrite=overwrite)


def _rows(path: Path) -> list[dict[str, Any]]:
    text = path.read_bytes().decode()
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    return [json.loads(line) for line in text.splitlines()]


def _column(path: Path, name: str) -> list[Any]:
    return [row[name] for row in _rows(path)]


def _numbers(path: Path, name: str) -> list[float | None]:
    return [float(value) if value not in ("", None) else None for value in _column(path, name)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return _written(tmp_path / "in.csv", CSV)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


def test_without_steps_every_value_stays_as_typed(table: Path, out: Path) -> None:
    done = _transform(table, out)
    assert out.read_text() == CSV
    assert (done.rows_in, done.rows_out, done.dropped, done.num_duplicates) == (5, 5, (), 0)


def test_columns_are_renamed_all_at_once_and_selected_in_the_given_order(table: Path, out: Path) -> None:
    _transform(table, out, rename=(("name", "score"), ("score", "name")), select=("score", "name"))
    assert out.read_text().splitlines()[:3] == ["score,name", "Ada,1", "Ben,2"]


def test_a_new_name_that_another_field_has_is_refused(table: Path, out: Path) -> None:
    with pytest.raises(
        DataError, match=r"in\.csv line 2, field note: renamed to a name that another field has"
    ):
        _transform(table, out, rename=(("name", "note"),))
    with pytest.raises(DataError, match="b stands in rename twice"):
        _transform(table, out, rename=(("name", "b"), ("score", "b")))
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("score = 4", "Dan"),
        ("score == 4", "Dan"),
        ("score=4", "Dan"),
        ('score = "4"', ""),
        ("score != 4", "Ada Ben Cid Eve"),
        ("score < 2", "Ada"),
        ("score <= 2", "Ada Ben"),
        ("score>2", "Dan Eve"),
        ("score >= 2", "Ben Dan Eve"),
        ("name >= Cid", "Cid Dan Eve"),
        ("name = 'Ada'", "Ada"),
        ("name contains a", "Ada Dan"),
        ("name matches ^[A-C]", "Ada Ben Cid"),
        ("name matches (a|e)n$", "Ben Dan"),
        ("note contains b", "Eve"),
        ("note contains =", ""),
        ("score exists", "Ada Ben Dan Eve"),
        ("score missing", "Cid"),
        ("note missing", "Ben Dan"),
        ("nowhere missing", "Ada Ben Cid Dan Eve"),
    ],
)
def test_rows_that_meet_a_condition_are_kept(table: Path, out: Path, text: str, kept: str) -> None:
    done = _transform(table, out, filters=(condition(text),))
    assert _column(out, "name") == kept.split()
    assert done.dropped == ((text, 5 - len(kept.split())),)


def test_values_of_json_are_compared_by_their_kind(tmp_path: Path) -> None:
    source = _lines(
        tmp_path / "in.jsonl",
        {"v": True},
        {"v": 1},
        {"v": 1.0},
        {"v": "1"},
        {"v": ["1", "ä"]},
        {"v": None},
        {},
    )
    target = tmp_path / "out.jsonl"
    kept: dict[str, list[Any]] = {
        "v = 1": [1, 1.0, "1"],
        "v = true": [True],
        "v contains ä": [["1", "ä"]],
        "v exists": [True, 1, 1.0, "1", ["1", "ä"]],
        'v = "1"': [1, "1"],
    }
    for text, values in kept.items():
        _transform(source, target, filters=(condition(text),), overwrite=True)
        assert [json.dumps(value) for value in _column(target, "v")] == [
            json.dumps(value) for value in values
        ], text


def test_all_conditions_must_hold_and_each_counts_what_it_drops(table: Path, out: Path) -> None:
    done = _transform(
        table, out, filters=(condition("score exists"), condition("score > 1"), condition("name != Eve"))
    )
    assert _column(out, "name") == ["Ben", "Dan"]
    assert done.dropped == (("score exists", 1), ("score > 1", 1), ("name != Eve", 1))


def test_a_value_that_cannot_be_compared_is_a_fault(table: Path, out: Path) -> None:
    with pytest.raises(
        DataError, match=r"in\.csv line 2, field name: must be a number to be compared, got text 'Ada'"
    ) as caught:
        _transform(table, out, filters=(condition("name > 3"),))
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize("text", ["", "score", "= 3", "score like 3", "exists", "score ~ 3"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="no condition"):
        condition(text)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a*)*", "((a+)b?)*", "(x(a{2,}))+", r"(\d+)*x", "([a-z]+)+", "(a+|b)+{2,}"]
)
def test_a_pattern_that_could_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(DataError):
        condition(f"name matches {pattern}")


@pytest.mark.parametrize(
    "pattern", ["(abc)+", r"\(a+\)+", "[(+]+x", "(a+)b", "(ab?){3}", "a{2,}b+", "[]+)]*(x)+", "a|b"]
)
def test_a_harmless_pattern_is_taken(pattern: str) -> None:
    condition(f"name matches {pattern}")


def test_limits_of_patterns_and_of_their_texts_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="pattern of 201 characters; at most 200"):
        condition(f"name matches {'a' * 201}")
    with pytest.raises(DataError, match="no valid pattern"):
        condition("name matches (")
    with pytest.raises(RecordFault, match="longer than 10,000 characters"):
        condition("t matches a").accepts({"t": "b" * (TEXT_LIMIT + 1)})


def test_equal_rows_are_kept_once_whole_or_by_fields(tmp_path: Path) -> None:
    rows = [{"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 3}, {"a": "1", "b": 2}, {"b": 2}]
    source, target = _lines(tmp_path / "in.jsonl", *rows), tmp_path / "out.jsonl"
    assert _transform(source, target, deduplicate=()).num_duplicates == 1
    assert _rows(target) == [rows[0], rows[2], rows[3], rows[4]]
    assert _transform(source, target, deduplicate=("b",), overwrite=True).num_duplicates == 3
    assert _rows(target) == [rows[0], rows[2]]


def test_numbers_are_multiplied_or_divided_by_the_factor(table: Path, out: Path) -> None:
    _transform(table, out, scale=("score",), factor=GOLDEN_RATIO)
    assert _numbers(out, "score") == pytest.approx([1.618034, 3.236068, None, 6.472136, 8.090170], abs=1e-6)
    _transform(table, out, scale=("score",), factor=GOLDEN_RATIO, divide=True, overwrite=True)
    assert _numbers(out, "score") == pytest.approx([0.618034, 1.236068, None, 2.472136, 3.090170], abs=1e-6)
    assert _column(out, "note") == ["x", "", "y", "NaN", 'a, "b"\nc']


def test_whole_numbers_times_a_whole_factor_stay_whole(tmp_path: Path) -> None:
    source = _lines(tmp_path / "in.jsonl", {"n": 2}, {"n": 2.5}, {"n": None}, {})
    _transform(source, target := tmp_path / "out.jsonl", scale=("n",), factor=3)
    assert target.read_text() == '{"n": 6}\n{"n": 7.5}\n{"n": null}\n{}\n'


def test_normalised_numbers_go_from_0_to_the_upper_end(table: Path, out: Path) -> None:
    done = _transform(table, out, normalise=("score",))
    assert _numbers(out, "score") == pytest.approx([0, 0.25, None, 0.75, 1])
    assert (done.ranges["score"].least, done.ranges["score"].greatest) == (1, 5)
    _transform(table, out, normalise=("score",), upper=GOLDEN_RATIO, overwrite=True)
    assert _numbers(out, "score") == pytest.approx([0, 0.404508, None, 1.213525, 1.618034], abs=1e-6)


def test_a_constant_column_normalises_to_zeros_and_an_empty_one_stays(tmp_path: Path, out: Path) -> None:
    source = _written(tmp_path / "in.csv", "a,b\n7,\n7.0,nan\n7e0,\n")
    _transform(source, out, normalise=("a", "b"))
    assert out.read_text() == "a,b\n0.0,\n0.0,nan\n0.0,\n"


def test_only_rows_that_stay_make_the_range(table: Path, out: Path) -> None:
    _transform(
        table, out, filters=(condition("score < 5"),), scale=("score",), factor=2, normalise=("score",)
    )
    assert _numbers(out, "score") == pytest.approx([0, 1 / 3, 1])


def test_the_widest_numbers_can_be_normalised(tmp_path: Path, out: Path) -> None:
    _transform(_written(tmp_path / "in.csv", "a\n-1.7e308\n0\n1.7e308\n"), out, normalise=("a",))
    assert _numbers(out, "a") == [0, 0.5, 1]


def test_window_weights_rise_and_add_up() -> None:
    assert window_weights(1) == (1.0,)
    assert window_weights(5) == pytest.approx([1 / 12, 1 / 12, 2 / 12, 3 / 12, 5 / 12])
    assert math.fsum(window_weights(999)) == pytest.approx(1)
    for window in (0, -1, 4, 1001):
        with pytest.raises(DataError, match=f"window {window} must be odd"):
            window_weights(window)


def test_smoothing_weighs_later_rows_more_and_shares_out_the_weights_at_the_ends(
    tmp_path: Path, out: Path
) -> None:
    _transform(
        _written(tmp_path / "in.csv", "a,i\n10,1\n20,2\n30,3\n40,4\n50,5\n"), out, smooth=("a",), window=5
    )
    expected = [
        (2 * 10 + 3 * 20 + 5 * 30) / 10,
        (1 * 10 + 2 * 20 + 3 * 30 + 5 * 40) / 11,
        (1 * 10 + 1 * 20 + 2 * 30 + 3 * 40 + 5 * 50) / 12,
        (1 * 20 + 1 * 30 + 2 * 40 + 3 * 50) / 7,
        (1 * 30 + 1 * 40 + 2 * 50) / 4,
    ]
    assert _numbers(out, "a") == pytest.approx(expected)
    assert _column(out, "i") == ["1", "2", "3", "4", "5"]


def test_missing_values_stay_and_do_not_poison_their_neighbours(tmp_path: Path, out: Path) -> None:
    _transform(
        _written(tmp_path / "in.csv", "i,a\n1,10\n2,\n3,30\n4,NaN\n5,50\n"), out, smooth=("a",), window=3
    )
    assert _column(out, "a") == ["10.0", "", "30.0", "NaN", "50.0"]


@pytest.mark.parametrize("window", [1, 3, 5, 21])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 10])
def test_smoothing_keeps_every_row_in_order_and_a_constant_constant(window: int, count: int) -> None:
    rows = [(number, {"a": 4, "b": number}) for number in range(count)]
    result = list(smoothed(rows, ("a",), window_weights(window), from_text=False))
    assert [row["b"] for _, row in result] == list(range(count))
    assert all(row["a"] == pytest.approx(4) for _, row in result)


def test_several_columns_are_smoothed_each_by_itself(tmp_path: Path, out: Path) -> None:
    _transform(_written(tmp_path / "in.csv", "a,b\n1,3\n3,1\n"), out, smooth=("a", "b"), window=3)
    assert _numbers(out, "a") == pytest.approx([(1 + 2 * 3) / 3, 2])
    assert _numbers(out, "b") == pytest.approx([(3 + 2 * 1) / 3, 2])


def test_steps_are_done_in_their_fixed_order(tmp_path: Path, out: Path) -> None:
    source = _written(tmp_path / "in.csv", "x,k\n1,a\n1,b\n9,c\n2,d\n3,e\n")
    done = _transform(
        source,
        out,
        rename=(("x", "y"),),
        filters=(condition("y < 9"),),
        deduplicate=("y",),
        scale=("y",),
        factor=10,
        normalise=("y",),
        smooth=("y",),
        window=3,
        select=("y",),
    )
    assert _numbers(out, "y") == pytest.approx([(0 + 2 * 0.5) / 3, (0 + 0.5 + 2 * 1) / 4, 0.75])
    assert (done.rows_in, done.rows_out, done.num_duplicates) == (5, 3, 1)


@pytest.mark.parametrize("step", ["scale", "normalise", "smooth"])
def test_a_text_column_is_refused_with_column_line_and_value(table: Path, out: Path, step: str) -> None:
    with pytest.raises(DataError) as caught:
        steps: dict[str, Any] = {step: ("note",)}
        _transform(table, out, **steps)
    assert str(caught.value.problems[0]) == "in.csv line 2, field note: must be a number, got text 'x'"
    assert len(caught.value.problems) == 3 and not out.exists()


@pytest.mark.parametrize(
    ("value", "found"),
    [("3", "text '3'"), (True, "true or false"), ([1], "a list"), (10**400, "beyond what can be computed")],
)
def test_json_values_that_are_no_numbers_are_refused(tmp_path: Path, value: Any, found: str) -> None:
    source = _lines(tmp_path / "in.jsonl", {"n": 1}, {"n": value})
    with pytest.raises(DataError, match=found) as caught:
        _transform(source, tmp_path / "out.jsonl", scale=("n",), factor=2)
    assert "in.jsonl line 2, field n" in str(caught.value)


def test_a_result_that_no_number_can_hold_is_refused(tmp_path: Path, out: Path) -> None:
    with pytest.raises(DataError, match="line 3, field a: a number beyond"):
        _transform(_written(tmp_path / "in.csv", "a\n1\n1e308\n"), out, scale=("a",), factor=100.0)


def test_numbers_in_text_are_those_of_csv_files() -> None:
    assert [number_in(text) for text in ("1", " -2 ", "+.5", "1e3", "7.")] == [1, -2, 0.5, 1000, 7]
    assert all(
        number_in(text) is None for text in ("", "1_000", "0x1", "inf", "nan", "1e999", "١", "1,5", "1 2")
    )


@pytest.mark.parametrize(
    "steps",
    [
        {"rename": (("scor", "s"),)},
        {"filters": (condition("scor > 1"),)},
        {"deduplicate": ("scor",)},
        {"scale": ("scor",)},
        {"normalise": ("scor",)},
        {"smooth": ("scor",)},
        {"select": ("scor",)},
    ],
)
def test_an_unknown_column_is_refused_with_the_nearest_name(
    table: Path, out: Path, steps: dict[str, Any]
) -> None:
    with pytest.raises(DataError, match=r"in\.csv has no field scor\. Did you mean score\?"):
        _transform(table, out, **steps)
    source = _lines(table.with_name("in.jsonl"), {"a": 1, "score": 2}, {"a": 1})
    with pytest.raises(DataError, match=r"in\.jsonl has no field scor\. Did you mean score\?"):
        _transform(source, out, **steps)
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "sign", "meant"),
    [
        ("score => 2", "=>", ">="),
        ("score =< 2", "=<", "<="),
        ("score <> 2", "<>", "!="),
        ("score = > 2", "=>", ">="),
        ("score === 2", "===", "="),
        ("score !== 2", "!==", "!="),
    ],
)
def test_signs_that_are_no_operator_are_refused_with_the_one_meant(text: str, sign: str, meant: str) -> None:
    with pytest.raises(DataError) as caught:
        condition(text)
    assert f"{sign} is no operator. Did you mean {meant}?" in str(caught.value)


def test_a_value_that_begins_with_a_sign_stands_in_quotes() -> None:
    with pytest.raises(DataError, match="no operator"):
        condition("a == <b>")
    assert condition('a = "<b>"').accepts({"a": "<b>"})
    assert condition("a == 2").accepts({"a": 2}) and condition("a = -2").accepts({"a": -2})


def test_progress_counts_both_readings(tmp_path: Path) -> None:
    source = _lines(tmp_path / "in.jsonl", *({"a": number} for number in range(2 * EVERY_RECORDS)))
    told: list[tuple[int, int]] = []
    part = file_part(source, text_unit="auto")
    transform(part, tmp_path / "out.jsonl", Transforms(), on_progress=lambda *done: told.append(done))
    assert [rows for _, rows in told] == [EVERY_RECORDS, 2 * EVERY_RECORDS] * 2
    assert told == sorted(told) and told[2][0] >= part.num_bytes and told[-1][0] <= 2 * part.num_bytes


def test_the_names_before_renaming_are_unknown_to_later_steps(table: Path, out: Path) -> None:
    with pytest.raises(DataError, match="no field score"):
        _transform(table, out, rename=(("score", "s"),), select=("score",))


def test_a_field_that_only_some_json_rows_have_is_known(tmp_path: Path) -> None:
    source = _lines(tmp_path / "in.jsonl", {"a": 1}, {"a": 2, "b": 5})
    _transform(source, target := tmp_path / "out.jsonl", select=("b",), normalise=("b",))
    assert target.read_text() == '{}\n{"b": 0.0}\n'


def test_csv_becomes_json_lines_of_text_and_numbers_where_computed(table: Path, tmp_path: Path) -> None:
    _transform(
        table,
        target := tmp_path / "out.jsonl",
        scale=("score",),
        factor=2,
        filters=(condition("score exists"),),
    )
    assert _rows(target)[:2] == [
        {"name": "Ada", "score": 2, "note": "x"},
        {"name": "Ben", "score": 4, "note": ""},
    ]


def test_json_lines_become_csv_with_the_columns_of_all_rows(tmp_path: Path, out: Path) -> None:
    source = _lines(tmp_path / "in.jsonl", {"a": 1, "b": True}, {"c": "ü,\n", "a": None}, {"a": 2.50})
    _transform(source, out)
    assert out.read_bytes().decode() == 'a,b,c\n1,true,\n,,"ü,\n"\n2.5,,\n'


def test_what_a_cell_cannot_hold_is_refused(tmp_path: Path, out: Path) -> None:
    source = _written(tmp_path / "in.jsonl", '{"a": [1]}\n{"a": "\\ud800"}\n{"a": {}}\n')
    with pytest.raises(DataError) as caught:
        _transform(source, out)
    assert [problem.where for problem in caught.value.problems] == [
        f"in.jsonl line {line}, field a" for line in (1, 2, 3)
    ]
    assert _transform(source, target := tmp_path / "out.jsonl").rows_out == 3
    assert _rows(target) == [{"a": [1]}, {"a": "\ud800"}, {"a": {}}]


def test_what_json_cannot_hold_is_refused_with_its_row(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    moments = pyarrow.array([None, 0, None], pyarrow.timestamp("s"))
    columns = {"a": [1, 2, 3], "when": moments, "x": [0.5, 1.5, float("nan")]}
    parquet.write_table(pyarrow.table(columns), source := tmp_path / "in.parquet")
    with pytest.raises(DataError) as caught:
        _transform(source, target := tmp_path / "out.jsonl")
    assert [problem.where for problem in caught.value.problems] == [
        *("in.parquet row 2, field when", "in.parquet row 3, field x")
    ]
    assert all("which JSON cannot hold" in problem.what for problem in caught.value.problems)
    assert not target.exists()
    _transform(source, target, filters=(condition("x exists"),), select=("a", "x"))
    assert _rows(target) == [{"a": 1, "x": 0.5}, {"a": 2, "x": 1.5}]


def test_tabs_part_the_cells_of_a_tsv_file(table: Path, tmp_path: Path) -> None:
    _transform(table, target := tmp_path / "out.tsv", select=("score", "name"))
    assert target.read_text().startswith("score\tname\n1\tAda\n")


def test_faulty_rows_are_all_listed_and_nothing_is_written(tmp_path: Path) -> None:
    lines = ['{"a": 1}', "{broken", "[1]", *["nonsense"] * 25]
    source, target = _written(tmp_path / "in.jsonl", "\n".join(lines)), tmp_path / "out.jsonl"
    with pytest.raises(DataError, match="27 faulty rows; nothing is written") as caught:
        _transform(source, target)
    problems = caught.value.problems
    assert len(problems) == 21 and problems[-1].what == "and 7 more"
    assert problems[0].where == "in.jsonl line 2" and problems[1].where == "in.jsonl line 3"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl"]


def test_an_output_that_exists_needs_a_word(table: Path, out: Path) -> None:
    _written(out, "precious")
    with pytest.raises(DataError, match="exists already"):
        _transform(table, out)
    assert out.read_text() == "precious"
    _transform(table, out, overwrite=True)
    assert out.read_text() == CSV


def test_input_may_be_output_and_survives_a_fault(table: Path) -> None:
    with pytest.raises(DataError):
        _transform(table, table, scale=("note",), overwrite=True)
    assert table.read_text() == CSV
    _transform(table, table, select=("name",), overwrite=True)
    assert table.read_text() == "name\nAda\nBen\nCid\nDan\nEve\n"
    assert [path.name for path in table.parent.iterdir()] == ["in.csv"]


def test_a_link_stays_a_link_to_the_new_content(table: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(table)
    _transform(link, link, select=("name",), overwrite=True)
    assert link.is_symlink() and table.read_text().startswith("name\nAda\n")


@pytest.mark.parametrize(
    ("name", "words"), [("out.txt", "suffix .txt"), ("out", "no suffix"), ("no/out.csv", "cannot be written")]
)
def test_an_output_that_cannot_be_written_is_refused(
    table: Path, tmp_path: Path, name: str, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        _transform(table, tmp_path / name)


def test_a_file_without_rows_is_refused(tmp_path: Path, out: Path) -> None:
    with pytest.raises(DataError, match=r"in\.csv has no rows"):
        _transform(_written(tmp_path / "in.csv", "a,b\n"), out)


def test_if_every_row_is_dropped_the_header_remains(table: Path, out: Path) -> None:
    assert _transform(table, out, filters=(condition("score > 100"),)).rows_out == 0
    assert out.read_text() == "name,score,note\n"


@pytest.mark.parametrize(
    "steps",
    [
        {"factor": 0},
        {"factor": math.nan},
        {"factor": math.inf},
        {"upper": 0},
        {"upper": math.nan},
        {"window": 2},
    ],
)
def test_numbers_that_make_no_sense_are_refused(table: Path, out: Path, steps: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        _transform(table, out, **steps)


def test_names_from_the_data_are_safe_to_print(tmp_path: Path, out: Path) -> None:
    source = _lines(tmp_path / "in.jsonl", {"a\x1b[2J": "\x1b[2Jx"})
    for steps in (
        {"scale": ("a\x1b[2J",)},
        {"select": ("a\x1b[3J",)},
        {"filters": (condition("a\x1b[2J > 3"),)},
    ):
        with pytest.raises(DataError) as caught:
            _transform(source, out, **steps)
        assert "\x1b" not in str(caught.value)
