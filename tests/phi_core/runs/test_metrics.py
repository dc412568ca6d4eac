"""The table of metrics: one row a step, columns united, numbers that are not finite, as CSV and as JSON."""

import csv
import io
import json
import math
from pathlib import Path

import pytest
from run_factory import add_event, make_run

from phi_core.runs.metrics import columns, csv_text, json_rows, rows
from phi_core.runs.reader import read_run


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """The first has two sources, the second a loss that is not finite."""
    first = make_run(tmp_path, "first", losses=[2.0] * 10, steps=10)
    add_event(first, "step", 11, loss=1.5, tokens_by_source={"a,b": 30, 'c"d': 12}, note="words", flag=True)
    second = make_run(tmp_path, "second", losses=[1.0, math.nan, -math.inf], steps=3)
    return first, second


def test_one_row_a_step_with_its_validation(runs: tuple[Path, Path]) -> None:
    table = rows([read_run(path) for path in runs])
    assert [(row["run"], row["step"]) for row in table] == [
        *(("first", step) for step in range(1, 12)),
        *(("second", step) for step in range(1, 4)),
    ]
    assert table[9]["loss"] == 2.0 and table[9]["validation_loss"] == pytest.approx(2.1)
    assert "validation_loss" not in table[8]
    assert table[10]["tokens_by_source.a,b"] == 30 and not {"note", "flag"} & set(table[10])


def test_columns_are_united(runs: tuple[Path, Path]) -> None:
    table = rows([read_run(path) for path in runs])
    names = columns(table)
    assert names[:4] == ("run", "step", "time", "loss") and len(names) == len(set(names))
    assert {"validation_loss", "tokens_by_source.a,b", 'tokens_by_source.c"d'} <= set(names)


def test_csv_reads_back(runs: tuple[Path, Path]) -> None:
    table = rows([read_run(path) for path in runs])
    read = list(csv.DictReader(io.StringIO(csv_text(table))))
    assert len(read) == 14 and {len(row) for row in read} == {len(columns(table))}
    assert read[10]['tokens_by_source.c"d'] == "12" and read[0]['tokens_by_source.c"d'] == ""
    assert [row["loss"] for row in read[-3:]] == ["1", "nan", "-inf"]
    assert float(read[0]["learning_rate"]) == table[0]["learning_rate"]


def test_json_has_null_for_what_is_not_finite(runs: tuple[Path, Path]) -> None:
    table = rows([read_run(path) for path in runs])
    read = json.loads(json_rows(table), parse_constant=lambda word: pytest.fail(word))
    assert [row["loss"] for row in read[-3:]] == [1.0, None, None]
    assert {tuple(row) for row in read} == {columns(table)}


def test_steps_that_a_resume_repeats_stand_once(tmp_path: Path) -> None:
    path = make_run(tmp_path, "again", losses=[3.0, 2.0, 1.0], steps=3)
    add_event(path, "plan", 1, from_step=1, total_steps=3)
    add_event(path, "step", 2, loss=9.0)
    assert [(row["step"], row["loss"]) for row in rows([read_run(path)])] == [(1, 3.0), (2, 9.0)]


def test_no_step_is_a_table_with_a_header(tmp_path: Path) -> None:
    table = rows([read_run(make_run(tmp_path, "new", losses=[], steps=0))])
    assert csv_text(table) == "run,step,time\n" and json.loads(json_rows(table)) == []
