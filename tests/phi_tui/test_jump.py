"""Jump mode: a label on each tab and on what can take the focus; a key goes there, esc changes nothing."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from tui import app_on, screen_text, wait_for_text, wait_until

from phi_tui.screens.jump import Jump
from phi_tui.widgets.chat_conversation import ChatConversation
from phi_tui.widgets.chat_prompt import ChatPrompt
from phi_tui.widgets.tab_bar import TABS


async def _jumping(pilot: Pilot[None]) -> Jump:
    await pilot.press("ctrl+o")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, Jump) and pilot.app.screen._targets)
    assert isinstance(pilot.app.screen, Jump)
    return pilot.app.screen


async def _back(pilot: Pilot[None]) -> None:
    await wait_until(pilot, lambda: len(pilot.app.screen_stack) == 1)


async def test_labels_lie_over_tabs_and_panes(folder: Path) -> None:
    async with app_on(folder, tab="chat").run_test(size=(80, 24)) as pilot:
        await wait_for_text(pilot, "Say something")
        jump = await _jumping(pilot)
        assert [target.tab for target in jump._targets if target.tab] == list(TABS)
        await pilot.pause()
        lines = [line.ljust(80) for line in screen_text(pilot.app).splitlines()]
        assert lines[0].startswith(" phi  1 Train  2 Runs")
        for target in jump._targets:
            assert lines[target.row][target.column : target.column + 3] == f" {target.label} "


async def test_a_letter_moves_the_focus_and_a_number_opens_a_tab(folder: Path) -> None:
    async with app_on(folder, tab="chat").run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: isinstance(pilot.app.focused, ChatPrompt))
        jump = await _jumping(pilot)
        [label] = [target.label for target in jump._targets if isinstance(target.widget, ChatConversation)]
        await pilot.press(label)
        await wait_until(pilot, lambda: isinstance(pilot.app.focused, ChatConversation))
        await _jumping(pilot)
        await pilot.press("1")
        await wait_until(pilot, lambda: pilot.app._tab == "train")  # type: ignore[attr-defined]


@pytest.mark.parametrize("key", ["escape", "ctrl+o"])
async def test_leaving_restores_the_focus(folder: Path, key: str) -> None:
    async with app_on(folder, tab="chat").run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: isinstance(pilot.app.focused, ChatPrompt))
        await _jumping(pilot)
        await pilot.press("0", key)
        await _back(pilot)
        assert isinstance(pilot.app.focused, ChatPrompt)
        await pilot.press("h", "i")
        assert pilot.app.query_one(ChatPrompt).text == "hi"


async def test_labels_are_made_anew_when_the_size_changes(folder: Path) -> None:
    async with app_on(folder, tab="chat").run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: isinstance(pilot.app.focused, ChatPrompt))
        jump = await _jumping(pilot)
        prompt = next(target for target in jump._targets if isinstance(target.widget, ChatPrompt))
        await pilot.resize_terminal(100, 40)
        await wait_until(
            pilot,
            lambda: any(
                isinstance(target.widget, ChatPrompt) and target.row > prompt.row for target in jump._targets
            ),
        )
        await pilot.press("escape")
        await _back(pilot)
