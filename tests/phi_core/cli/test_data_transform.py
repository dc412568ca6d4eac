"""`phi data transform`: options to steps, and what is printed of them."""

from pathlib import Path

import pytest
from command_line import phi

TABLE = "name,score,note\nAda,1,x\nBen,2,\nBen,2,\nCid,,y\nDan,4,z\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(TABLE)
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


def test_every_step_is_an_option_and_its_effect_is_printed(table: Path, out: Path) -> None:
    done = phi(
        *("data", "transform", table, out, "--rename", "name=who, note = remark", "--filter", "score exists"),
        *(
            "--filter",
            "who != Dan",
            "--deduplicate",
            "--scale",
            "score",
            "--factor",
            "3",
            "--normalise",
            "score",
        ),
        *("--upper", "golden", "--smooth", "score", "--window", "3", "--select", "score,who"),
    )
    assert done.status == 0, done.err
    assert out.read_text() == "score,who\n1.0786893258332633,Ada\n0.8090169943749475,Ben\n"
    assert done.out.splitlines() == [
        "rows in      5",
        "renamed      name to who",
        "renamed      note to remark",
        "dropped      1 that does not satisfy score exists",
        "dropped      1 that does not satisfy who != Dan",
        "duplicates   1 dropped",
        "scaled       2 values of score multiplied by 3",
        "normalised   score from 3 … 6 to 0 … 1.618",
        "smoothed     2 values of score over windows of 3 rows",
        "selected     score, who",
        f"rows out     2 in {out}",
    ]


def test_the_factor_is_a_number_or_golden(table: Path, out: Path) -> None:
    scaled = ("data", "transform", table, out, "--scale", "score")
    done = phi(*scaled, "--factor", "golden", "--select", "score")
    assert done.status == 0 and "4 values of score multiplied by 1.618033988749895" in done.out
    assert out.read_text().splitlines()[1] == "1.618033988749895"
    assert phi(*scaled, "--factor", "golden", "--divide", "--overwrite").status == 0
    assert out.read_text().splitlines()[1] == "Ada,0.6180339887498948,x"
    assert phi("data", "transform", table, out, "--scale", "score", "--factor=-2", "--overwrite").status == 0
    assert out.read_text().splitlines()[1] == "Ada,-2,x"


def test_rows_equal_in_some_fields_are_kept_once(table: Path, out: Path) -> None:
    assert phi("data", "transform", table, out, "--deduplicate_by", "name", "--select", "name").status == 0
    assert out.read_text() == "name\nAda\nBen\nCid\nDan\n"


def test_input_may_be_output_with_overwrite(table: Path) -> None:
    refused = phi("data", "transform", table, table, "--select", "name")
    assert refused.status == 2 and "exists already" in refused.err and table.read_text() == TABLE
    assert phi("data", "transform", table, table, "--select", "name", "--overwrite").status == 0
    assert table.read_text().startswith("name\nAda\n")


def test_a_column_without_numbers_is_told(tmp_path: Path, out: Path) -> None:
    (tmp_path / "in.csv").write_text("a,b\n,1\n")
    assert "a: no numbers" in phi("data", "transform", tmp_path / "in.csv", out, "--normalise", "a").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--factor", "2"], "--factor has no effect without --scale"),
        (["--divide"], "--divide has no effect without --scale"),
        (["--window", "3"], "--window has no effect without --smooth"),
        (["--upper", "2"], "--upper has no effect without --normalise"),
        (["--scale", "score"], "--scale needs --factor"),
        (["--scale", "score", "--divide"], "--scale needs --factor"),
        (["--filter", "score => 2"], "=> is no operator. Did you mean >=?"),
        (["--scale", "score", "--factor", "big"], "--factor big: must be a number or golden"),
        (["--scale", "score", "--factor", "0"], "factor 0 must be a number other than 0"),
        (["--scale", "score", "--factor", "nan"], "factor nan"),
        (["--smooth", "score", "--window", "4"], "window 4 must be odd"),
        (["--smooth", "score", "--window", "0"], "window 0 must be odd"),
        (["--rename", "name"], "must be OLD=NEW"),
        (["--rename", "=x"], "must be OLD=NEW"),
        (["--filter", "name"], "no condition"),
        (["--select", "nam"], "no field nam. Did you mean name?"),
        (["--normalise", "note"], "in.csv line 2, field note: must be a number, got text 'x'"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_written(
    table: Path, out: Path, words: list[str], message: str
) -> None:
    done = phi("data", "transform", table, out, *words)
    assert done.status == 2 and message in done.err
    assert [path.name for path in table.parent.iterdir()] == ["in.csv"]


@pytest.mark.parametrize(
    ("name", "message"), [("none.csv", "does not exist"), (".", ""), ("in.xls", "suffix .xls")]
)
def test_an_input_that_cannot_be_read_is_refused(tmp_path: Path, out: Path, name: str, message: str) -> None:
    (tmp_path / "in.xls").write_text("x")
    done = phi("data", "transform", tmp_path / name, out)
    assert done.status == 2 and message in done.err and not out.exists()
