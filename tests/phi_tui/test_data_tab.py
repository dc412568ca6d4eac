"""The Data tab: faults that lead to their records, tokens, lengths and mix of the Train form's data, by keys."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from odd_texts import FORBIDDEN, MARKUP_STRINGS, TERMINAL_SEQUENCES
from textual import events
from textual.pilot import Pilot
from tui import app_on, screen_text, wait_for_text, wait_until

import phi_tui.data_tokens
import phi_tui.plan_text
from phi_core.samples.progress import Progress
from phi_tui.messages import Done, Failed, Progressed
from phi_tui.screens.record_view import RecordView
from phi_tui.state import UiState
from phi_tui.views.data import DataView
from phi_tui.views.train import TrainView
from phi_tui.widgets.fault_list import FaultList
from phi_tui.widgets.token_sheet import TokenSheet

SMALL = (80, 24)


@pytest.fixture(autouse=True)
def cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHI_CACHE_DIR", str(folder.parent / "cache"))
    monkeypatch.delenv("VISUAL", raising=False)


def _rows(count: int) -> list[str]:
    return [json.dumps({"prompt": f"question {n}", "response": f"answer number {n}"}) for n in range(count)]


def _config(folder: Path, rows: Sequence[str], **options: Any) -> Path:
    """A configuration of the bundled model and a file of rows."""
    (folder / "data.jsonl").write_text("\n".join(rows) + "\n")
    values = {"model_name": "demo", "dataset_path": "data.jsonl", "max_length": 256, **options}
    path = folder / "c.yaml"
    path.write_text("".join(f"{name}: {json.dumps(value)}\n" for name, value in values.items()))
    return path


def _train_texts(pilot: Pilot[None]) -> dict[str, str]:
    return dict(pilot.app.query_one(TrainView).draft.texts)


async def _read(pilot: Pilot[None]) -> None:
    """Wait until both the check and the tokens are there."""
    reader = pilot.app.query_one(DataView)._reader
    await wait_until(pilot, lambda: reader.check and reader.tokens and pilot.app.focused, "the data read")


async def test_without_data_the_next_key_is_named(folder: Path) -> None:
    async with app_on(folder, tab="data").run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "No data chosen yet. ctrl+n opens")


async def test_faults_are_listed_with_line_and_reason_and_lead_to_the_record(folder: Path) -> None:
    rows = _rows(12)
    rows[6] = '{"prompt": "the broken one", "response": ""}'
    config = _config(folder, [*rows, "{nonsense"])
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "data.jsonl line 7, field response: empty")
        await wait_for_text(pilot, "data.jsonl line 13: not JSON")
        assert "11 good, 2 faulty" in screen_text(pilot.app)
        await pilot.press("enter")
        await wait_for_text(pilot, "the broken one")
        shown = screen_text(pilot.app)
        assert "▸     7" in shown and "question 5" in shown and "question 7" in shown
        await pilot.press("escape", "down", "enter")
        await wait_for_text(pilot, "{nonsense")
        await pilot.press("escape")
        await wait_until(pilot, lambda: not isinstance(pilot.app.screen, RecordView))
        assert isinstance(pilot.app.focused, FaultList)


async def test_a_file_repaired_outside_passes_when_it_is_read_again(folder: Path) -> None:
    config = _config(folder, [*_rows(5), "{"])
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "1 fault")
        _config(folder, _rows(5))
        await pilot.press("r")
        await wait_for_text(pilot, "no faults")
        await wait_for_text(pilot, "Every record is good")


async def test_a_long_line_is_shown_in_steps(folder: Path) -> None:
    long = json.dumps({"prompt": "p" * 3000 + "END", "response": ""})
    config = _config(folder, [*_rows(3), long])
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "line 4, field response: empty")
        await pilot.press("enter")
        await wait_for_text(pilot, "m shows more of it")
        await pilot.press("m")
        await wait_until(pilot, lambda: "m shows more of it" not in screen_text(pilot.app))
        await pilot.press("end")
        await wait_for_text(pilot, "END")


async def test_the_editor_needs_a_terminal_and_a_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = _config(folder, [*_rows(3), "{"])
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL, notifications=True) as pilot:
        await wait_for_text(pilot, "1 fault")
        monkeypatch.setenv("EDITOR", "there-is-no-such-editor")
        await pilot.press("e")
        await wait_for_text(pilot, "there is no editor there-is-no-such-editor")
        monkeypatch.setenv("EDITOR", "sh")
        await pilot.press("e")
        await wait_for_text(pilot, "cannot be lent to an editor")
        await pilot.press("l", "e")
        await wait_for_text(pilot, "There is no one place to edit")


async def test_hostile_rows_are_shown_and_do_nothing(folder: Path) -> None:
    texts = [*MARKUP_STRINGS, *TERMINAL_SEQUENCES]
    rows = [json.dumps({"prompt": text, "response": text}, ensure_ascii=False) for text in texts]
    faulty = [json.dumps({text: text}, ensure_ascii=False) for text in texts]
    config = _config(folder, [*rows, *faulty], on_bad_record="skip")
    async with app_on(folder, tab="data", config=config).run_test(size=(120, 60)) as pilot:
        await wait_for_text(pilot, f"{len(faulty)} faults")
        await _read(pilot)
        for _ in texts:
            await pilot.press("enter")
            await wait_until(pilot, lambda: isinstance(pilot.app.screen, RecordView))
            await wait_until(pilot, lambda: "▸" in screen_text(pilot.app), "the record")
            assert not FORBIDDEN & set(screen_text(pilot.app))
            await pilot.press("escape", "down")
        await pilot.press("t")
        for number, text in enumerate(texts, start=1):
            await pilot.press("g")
            await wait_for_text(pilot, "Which record?")
            await pilot.press(*str(number), "enter")
            await wait_for_text(pilot, f"record {number} · data.jsonl line {number}")
            if text in MARKUP_STRINGS:
                assert text in screen_text(pilot.app)
            assert not FORBIDDEN & set(screen_text(pilot.app))


async def test_tokens_are_shown_with_what_becomes_of_each(folder: Path) -> None:
    config = _config(folder, _rows(20))
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await _read(pilot)
        await pilot.press("t")
        await wait_for_text(pilot, "typical (1 of")
        await wait_for_text(pilot, "masked │ Instruct:")
        shown = screen_text(pilot.app)
        assert "trained │  answer number" in shown
        assert "stop │ <|endoftext|>" in shown
        await pilot.press("n")
        await wait_for_text(pilot, "longest (2 of")
        await pilot.press("left", "left")
        await wait_until(pilot, lambda: "typical" not in screen_text(pilot.app))
        await pilot.press("v")
        await wait_for_text(pilot, "'<|endoftext|>'")
        await pilot.press("g")
        await wait_for_text(pilot, "Which record? 1 to 20")
        await pilot.press(*"7", "enter")
        await wait_for_text(pilot, "record 7 · data.jsonl line 7")


async def test_a_record_that_is_not_there_is_told(folder: Path) -> None:
    config = _config(folder, _rows(20))
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL, notifications=True) as pilot:
        await _read(pilot)
        for number, said in (("21", "there is no record 21"), ("x", "x is no number")):
            await pilot.press("t", "g")
            await wait_for_text(pilot, "Which record?")
            await pilot.press(*number, "enter")
            await wait_for_text(pilot, said)


async def test_without_the_tokenizer_lengths_are_estimates_and_tokens_say_why(folder: Path) -> None:
    config = _config(folder, _rows(20), model_name="microsoft/phi-2")
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await _read(pilot)
        await pilot.press("t")
        await wait_for_text(pilot, "The tokenizer of microsoft/phi-2 is not on this machine")
        await pilot.press("l")
        await wait_for_text(pilot, "estimated")


async def test_a_refused_launch_is_seen_accepted_and_taken_back(folder: Path) -> None:
    config = _config(folder, [*_rows(9), json.dumps({"prompt": "p", "response": "word " * 300})])
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "refused: cut_answers")
        await pilot.press("l")
        await wait_for_text(pilot, "or accept it: a")
        await pilot.press("a")
        await wait_for_text(pilot, "accepted: cut_answers")
        await wait_for_text(pilot, "1 option not in Train")
        await pilot.press("a")
        await wait_for_text(pilot, "refused: cut_answers")
        await wait_for_text(pilot, "as in Train")


async def test_lengths_show_where_max_length_lies(folder: Path) -> None:
    config = _config(folder, _rows(40), max_length=14, accept=["cut_answers"])
    async with app_on(folder, tab="data", config=config).run_test(size=(80, 50)) as pilot:
        await _read(pilot)
        await pilot.press("l")
        await wait_for_text(pilot, "── max_length 14")
        shown = screen_text(pilot.app)
        assert "of the records are longer" in shown and "median" in shown


async def test_a_mixture_shows_declared_and_realised_shares(folder: Path) -> None:
    (folder / "other.jsonl").write_text("\n".join(_rows(60)).replace("question", "other"))
    config = _config(
        folder, _rows(200), dataset_path=["data.jsonl", "other.jsonl"], mixture="golden", max_steps=40
    )
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await _read(pilot)
        await pilot.press("m")
        await wait_for_text(pilot, "61.8%")
        lines = {
            line.split()[0]: line.split() for line in screen_text(pilot.app).splitlines() if line.split()
        }
        assert lines["data"][1:3] == ["180", "20"] and lines["other"][1:3] == ["54", "6"]
        assert lines["other"][4] == "38.2%"
        assert abs(float(lines["other"][5].rstrip("%")) - 38.2) < 2


async def test_options_tried_here_go_into_train_only_when_asked(folder: Path) -> None:
    (folder / "other.jsonl").write_text("\n".join(_rows(30)))
    config = _config(folder, _rows(20), lora_r=4)
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await _read(pilot)
        await pilot.press("ctrl+n")
        await wait_for_text(pilot, "Which data?")
        await pilot.press("end", "ctrl+u", *"oth", "tab", "enter")
        await wait_for_text(pilot, "30 good, 0 faulty")
        await pilot.press("o")
        await pilot.pause()
        pilot.app.query_one(DataView)._panes.form.focus_option("max_length")
        await pilot.press("end", "ctrl+u", *"99", "escape")
        await wait_for_text(pilot, "2 options not in Train")
        assert _train_texts(pilot)["dataset_path"] == "data.jsonl"
        await pilot.press("ctrl+t")
        await wait_until(pilot, lambda: pilot.app.query_one(TrainView).display)
        texts = _train_texts(pilot)
        assert (texts["dataset_path"], texts["max_length"], texts["lora_r"]) == ("other.jsonl", "99", "4")
        await pilot.press("f6")
        await wait_for_text(pilot, "as in Train · other.jsonl")


async def test_what_was_tried_is_remembered_and_can_be_forgotten(folder: Path) -> None:
    config = _config(folder, _rows(20))
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await _read(pilot)
        pilot.app.query_one(DataView)._change("truncation", "drop")
        await wait_until(pilot, lambda: UiState(folder).values.get("data") == {"truncation": "drop"})
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "1 option not in Train")
        await _read(pilot)
        await wait_until(pilot, lambda: pilot.app.focused is not None, "the focus, so that letters are keys")
        await pilot.press("u")
        await wait_for_text(pilot, "as in Train")


async def test_a_wrong_option_says_so_in_place_of_the_data(folder: Path) -> None:
    config = _config(folder, _rows(20), mixture="weighted")
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "mixture_weights: 0 weights for 1 sources")
        await pilot.press("t")
        await wait_for_text(pilot, "mixture_weights: 0 weights")


async def test_a_missing_file_says_what_would_be_right(folder: Path) -> None:
    config = _config(folder, _rows(20), dataset_path="dta.jsonl")
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "Did you mean data.jsonl?")


async def test_large_data_is_prepared_when_asked_and_reads_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (phi_tui.data_tokens, phi_tui.plan_text):
        monkeypatch.setattr(module, "LARGE_BYTES", 100)
    config = _config(folder, _rows(50))
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "50 good, 0 faulty")
        await _read(pilot)
        await pilot.press("t")
        await wait_for_text(pilot, "ctrl+r prepares it now")
        assert "^r Prepare/Stop" in screen_text(pilot.app)
        await pilot.press("ctrl+r")
        await wait_for_text(pilot, "masked │ Instruct:")


@pytest.mark.parametrize("pane", ["check", "tokens", "lengths", "mix", "options"])
@pytest.mark.parametrize("size", [(60, 16), (80, 24), (160, 50)])
async def test_every_pane_is_reached_by_its_letter_and_fits(
    folder: Path, pane: str, size: tuple[int, int]
) -> None:
    config = _config(folder, _rows(20))
    async with app_on(folder, tab="data", config=config).run_test(size=size) as pilot:
        await _read(pilot)
        await pilot.press(pane[0])
        await wait_for_text(pilot, f"[{pane.capitalize()}]")
        shown = screen_text(pilot.app).splitlines()
        assert max(map(len, shown)) <= size[0]
        assert pilot.app.focused is not None
        await pilot.press("f7", "f8")
        await wait_for_text(pilot, f"[{pane.capitalize()}]")


async def test_the_sheet_jumps_from_border_to_border(folder: Path) -> None:
    long = json.dumps({"prompt": "word " * 150, "response": "answer " * 300})
    config = _config(folder, [*_rows(3), long], accept=["cut_answers"])
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await _read(pilot)
        await pilot.press("t", "n")
        await wait_for_text(pilot, "longest")
        sheet = pilot.app.query_one(DataView).query_one(TokenSheet)
        before = sheet.scroll_offset.y
        await pilot.press("b")
        await wait_until(pilot, lambda: sheet.scroll_offset.y > before)


async def test_a_closed_gate_asks_before_a_launch(folder: Path) -> None:
    config = _config(folder, [*_rows(9), json.dumps({"prompt": "p", "response": "word " * 300})])
    async with app_on(folder, tab="train", config=config).run_test(size=SMALL) as pilot:
        await wait_until(pilot, lambda: "dataset_path" in _train_texts(pilot))
        await pilot.press("ctrl+r")
        await wait_for_text(pilot, "The launch gate refuses this run")
        assert "lose the end of their answer" in screen_text(pilot.app)
        await pilot.press("escape")
        await pilot.pause()
        assert not (folder / "runs").exists()
        assert "accept" not in _train_texts(pilot)


async def test_a_gate_that_nobody_may_open_leads_to_the_data(folder: Path) -> None:
    rows = [json.dumps({"prompt": f"p{n}", "response": "word " * 300}) for n in range(9)]
    config = _config(folder, rows, accept=["cut_answers"])
    async with app_on(folder, tab="train", config=config).run_test(size=SMALL) as pilot:
        await wait_until(pilot, lambda: "dataset_path" in _train_texts(pilot))
        await pilot.press("ctrl+r")
        await wait_for_text(pilot, "stop_never_trained")
        await pilot.press("enter")
        await wait_for_text(pilot, "[Lengths]")
        await wait_for_text(pilot, "refused: stop_never_trained")


async def test_progress_of_a_launch_is_shown(folder: Path) -> None:
    config = _config(folder, _rows(9))
    async with app_on(folder, tab="train", config=config).run_test(size=SMALL) as pilot:
        await wait_until(pilot, lambda: "dataset_path" in _train_texts(pilot))
        await wait_for_text(pilot, "20 steps · ")  # the plan, which would write over it
        pilot.app.query_one(TrainView).post_message(Progressed("create", Progress(43, 100, 1_234_567)))
        await wait_for_text(pilot, "preparing the data, 1.23 M records · 43 %")


async def test_a_result_that_comes_when_there_is_no_data_any_more_is_dropped(folder: Path) -> None:
    config = _config(folder, _rows(20))
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await _read(pilot)
        view = pilot.app.query_one(DataView)
        report = view._reader.check
        view._change("dataset_path", "")
        await wait_for_text(pilot, "No data chosen yet")
        view.post_message(Done("check", report))
        view.post_message(Failed("tokens", ValueError("late")))
        await pilot.pause()
        await pilot.pause()
        assert "No data chosen yet" in screen_text(pilot.app)


async def test_a_result_of_an_older_request_is_not_taken_for_the_newer_one(folder: Path) -> None:
    config = _config(folder, _rows(20))
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await _read(pilot)
        await pilot.press("t")
        await wait_for_text(pilot, "typical (1 of")
        view = pilot.app.query_one(DataView)
        reader, example = view._reader, view._reader.example
        reader.view("record 3", 2)
        older = reader._tasks["view"]._number
        reader.view("record 9", 8)
        view.post_message(Done("view", example, older))
        await wait_for_text(pilot, "record 9 · data.jsonl line 9")


async def test_coming_back_to_the_tab_does_not_begin_a_running_check_again(folder: Path) -> None:
    config = _config(folder, _rows(20))
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await _read(pilot)
        view = pilot.app.query_one(DataView)
        check, tokens = view._reader._tasks["check"], view._reader._tasks["tokens"]
        go = threading.Event()
        check.submit(lambda: go.wait(10) and None)
        view._reader._busy["check"] = "checking"
        before = check._number, tokens._number
        await pilot.press("f2", "f6", "f2", "f6")
        assert (check._number, tokens._number) == before
        go.set()


async def test_what_is_typed_right_after_ctrl_o_is_in_the_line(folder: Path) -> None:
    config = _config(folder, _rows(20))
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await _read(pilot)
        pilot.app.query_one(DataView).action_choose()
        for letter in "xyz":
            pilot.app.post_message(events.Key(letter, letter))
        await wait_for_text(pilot, "data.jsonlxyz")


async def test_masked_is_dimmer_than_what_is_trained_and_read(folder: Path) -> None:
    async with app_on(folder, tab="data").run_test(size=SMALL) as pilot:
        pilot.app.theme = "textual-dark"
        await pilot.pause()
        masked = pilot.app.query_one(TokenSheet)._style_of("masked")
        assert masked.color is not None and masked.color.triplet == (128, 128, 128)


async def test_masked_is_dim_without_colours(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with app_on(folder, tab="data").run_test(size=SMALL) as pilot:
        assert pilot.app.query_one(TokenSheet)._style_of("masked").dim


async def test_leaving_ends_what_is_read_and_lets_it_clean_up(folder: Path) -> None:
    cleaned = threading.Event()
    async with app_on(folder, tab="data").run_test(size=SMALL) as pilot:
        preparer = pilot.app.query_one(DataView)._reader._tasks["prepare"]

        def work() -> None:
            try:
                while True:
                    preparer.told(Progress(1, 2, 3))
            finally:
                cleaned.set()

        preparer.submit(work)
    assert cleaned.is_set()


async def test_the_gate_stands_first_and_the_keys_of_the_moment_fit(folder: Path) -> None:
    config = _config(folder, [*_rows(9), json.dumps({"prompt": "p", "response": "word " * 300})])
    async with app_on(folder, tab="data", config=config).run_test(size=SMALL) as pilot:
        await wait_for_text(pilot, "refused: cut_answers · no faults")
        bar = screen_text(pilot.app).splitlines()[-1]
        assert "a Accept" in bar and "^q Quit" in bar and "F1 Help" in bar
