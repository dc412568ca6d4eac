"""What the Data tab makes of data without a screen: changes over a draft, raw lines, editors, tokens in words."""

import gzip
import json
import threading
from pathlib import Path
from typing import Any, cast

import pytest
from odd_texts import FORBIDDEN, TERMINAL_SEQUENCES
from rich.style import Style
from textual.message import Message

from phi_core.data.sources.find import find_sources
from phi_core.data.sources.part import Part
from phi_core.errors import DataError, RequestError
from phi_core.samples.progress import Progress
from phi_core.samples.statistics import Histogram, SampleStatistics
from phi_core.samples.token_view import Piece, TokenView
from phi_tui.data_check import read_check
from phi_tui.data_request import DataChoice
from phi_tui.data_text import histogram_lines
from phi_tui.draft import Draft
from phi_tui.editor import editor_command
from phi_tui.messages import Done, Failed
from phi_tui.path_completion import path_completion
from phi_tui.record_lines import not_editable, read_raw
from phi_tui.services import Latest
from phi_tui.token_text import running_text, token_rows


def _plain_style(_name: str) -> Style:
    return Style()


def _part(path: Path) -> Part:
    return find_sources([str(path)])[0].parts[0]


def _row(prompt: str = "p", response: str = "r") -> str:
    return json.dumps({"prompt": prompt, "response": response})


def test_a_change_back_to_what_train_has_is_no_change() -> None:
    choice = DataChoice(Draft().edited("max_length", "64"))
    assert choice.edited("max_length", "32").changed == {"max_length": "32"}
    assert choice.edited("max_length", "32").edited("max_length", "64").changed == {}
    assert choice.edited("max_length", "1024").changed == {"max_length": "1024"}
    assert choice.edited("max_length", "1024").draft == Draft()


def test_changes_stay_over_another_state_of_the_form() -> None:
    choice = DataChoice(Draft()).edited("max_length", "32").edited("truncation", "drop")
    moved = choice.over(Draft().edited("max_length", "32").edited("lora_r", "4"))
    assert moved.changed == {"truncation": "drop"}
    assert moved.draft.text("lora_r") == "4"


def test_a_slip_in_an_option_of_another_kind_hinders_no_look_at_the_data() -> None:
    train = Draft().with_texts({"dataset_path": "d.jsonl", "epochs": "many", "lora_r": "-1"})
    assert DataChoice(train).config is not None
    assert DataChoice(train).edited("max_length", "x").config is None


def test_the_same_files_are_not_checked_again_until_they_change(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(_row() + "\n")
    config = DataChoice(Draft().edited("dataset_path", str(path))).config
    assert config is not None
    first = read_check(config, None, None)
    assert read_check(config, first, None) is first
    path.write_text(_row() + "\n{\n")
    assert read_check(config, first, None).num_faults == 1


def test_every_fault_stands_first_and_leads_to_its_line(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join([_row("a"), "{", _row("b", ""), _row("a"), _row("a")]))
    config = DataChoice(Draft().edited("dataset_path", str(path))).config
    assert config is not None
    entries = read_check(config, None, None).entries
    assert [(entry.kind, entry.line) for entry in entries[:2]] == [("fault", 2), ("fault", 3)]
    assert all(entry.part is not None and entry.part.location == str(path) for entry in entries)
    assert any(entry.kind == "warning" and entry.line == 4 for entry in entries)


def test_overlap_with_validation_leads_to_the_validation_record(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text("\n".join(_row(f"p{n}", f"r{n}") for n in range(4)))
    (tmp_path / "v.jsonl").write_text("\n".join([_row("x", "y"), _row("p2", "r2")]))
    texts = {"dataset_path": str(tmp_path / "d.jsonl"), "validation_path": str(tmp_path / "v.jsonl")}
    config = DataChoice(Draft().with_texts(texts)).config
    assert config is not None
    [shared] = [entry for entry in read_check(config, None, None).entries if entry.kind == "shared"]
    assert shared.part is not None and shared.part.name == "v.jsonl" and shared.line == 2


def test_the_lines_around_a_record_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(b"\n".join(f'{{"text": "{n}"}}'.encode() for n in range(1, 21)))
    raw = read_raw(_part(path), 10)
    assert [line.number for line in raw.lines] == list(range(7, 17))
    assert raw.lines[3].text == '{"text": "10"}'
    assert not raw.not_editable
    with pytest.raises(DataError, match="line 99 any more"):
        read_raw(_part(path), 99)


def test_a_long_line_is_held_up_to_a_limit_and_says_what_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(_row("p" * 300_000) + "\n" + _row("q" * 1000))
    wanted, neighbour = read_raw(_part(path), 1).lines
    assert len(wanted.text) == 200_000 and wanted.num_left_out > 100_000
    assert len(neighbour.text) == 300


def test_what_is_no_local_text_is_shown_but_not_edited(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"prompt": ["a", "b"], "response": ["c", "d"]}), tmp_path / "d.parquet")
    packed = tmp_path / "d.jsonl.gz"
    packed.write_bytes(gzip.compress(_row("packed").encode()))
    raw = read_raw(_part(tmp_path / "d.parquet"), 2)
    assert [line.text for line in raw.lines] == ['prompt: "b"', 'response: "d"']
    assert "Parquet" in raw.not_editable
    assert "packed" in read_raw(_part(packed), 1).lines[0].text
    assert "unpack" in not_editable(_part(packed))


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"EDITOR": "sh"}, ["sh", "+7", "/d/x.jsonl"]),
        ({"VISUAL": "sh -u 'a b'", "EDITOR": "no"}, ["sh", "-u", "a b", "+7", "/d/x.jsonl"]),
        ({"EDITOR": "sh; rm -rf x"}, None),
        ({"EDITOR": "there-is-no-such-editor"}, None),
        ({"EDITOR": "sh 'open"}, None),
    ],
)
def test_the_editor_is_called_with_a_line_and_without_a_shell(
    named: dict[str, str], expected: list[str] | None
) -> None:
    environment = {"PATH": "/usr/bin:/bin", **named}
    if expected is None:
        with pytest.raises(RequestError, match="editor"):
            editor_command("/d/x.jsonl", 7, environment)
    else:
        assert editor_command("/d/x.jsonl", 7, environment) == expected


def test_an_editor_that_names_lines_otherwise_is_told_so(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.write_text("#!/bin/sh\n")
    code.chmod(0o755)
    command = editor_command("/d/x y.jsonl", 7, {"EDITOR": "code --wait", "PATH": str(tmp_path)})
    assert command == ["code", "--wait", "--goto", "/d/x y.jsonl:7"]


def _view(*pieces: Piece) -> TokenView:
    return TokenView(0, "d.jsonl", 1, pieces)


def test_what_becomes_of_a_token_stands_in_words_beside_it() -> None:
    view = _view(
        Piece((1,), "ask\n", "masked"),
        Piece((2,), " answer", "trained"),
        Piece((3,), "</s>", "stop"),
        Piece((4,), "tail\tx", "cut"),
    )
    lines = [line.plain.rstrip() for line in running_text(view, 60, _plain_style)]
    assert lines == [
        " masked │ ask↵",
        "        │",
        "trained │  answer",
        "   stop │ </s>",
        "    cut │ tail→   x",
    ]


@pytest.mark.parametrize("text", ["word " * 50, "無" * 99, "x" * 500, "🏴‍☠️" * 40])
def test_no_line_is_wider_than_the_screen_and_nothing_is_lost(text: str) -> None:
    pieces = [Piece((n,), text[n : n + 7], "trained") for n in range(0, len(text), 7)]
    lines = running_text(_view(*pieces), 40, _plain_style)
    assert all(line.cell_len <= 41 for line in lines)
    assert "".join(line.plain[10:] for line in lines) == text


def test_tokens_that_are_not_shown_count_in_the_places_of_those_behind_them() -> None:
    shown = (Piece((1, 2), "é", "masked"), Piece((), " … 700 tokens … ", "masked", 700))
    rows = token_rows(_view(*shown, Piece((3,), "x", "trained")), 60, _plain_style)
    assert [row.plain.split()[0] for row in rows] == ["0", "2", "702"]


def test_control_characters_in_tokens_reach_no_terminal() -> None:
    view = _view(*(Piece((1,), text, "trained") for text in TERMINAL_SEQUENCES))
    for lines in (running_text(view, 60, _plain_style), token_rows(view, 60, _plain_style)):
        assert not FORBIDDEN & set("".join(line.plain for line in lines))


def test_the_histogram_has_a_line_at_max_length() -> None:
    histogram = Histogram((0, 10, 20, 30), (4, 2, 1))
    figures = SampleStatistics(7, 1, 1, 15, "cut_end", {}, {}, histogram, 0.1, 0.1, 0)
    lines = list(histogram_lines(figures))
    marks = [number for number, line in enumerate(lines) if "max_length 15" in line]
    assert marks == [3]
    assert lines[-1].startswith(">") and lines[-1].endswith("1")


async def test_in_a_list_the_last_path_is_completed(folder: Path) -> None:
    (folder / "one.jsonl").touch()
    (folder / "two,more.jsonl").touch()
    assert await path_completion("one.jsonl, tw", in_list=True) == "one.jsonl, two\\,more.jsonl"
    assert await path_completion("two\\,mo", in_list=True) == "two\\,more.jsonl"
    assert await path_completion("on", in_list=True) == "one.jsonl"
    assert await path_completion("one.jsonl,", in_list=True) is None
    assert await path_completion("two,mo") == "two,more.jsonl"


class _Told:
    """Stands where a widget would: keeps the messages."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.came = threading.Event()

    def post_message(self, message: Message) -> bool:
        self.messages.append(message)
        self.came.set()
        return True


def test_newer_work_ends_older_work_at_its_next_word() -> None:
    told = _Told()
    latest = Latest(cast(Any, told), "check")
    begun, go = threading.Event(), threading.Event()

    def older() -> str:
        begun.set()
        go.wait(10)
        latest.told(Progress(1, 2, 3))
        return "older"

    latest.submit(older)
    assert begun.wait(10)
    latest.submit(lambda: "newer")
    go.set()
    assert told.came.wait(10)
    assert [message.result for message in told.messages if isinstance(message, Done)] == ["newer"]
    assert not [message for message in told.messages if isinstance(message, Failed)]


def test_cancelled_work_ends_at_its_next_word_and_tells_nothing() -> None:
    told = _Told()
    latest = Latest(cast(Any, told), "check")
    begun, go, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go.wait(10)
        try:
            latest.told(Progress(1, 2, 3))
        finally:
            ended.set()

    latest.submit(work)
    assert begun.wait(10)
    latest.cancel()
    go.set()
    assert ended.wait(10)
    assert not told.messages


def test_a_fact_of_an_older_request_is_not_awaited() -> None:
    told = _Told()
    latest = Latest(cast(Any, told), "view")
    assert latest.submit(lambda: "one") == 1
    assert told.came.wait(10) and latest.wait(10)
    assert latest.submit(lambda: "two") == 2
    assert latest.wait(10)
    one, two = told.messages
    assert isinstance(one, Done) and isinstance(two, Done)
    assert not latest.awaits(one) and latest.awaits(two)
    latest.cancel()
    assert not latest.awaits(two)


def test_what_just_fits_stands_before_the_line_at_max_length() -> None:
    figures = SampleStatistics(
        7, 1, 1, 12, "cut_end", {}, {}, Histogram((10, 12, 13, 14), (4, 2, 1)), 0.1, 0.1, 0
    )
    lines = list(histogram_lines(figures))
    assert [line[0] for line in lines[1:]] == [" ", " ", "─", ">"]


@pytest.mark.parametrize("name", ["code", "subl", "zed"])
def test_an_editor_with_a_window_is_told_to_wait(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("#!/bin/sh\n")
    (tmp_path / name).chmod(0o755)
    command = editor_command("/d/x.jsonl", 7, {"EDITOR": name, "PATH": str(tmp_path)})
    assert command[:2] == [name, "--wait"] and command[-1] == "/d/x.jsonl:7"
