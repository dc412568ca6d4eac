"""The palette: what can be done now is found by its name, whatever the names hold; themes are tried and taken back."""

from pathlib import Path

import pytest
from odd_texts import FORBIDDEN, MARKUP_STRINGS, TERMINAL_SEQUENCES
from run_factory import make_run
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_core.files import write_json
from phi_tui.commands import Command, found
from phi_tui.palette_commands import commands_now, commands_of
from phi_tui.palette_files import find_files
from phi_tui.screens.palette import Palette
from phi_tui.state import UiState

NAMES = ("runs: stop", "theme: nord", "stop: pirate-7", "run: open stop-gap", "settings: paths")


def _commands(names: tuple[str, ...] = NAMES) -> list[Command]:
    return [Command(name, f"about {name[:3]}", lambda: None) for name in names]


def _names(typed: str) -> list[str]:
    return [command.name for command in found(_commands(), typed)]


def test_without_words_everything_is_there_in_its_order() -> None:
    assert tuple(_names(" ")) == NAMES


def test_words_that_begin_words_come_first() -> None:
    assert _names("stop")[0] == "stop: pirate-7"
    assert _names("OPEN st") == ["run: open stop-gap"]
    assert _names("irate") == ["stop: pirate-7"]


def test_an_explanation_is_searched_where_no_name_has_the_words() -> None:
    assert _names("about the") == ["theme: nord"]
    assert _names("nothing of the kind") == []


def test_files_of_the_folder_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHI_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "train.yaml").write_text("lora_r: 8\n")
    (tmp_path / "questions.yaml").write_text("questions: [a]\n")
    (tmp_path / "broken.yml").write_text("[")
    (tmp_path / "adapters" / "mine").mkdir(parents=True)
    (tmp_path / "adapters" / "mine" / "adapter_config.json").write_text("{}")
    files = find_files(tmp_path)
    assert files.configs == (Path("train.yaml"),)
    assert files.adapters == (Path("adapters/mine"),)
    assert "quick" in {preset.name for preset in files.presets}
    assert find_files(tmp_path / "nowhere").configs == ()


async def _opened(pilot: Pilot[None]) -> Palette:
    await pilot.press("ctrl+p")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, Palette) and pilot.app.screen.is_mounted)
    palette = pilot.app.screen
    assert isinstance(palette, Palette)
    await wait_until(pilot, lambda: palette._shown)
    return palette


async def test_stop_lists_only_running_runs_and_asks_first(folder: Path) -> None:
    make_run(folder / "runs", "live", state="running")
    make_run(folder / "runs", "done", state="finished")
    app = app_on(folder, tab="chat")
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: len(app.runs) == 2)
        palette = await _opened(pilot)
        await pilot.press(*"stop:")
        await wait_until(pilot, lambda: [command.name for command in palette._shown] == ["stop: live"])
        await pilot.press("enter")
        await wait_for_text(pilot, "Stop live?")
        await pilot.press("escape")
        await wait_until(pilot, lambda: len(app.screen_stack) == 1)


async def test_a_theme_is_seen_taken_back_and_kept(folder: Path) -> None:
    app = app_on(folder, tab="chat")
    async with app.run_test(size=(80, 24)) as pilot:
        before = app.theme
        for last in ("escape", "enter"):
            palette = await _opened(pilot)
            palette.query_one(Input).value = "theme nord"
            await wait_until(pilot, lambda: app.theme == "nord")
            await pilot.press(last)
            await wait_until(pilot, lambda: len(app.screen_stack) == 1)
            if last == "escape":
                assert app.theme == before
        await wait_until(pilot, lambda: UiState(folder).theme == "nord")
        assert app.theme == "nord"


@pytest.mark.parametrize("size", [(60, 16), (80, 24)])
async def test_paths_are_shown_and_the_palette_fits(folder: Path, size: tuple[int, int]) -> None:
    async with app_on(folder, tab="chat").run_test(size=size) as pilot:
        await _opened(pilot)
        lines = screen_text(pilot.app).splitlines()
        assert any("Do it" in line and "Back" in line for line in lines)
        assert sum("chat: " in line for line in lines) >= 3
        await pilot.press(*"paths", "enter")
        await wait_for_text(pilot, "Where phi keeps things")
        await wait_for_text(pilot, "here  ")
        await pilot.press("escape")
        await wait_until(pilot, lambda: len(pilot.app.screen_stack) == 1)


async def test_a_command_of_the_open_tab_does_what_its_key_does(folder: Path) -> None:
    async with app_on(folder, tab="chat").run_test(size=(80, 24)) as pilot:
        await _opened(pilot)
        await pilot.press(*"chat: choose", "enter")
        await wait_until(pilot, lambda: type(pilot.app.screen).__name__ == "ChooseModel")


async def test_names_of_runs_are_shown_as_they_are_and_run_nothing(folder: Path) -> None:
    names = (*MARKUP_STRINGS, *TERMINAL_SEQUENCES)
    for number, name in enumerate(names):
        run = make_run(folder / "runs", f"run-{number:02}", state="finished")
        write_json(run / "labels.json", {"name": name})
    app = app_on(folder, tab="chat")
    async with app.run_test(size=(120, 60)) as pilot:
        await wait_until(pilot, lambda: len(app.runs) == len(names))
        await _opened(pilot)
        await pilot.press(*"run: open")
        await wait_for_text(pilot, "21 found")
        shown = screen_text(app)
        assert all(f"open {name}" in shown for name in MARKUP_STRINGS)
        assert not FORBIDDEN & set(shown)
        for _ in names:
            await pilot.press("down")
        assert app.is_running


def test_odd_names_of_files_make_commands(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    for name in ("[bold].yaml", "a[0][1].yaml", "\x1b[2J.yaml"):
        (tmp_path / name).write_text("lora_r: 8\n")
    names = {command.name for command in commands_of(app, find_files(tmp_path))}
    assert {"train: open [bold].yaml", "train: open a[0][1].yaml"} <= names


def test_every_offered_key_of_a_tab_is_a_command(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    names = {command.name for command in commands_now(app, "data", Widget())}
    assert {"data: open", "data: use in Train", "tab: Runs", "settings: paths", "phi: redraw"} <= names
    assert not any("next option" in name for name in names)


async def test_files_and_presets_reach_the_form_and_runs_their_tab(folder: Path) -> None:
    (folder / "first.yaml").write_text("lora_r: 4\n")
    adapter = make_run(folder / "runs", "done", state="finished") / "final_adapter"
    adapter.mkdir(exist_ok=True)
    (adapter / "adapter_config.json").write_text("{}")
    app = app_on(folder, tab="chat")
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: app.runs)
        for words, shown in (
            ("open first.yaml", "first.yaml"),
            ("preset: quick", "batch_size"),
            ("run: open done", "finished"),
            ("chat: with done", "Say something"),
            ("compare: done", "questions"),
            ("train: options of done", "model_name"),
            ("settings: keys", "train.launch"),
        ):
            palette = await _opened(pilot)
            palette.query_one(Input).value = words
            await wait_until(pilot, lambda palette=palette: palette._current and palette._current.run, words)
            await wait_until(pilot, lambda palette=palette: len(palette._shown) < 5, words)
            await pilot.press("enter")
            await wait_for_text(pilot, shown)
            while len(app.screen_stack) > 1:
                await pilot.press("escape")
                await pilot.pause()
