"""Filter, order and marks of the list of runs: plain functions."""

import math
from pathlib import Path

import pytest
import yaml
from run_factory import make_run

from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run, read_run
from phi_core.runs.store import RunStore
from phi_tui.run_filter import count_words, filter_from, options_of
from phi_tui.run_labels import Written, label_line, tags_from, written
from phi_tui.run_order import ORDERS, ordered
from phi_tui.run_overlay import COLOURS, LETTERS, Overlay, overlay_from
from phi_tui.run_requests import noted


def _run(root: Path, name: str, *, rate: float = 1e-4, tags: tuple[str, ...] = (), **more: object) -> Run:
    path = make_run(root, name, **more)  # type: ignore[arg-type]
    RunLayout(path).config.write_text(yaml.safe_dump({"model_name": "tiny-phi", "learning_rate": rate}))
    store = RunStore(root)
    store.label(read_run(path), {"tags": list(tags)} if tags else {})
    return read_run(path)


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    return [
        _run(tmp_path, "one", rate=1e-4, losses=[3.0, 1.5], tags=("base", "long run")),
        _run(tmp_path, "two", rate=5e-4, losses=[3.0, 2.5], state="failed"),
        _run(tmp_path, "three", rate=5e-4, losses=[], state="stopped", label="Mine [/x]"),
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["one", "two", "three"]),
        ("t", ["one", "two", "three"]),
        ("o fail", ["two"]),
        ("MINE [/x]", ["three"]),
        ("phi stopped", ["three"]),
        ("loss<2", ["one"]),
        ("loss>=1.5", ["one", "two"]),
        ("loss<", ["one", "two", "three"]),
        ("learning_rate>=2e-4", ["two", "three"]),
        ("learning_rate=0.0005 state!=failed", ["three"]),
        ("state:fail", ["two"]),
        ("tag:base", ["one"]),
        ("tag:nothing", []),
        ("model:tiny loss<99", ["one", "two"]),
        ("base", ["one"]),
    ],
)
def test_all_words_and_conditions_have_to_hold(runs: list[Run], text: str, names: list[str]) -> None:
    asked = filter_from(text, options_of(runs))
    assert [run.id for run in runs if asked.lets_through(run)] == names and not asked.problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("los<2", "los is no option or figure: loss?"),
        ("lerning_rate>1", "lerning_rate is no option or figure: learning_rate?"),
        ("qqqq=1", "qqqq is no option or figure"),
        ("loss<abc", "abc is no number: loss<1e-4"),
    ],
)
def test_what_cannot_be_asked_is_named_and_hides_nothing(runs: list[Run], text: str, problem: str) -> None:
    asked = filter_from(text, options_of(runs))
    assert asked.problem == problem
    assert all(asked.lets_through(run) for run in runs)


def test_the_number_shown_of_all_is_said() -> None:
    assert count_words(3, 212) == "3 of 212 runs" and count_words(1, 1) == "1 of 1 run"


def test_every_order_puts_what_has_no_figure_last_and_names_its_column(tmp_path: Path) -> None:
    odd = _run(tmp_path, "odd", losses=[math.nan], steps=1)
    low = _run(tmp_path, "low", losses=[1.0] * 10, steps=10, label="b")
    high = _run(tmp_path, "high", losses=[2.0] * 20, state="failed", label="A")
    by = {order.name: [run.id for run in ordered([odd, low, high], order)] for order in ORDERS}
    assert by["newest"] == ["odd", "low", "high"]
    assert by["loss"] == by["validation loss"] == ["low", "high", "odd"]
    assert by["name"] == ["high", "low", "odd"] and by["state"] == ["high", "odd", "low"]
    assert by["steps"] == ["high", "low", "odd"]
    assert [order.column for order in ORDERS] == ["age", "loss", "val", "run", "state", "step"]


def test_the_queue_stands_first_among_the_newest_only(runs: list[Run]) -> None:
    queue = (runs[2].path, runs[1].path)
    assert [run.id for run in ordered(runs, ORDERS[0], queue)] == ["three", "two", "one"]
    assert next(run.id for run in ordered(runs, ORDERS[1], queue)) == "one"


def test_a_marked_run_keeps_letter_and_colour_whatever_else_is_marked(runs: list[Run]) -> None:
    one, two, three = (run.path for run in runs)
    overlay = Overlay().toggled(one).toggled(two)
    assert (overlay.letter(one), overlay.letter(two), overlay.letter(three)) == ("A", "B", "C")
    less = overlay.toggled(one)
    assert less.letter(two) == "B" and less.letter(three) == "A"
    assert [run.id for run in overlay.beside(three, list(reversed(runs)))] == ["one", "two"]
    assert [run.id for run in overlay.beside(one, runs)] == ["two"]
    assert len(LETTERS) == len(COLOURS)


def test_marks_are_the_same_after_a_restart() -> None:
    paths = [Path(f"/runs/{name}") for name in "abcde"]
    overlay = Overlay()
    for path in paths[:3]:
        overlay = overlay.toggled(path)
    overlay = overlay.toggled(paths[1])
    again = overlay_from(overlay.text)
    assert again == overlay and [again.letter(path) for path in (paths[0], paths[2])] == ["A", "C"]
    assert Overlay().text == ""


@pytest.mark.parametrize(
    "text", ["", "x", "/a\n/a\n-\n-\n-", "/a\n/b\n/c\n/d\n/e", "\n\n\n\n", "-\n-\n-\n-\n-"]
)
def test_marks_that_cannot_be_are_forgotten(text: str) -> None:
    assert overlay_from(text) == Overlay()


def test_a_fifth_run_is_not_marked() -> None:
    overlay = Overlay()
    for name in "abcd":
        overlay = overlay.toggled(Path(name))
    assert overlay.is_full and overlay.toggled(Path("e")) == overlay
    assert overlay.letter(Path("e")) == "E"


def test_notes_and_tags_are_those_of_the_command_line(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path, "run", label="mine"))
    assert label_line(run) == ""
    noted(run, Written("better than\nbefore", tags_from("base, long base")))
    again = read_run(run.path)
    assert again.labels == {"name": "mine", "note": "better than\nbefore", "tags": ["base", "long"]}
    assert label_line(again) == "#base #long · better than before"
    assert written(again).tags == ("base", "long")
