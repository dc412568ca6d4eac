"""Themes, ASCII signs and colours: which the app begins with, and that nothing is lost without them."""

from pathlib import Path

import pytest
from textual.color import Color
from tui import screen_text, wait_for_text, wait_until

from phi_tui.app import PhiApp
from phi_tui.ascii_screen import AsciiScreen, in_ascii
from phi_tui.display import Display
from phi_tui.state import UiState
from phi_tui.themes import DEFAULT, OF_THE_TERMINAL, THEMES, first_theme, theme_trouble


@pytest.mark.parametrize(
    ("asked", "remembered", "few", "taken"),
    [
        ("", "", False, DEFAULT),
        ("", "nord", False, "nord"),
        ("gruvbox", "nord", False, "gruvbox"),
        ("", "a theme of another version", False, DEFAULT),
        ("", "nord", True, OF_THE_TERMINAL),
        ("", "ansi-light", True, "ansi-light"),
        ("nord", "ansi-light", True, "nord"),
    ],
)
def test_the_first_theme(asked: str, remembered: str, few: bool, taken: str) -> None:
    assert first_theme(asked, remembered, has_few_colours=few) == taken


def test_an_unknown_theme_is_refused_with_the_nearest() -> None:
    assert theme_trouble("nrd").startswith("there is no theme 'nrd' (did you mean nord?); themes are ")
    assert all(theme_trouble(name) == "" for name in THEMES)


def test_textual_has_every_theme_that_phi_offers(tmp_path: Path) -> None:
    assert set(THEMES) <= set(PhiApp(tmp_path).available_themes)


def test_signs_become_ascii_in_their_width_and_text_stays() -> None:
    drawn = "╭─┬│●◉✓✗‖■…▁█░⣿⠀▔🔎╯ ↑→"
    plain = in_ascii(drawn)
    assert plain.isascii()
    assert len(plain) == len(drawn) + 1  # the picture is two cells wide
    assert in_ascii("é 漢 ok") == "é 漢 ok"


def test_signs_of_states_are_told_apart_in_ascii() -> None:
    signs = "●‖✓■✗?◆…"
    assert len({in_ascii(sign) for sign in signs}) == len(signs)


def test_control_codes_pass_the_filter_untouched() -> None:
    from rich.segment import Segment

    assert AsciiScreen().apply([Segment("─", None, [(1,)])], Color(0, 0, 0))[0].control == [(1,)]  # type: ignore[list-item]


@pytest.mark.parametrize("tab", ["train", "chat", "compare", "data", "runs"])
async def test_with_ascii_every_tab_is_ascii(folder: Path, tab: str) -> None:
    app = PhiApp(folder / "runs", tab=tab, display=Display(is_ascii=True))
    async with app.run_test(size=(100, 30)) as pilot:
        await wait_for_text(pilot, "Train")
        await pilot.press("ctrl+p")
        await wait_for_text(pilot, "Palette")
        assert app.is_ascii and screen_text(app).isascii()
        await pilot.press("escape")
        await pilot.pause()
        assert screen_text(app).isascii()


async def test_ascii_can_be_turned_on_and_off_while_the_app_is_open(folder: Path) -> None:
    app = PhiApp(folder / "runs", tab="chat")
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "╭")
        for is_ascii in (True, False):
            app.toggle_ascii()
            await wait_until(pilot, lambda is_ascii=is_ascii: screen_text(app).isascii() is is_ascii)


async def test_no_colour_means_none_and_the_focus_is_still_seen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = PhiApp(folder / "runs", tab="chat", display=Display())
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "Say something")
        strips = app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style]
        assert all(style.color is None or style.color.is_default for style in styles)
        assert any(style.reverse for style in styles)


async def test_a_chosen_theme_outlives_the_app_in_every_folder(folder: Path, tmp_path: Path) -> None:
    app = PhiApp(folder / "runs", tab="chat")
    async with app.run_test(size=(80, 24)):
        app.choose_theme("ansi-light")
    other = tmp_path / "other"
    assert UiState(other).theme == "ansi-light"
    older = UiState(folder)
    app.choose_theme("nord")
    older.save()  # another window that chose none
    assert UiState(folder).theme == "nord"


@pytest.mark.parametrize(
    ("width", "wanted"),
    [(60, "-narrow"), (99, "-narrow"), (100, "-wide"), (149, "-wide"), (150, "-very-wide")],
)
async def test_the_screen_knows_how_wide_it_is(folder: Path, width: int, wanted: str) -> None:
    app = PhiApp(folder / "runs", tab="chat")
    async with app.run_test(size=(width, 24)) as pilot:
        await wait_until(pilot, lambda: app.screen.has_class(wanted))
