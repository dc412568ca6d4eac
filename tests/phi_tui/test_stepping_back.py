"""esc steps back and never quits; ctrl+c copies, else stops, else says how to leave; under a dialog no key of the app
acts."""

from pathlib import Path

import pytest
from textual.widgets import Input
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_tui.keymap import TABLES
from phi_tui.widgets.chat_prompt import ChatPrompt

OPENED_BY = {
    "train": ("f1", "ctrl+p", "ctrl+o", "ctrl+n", "ctrl+t"),
    "runs": ("f1", "ctrl+p", "ctrl+o"),
    "chat": ("ctrl+n", "f10"),
    "compare": ("ctrl+n",),
    "data": ("ctrl+n",),
}


@pytest.mark.parametrize("tab", list(OPENED_BY))
async def test_every_dialog_closes_with_esc_and_a_tab_stays(folder: Path, tab: str) -> None:
    async with app_on(folder, tab=tab).run_test(size=(80, 24)) as pilot:
        app = pilot.app
        await wait_until(pilot, lambda: app.focused is not None)
        for key in OPENED_BY[tab]:
            await pilot.press(key)
            await wait_until(pilot, lambda: len(app.screen_stack) == 2, f"{key} opens something")
            await pilot.press("f2", "f3", "ctrl+r", "ctrl+c")
            assert len(app.screen_stack) == 2 and app._tab == tab  # type: ignore[attr-defined]
            await pilot.press("escape")
            await wait_until(pilot, lambda: len(app.screen_stack) == 1, f"esc after {key}")
        await pilot.press("escape", "escape")
        assert app.is_running and app._tab == tab  # type: ignore[attr-defined]


async def test_control_c_copies_what_is_selected_and_else_says_how_to_leave(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    async with app_on(folder, tab="chat").run_test(size=(80, 24), notifications=True) as pilot:
        await wait_until(pilot, lambda: isinstance(pilot.app.focused, ChatPrompt))
        await pilot.press(*"secret", "shift+home", "ctrl+c")
        await wait_for_text(pilot, "Copied to the terminal's clipboard (OSC 52)")
        assert pilot.app.clipboard == "secret"
        await pilot.press("end", "ctrl+c")
        await wait_for_text(pilot, "ctrl+q leaves phi")
        assert pilot.app.is_running


async def test_numbers_are_typed_in_fields_and_f_keys_switch_from_there(folder: Path) -> None:
    async with app_on(folder, tab="chat").run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: isinstance(pilot.app.focused, ChatPrompt))
        await pilot.press("1", "2")
        assert pilot.app.query_one(ChatPrompt).text == "12"
        for key, tab in (("f6", "data"), ("f4", "chat"), ("f2", "train")):
            await pilot.press(key)
            await wait_until(pilot, lambda tab=tab: pilot.app._tab == tab)  # type: ignore[attr-defined]
        await wait_until(pilot, lambda: isinstance(pilot.app.focused, Input))
        await pilot.press("f3")
        await wait_until(pilot, lambda: pilot.app._tab == "runs")  # type: ignore[attr-defined]


async def test_redraw_works_and_shows_the_same(folder: Path) -> None:
    async with app_on(folder, tab="chat").run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: isinstance(pilot.app.focused, ChatPrompt))
        await wait_for_text(pilot, "mem ")
        before = screen_text(pilot.app)
        await pilot.press("ctrl+l")
        await pilot.pause()
        assert screen_text(pilot.app).splitlines()[1:] == before.splitlines()[1:]


def test_no_tab_takes_a_control_key_of_the_whole_app() -> None:
    everywhere = {word for key in TABLES["app"] for word in key.keys.split(",") if word.startswith("ctrl+")}
    assert everywhere == {"ctrl+p", "ctrl+o", "ctrl+l", "ctrl+q"}
    for view in ("train", "runs", "chat", "compare", "data"):
        assert not everywhere & {word for key in TABLES[view] for word in key.keys.split(",")}
